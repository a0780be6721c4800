#!/usr/bin/env python3
"""Turns named SQL statements into typed C functions.

    sqlgen.py --out DIR FILE.sql...

writes DIR/queries/<domain>.h and .c for every <domain>.sql, and DIR/queries/all.c with
db_statements[], the table of every statement. All files go into one call, because a statement's
index (its place in a connection's cache of prepared statements) is counted over all of them.
A file is only written when its content changes, so that make rebuilds what it must.

A file begins with comment lines that say what it is about; they become the header's first comment.
Then come statements:

    -- name: users_lock :one
    -- param user_id u64
    -- param display_name text null -- NULL leaves it as it is
    -- column tokens i64
    -- column time_zone text
    -- scan: one row, no index needed
    -- Whatever other comment lines there are become the comment above the prototype.
    SELECT tokens, time_zone FROM users WHERE id = :user_id;

name    of the C function, and how it is called:
          :one   at most one row         :many  all rows, up to a limit that the caller gives
          :exec  no rows                 :each  row by row into a callback, for exports
param   name, type, `null` where NULL may be given, then ` -- ` and a meaning if there is one.
        :name in the SQL refers to it, as often as is needed.
column  the same for each column of the result, in its order. `null` where the column may be NULL.
[[ ]]   a piece of the SQL that is repeated, once for each row of parameters: the function then takes
        `const struct NAME_params *rows, size_t row_count`. Pieces are parted by a comma, those that
        begin with SELECT by UNION ALL, those that begin with WHEN by a space. Parameters outside
        of such pieces come from the first row. For :exec and :many.
            INSERT INTO days (user_id, day) VALUES [[(:user_id, :day)]];
            SELECT id FROM users WHERE id IN ([[:user_id]]);
variant name, and SQL that follows that of the statement: one more function with the same parameters and
        the same rows, in the structs of the first. `-- variant users_lock_free SKIP LOCKED`
scan    allows the plan test to see a table scan, and says why it does no harm.

Types: bool i64 u64 f64 text time day hash (src/db/db.h says what they are in C and in SQL). A NULL
text is a NULL pointer; every other nullable NAME has a `bool NAME_is_null` beside it.
"""

import argparse
import copy
import pathlib
import re
import sys

TYPES = {
    "bool": ("DB_BOOL", "bool "),
    "i64": ("DB_I64", "int64_t "),
    "u64": ("DB_U64", "uint64_t "),
    "f64": ("DB_F64", "double "),
    "text": ("DB_TEXT", "const char *"),
    "time": ("DB_TIME", "int64_t "),
    "day": ("DB_DAY", "int32_t "),
    "hash": ("DB_HASH", "struct db_hash "),
}
UNITS = {"time": "milliseconds UTC", "day": "days since 1970-01-01"}
KINDS = ("one", "many", "exec", "each")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")
C_KEYWORDS = set(
    "auto break case char const continue default do double else enum extern float for goto if inline"
    " int long register restrict return short signed sizeof static struct switch typedef union unsigned"
    " void volatile while bool true false".split()
)
# C11 promises no longer string literal than this, and -Wpedantic holds us to it.
LITERAL_BYTES_MAX = 4095
COMMENT_WIDTH = 100
# DB_ROWS_MAX of src/db/db.h: a statement that repeats takes a place in the cache for each number of rows.
ROWS_MAX = 16


class SqlError(Exception):
    """A complaint about an input file, worded for the one who wrote it."""

    def __init__(self, path, line, what):
        super().__init__(f"{path}:{line}: {what}")


def is_name(text):
    return bool(IDENTIFIER.match(text)) and text not in C_KEYWORDS


class Field:
    """A parameter or a column."""

    def __init__(self, name, kind, nullable, meaning, line):
        self.name, self.kind, self.nullable, self.meaning, self.line = name, kind, nullable, meaning, line

    @property
    def has_flag(self):
        return self.nullable and self.kind != "text"

    def members(self):
        notes = [note for note in (self.meaning, UNITS.get(self.kind)) if note]
        if self.kind == "text" and self.nullable:
            notes.append("may be NULL")
        comment = f" /* {'; '.join(notes)} */" if notes else ""
        lines = [f"  {TYPES[self.kind][1]}{self.name};{comment}"]
        if self.has_flag:
            lines.append(f"  bool {self.name}_is_null;")
        return lines

    def descriptor(self, struct):
        parts = [f'"{self.name}"', TYPES[self.kind][0], f"offsetof({struct}, {self.name})"]
        parts.append(f"offsetof({struct}, {self.name}_is_null) + 1" if self.has_flag else "0")
        parts.append("true" if self.nullable else "false")
        return "  {" + ", ".join(parts) + "},"


class Statement:
    def __init__(self, name, kind, path, line):
        self.name, self.kind, self.path, self.line = name, kind, path, line
        self.params, self.columns, self.comment = [], [], []
        self.structs = name  # what its structs are named after: a variant has those of its statement
        self.variants = []  # (name, SQL, line)
        self.scan = None
        self.sql_lines = []  # (line number, text)
        self.sql, self.order = None, []  # with ?, and the parameters in the order of the ?
        self.pieces = []  # (lines, separator or None, number of ?) where something repeats

    @property
    def repeats(self):
        return any(separator for _, separator, _ in self.pieces)

    def fail(self, what, line=None):
        raise SqlError(self.path, line or self.line, f"{self.name}: {what}")


def parse_field(statement, rest, line):
    rest, _, meaning = rest.partition(" -- ")
    words = rest.split()
    if len(words) not in (2, 3) or (len(words) == 3 and words[2] != "null"):
        statement.fail("expected `NAME TYPE` or `NAME TYPE null`", line)
    name, kind = words[0], words[1]
    if not is_name(name):
        statement.fail(f"'{name}' is no name: lower case, digits and _ only, and no word of C", line)
    if kind not in TYPES:
        statement.fail(f"'{kind}' is no type; there are {' '.join(TYPES)}", line)
    return Field(name, kind, len(words) == 3, meaning.strip(), line)


def add_field(statement, fields, field):
    taken = {name for other in fields for name in (other.name, other.name + "_is_null")}
    if field.name in taken or field.name + "_is_null" in taken:
        statement.fail(f"'{field.name}' is there twice", field.line)
    fields.append(field)


def parse_annotation(statement, text, line):
    word, _, rest = text.partition(" ")
    if word == "param":
        add_field(statement, statement.params, parse_field(statement, rest, line))
    elif word == "column":
        add_field(statement, statement.columns, parse_field(statement, rest, line))
    elif word == "scan:":
        if not rest.strip():
            statement.fail("scan: needs a reason", line)
        statement.scan = rest.strip()
    elif word == "variant":
        name, _, sql = rest.partition(" ")
        if not is_name(name) or not sql.strip():
            statement.fail("expected `variant NAME SQL`", line)
        statement.variants.append((name, sql.strip(), line))
    elif re.match(r"(params?|columns?|scan|variants?):?\Z", word):
        statement.fail(f"'{word}' looks like an annotation but is none; see tools/sqlgen.py", line)
    else:
        statement.comment.append(text)


def tokens(statement):
    """Yields (line, kind, text) of the SQL; kinds: space, comment, string, param, begin, close, end, other."""
    text = "\n".join(line for _, line in statement.sql_lines)
    first = statement.sql_lines[0][0] if statement.sql_lines else statement.line
    pattern = re.compile(
        r"(?P<space>\s+)|(?P<comment>--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*.*?\*/)"
        r"|(?P<string>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`[^`]*`)"
        r"|:(?P<param>[a-zA-Z_][a-zA-Z0-9_]*)|(?P<begin>\[\[)|(?P<close>\]\])|(?P<end>;)|(?P<mark>\?)|(?P<open>['\"`]|/\*)|(?P<other>[\w$@.]+|.)",
        re.DOTALL,
    )
    at = 0
    while at < len(text):
        match = pattern.match(text, at)
        line = first + text.count("\n", 0, at)
        if match.lastgroup == "open":
            statement.fail(f"{match.group()} is never closed", line)
        if match.lastgroup == "mark":
            statement.fail("? stands for nothing; name the parameter, as in :user_id", line)
        yield line, match.lastgroup, match.group(match.lastgroup)
        at = match.end()


def separator_of(words):
    first = "".join(words).split(None, 1)[0].upper() if "".join(words).strip() else ""
    return {"WHEN": " ", "SELECT": " UNION ALL "}.get(first, ", ")


def parse_sql(statement):
    by_name = {param.name: param for param in statement.params}
    pieces, parts, ended = [], [], False  # parts: (words, repeats, number of ?)
    marks, repeating = 0, False
    for line, kind, text in tokens(statement):
        if kind == "end":
            ended = True
        elif kind in ("space", "comment"):
            pieces.append("\n" if "\n" in text else " ")
        elif ended:
            statement.fail("one statement only; begin the next with `-- name:`", line)
        elif kind in ("begin", "close"):
            if (kind == "begin") == repeating:
                statement.fail(f"{text} stands where it cannot", line)
            parts.append((pieces, repeating, marks))
            pieces, marks, repeating = [], 0, not repeating
        elif kind == "param":
            if text not in by_name:
                statement.fail(f":{text} is not declared; add `-- param {text} TYPE`", line)
            statement.order.append(by_name[text])
            pieces.append("?")
            marks += 1
        else:
            pieces.append(text)
    if not ended:
        statement.fail("does not end in ;", statement.sql_lines[-1][0] if statement.sql_lines else None)
    if repeating:
        statement.fail("[[ is never closed")
    parts.append((pieces, False, marks))
    statement.sql = sql_lines([word for words, _, _ in parts for word in words])
    if len(parts) > 1:
        statement.pieces = [
            (sql_lines(words), separator_of(words) if repeats else None, count) for words, repeats, count in parts
        ]
    if not statement.sql:
        statement.fail("has no SQL")
    if len(" ".join(statement.sql).encode()) > LITERAL_BYTES_MAX:
        statement.fail(f"is longer than {LITERAL_BYTES_MAX} bytes")
    for param in statement.params:
        if param not in statement.order:
            statement.fail(f"'{param.name}' is declared but never used", param.line)
    if statement.repeats and statement.kind not in ("exec", "many"):
        statement.fail(f":{statement.kind} cannot repeat pieces; :exec and :many can")


def sql_lines(pieces):
    """Outside of strings white space means nothing; a line stays a line, so that the C reads well."""
    return [line for line in (piece.strip() for piece in join_lines(pieces)) if line]


def join_lines(pieces):
    """Folds white space into single spaces; a piece that is a line break starts a new line."""
    line = []
    for piece in pieces:
        if piece == "\n":
            yield "".join(line)
            line = []
        elif piece != " " or (line and line[-1] != " "):
            line.append(piece)
    yield "".join(line)


def finish(statement):
    parse_sql(statement)
    if statement.kind == "exec" and statement.columns:
        statement.fail(":exec has no columns", statement.columns[0].line)
    if statement.kind != "exec" and not statement.columns:
        statement.fail(f":{statement.kind} needs its columns, one `-- column NAME TYPE` each")


def variant_of(statement, name, sql, line):
    """Of a finished statement."""
    variant = copy.copy(statement)
    variant.name, variant.line, variant.variants = name, line, []
    variant.comment = [f"{statement.name}, with {sql}."]
    variant.sql = statement.sql + [sql]
    if statement.pieces:
        last, separator, count = statement.pieces[-1]
        variant.pieces = statement.pieces[:-1] + [(last + [sql], separator, count)]
    return variant


def parse_name(path, rest, number):
    words = rest.split()
    if len(words) != 2 or not words[1].startswith(":"):
        raise SqlError(path, number, "expected `-- name: NAME :one|:many|:exec|:each`")
    name, kind = words[0], words[1][1:]
    if not is_name(name):
        raise SqlError(path, number, f"'{name}' is no name: lower case, digits and _ only, and no word of C")
    if kind not in KINDS:
        raise SqlError(path, number, f"':{kind}' is none of :one :many :exec :each")
    return Statement(name, kind, path, number)


def parse_file(path, text):
    """Returns the file's own comment and its statements."""
    comment, statements = [], []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        statement = statements[-1] if statements else None
        if stripped.startswith("-- name:"):
            statements.append(parse_name(path, stripped[len("-- name:") :], number))
        elif statement is None:
            if stripped.startswith("--"):
                comment.append(stripped[2:].strip())
            elif stripped:
                raise SqlError(path, number, "SQL before the first `-- name:`")
        elif statement.sql_lines:
            statement.sql_lines.append((number, line))
        elif stripped.startswith("--"):
            parse_annotation(statement, stripped[2:].strip(), number)
        elif stripped:
            statement.sql_lines.append((number, line))
    for statement in statements:
        finish(statement)
    return comment, [
        each for statement in statements for each in [statement, *(variant_of(statement, *it) for it in statement.variants)]
    ]


def c_comment(lines):
    """A block comment, wrapped; empty lines part paragraphs."""
    text = "\n".join(lines).replace("*/", "* /").strip()
    if not text:
        return []
    wrapped = []
    for paragraph in re.split(r"\n\s*\n", text):
        if wrapped:
            wrapped.append("")
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) > COMMENT_WIDTH:
                wrapped.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        wrapped.append(line)
    head, *rest = wrapped
    out = ["/* " + head] + [(" * " + line).rstrip() for line in rest]
    out[-1] += " */"
    return out


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("??", "?\\?").replace("\n", "\\n") + '"'


def c_lines(lines, indent):
    """Lines of SQL as one literal, a line each."""
    text = [c_string(line + (" " if at + 1 < len(lines) else "")) for at, line in enumerate(lines)]
    return f"\n{indent}".join(text)


def signature(statement, prefix=""):
    name, structs = statement.name, statement.structs
    parts = ["struct db *db"]
    if statement.repeats:
        parts += [f"const struct {structs}_params *rows", "size_t row_count"]
    elif statement.params:
        parts.append(f"const struct {structs}_params *params")
    if statement.kind == "exec":
        parts += ["struct error *error", "struct db_outcome *ret_outcome"]
    elif statement.kind == "one":
        parts += ["struct arena *arena", "struct error *error", f"struct {structs}_row *ret_row", "bool *ret_found"]
    elif statement.kind == "many":
        parts += ["struct arena *arena", "size_t limit", "struct error *error"]
        parts += [f"struct {structs}_row **ret_rows", "size_t *ret_count"]
    else:
        parts += ["struct arena *arena", f"{name}_callback each", "void *context", "struct error *error"]
    lines, line = [], f"{prefix}bool {name}("
    indent = " " * len(line)
    for at, part in enumerate(parts):
        part += "," if at + 1 < len(parts) else ")"
        if line.strip() and not line.endswith("(") and len(line) + 1 + len(part) > 100:
            lines.append(line)
            line = indent + part
        else:
            line += part if line.endswith("(") else " " + part
    return "\n".join(lines + [line])


def header(domain, source, comment, statements):
    guard = f"LOCKSTEP_QUERIES_{domain.upper()}_H"
    out = c_comment(comment)
    out += [f"/* Generated from {source} by tools/sqlgen.py. */", f"#ifndef {guard}", f"#define {guard}", ""]
    out += ['#include "db/db.h"', ""]
    for statement in statements:
        name = statement.name
        for suffix, fields in (("params", statement.params), ("row", statement.columns)):
            if fields and statement.structs == name:
                out.append(f"struct {name}_{suffix} {{")
                for field in fields:
                    out += field.members()
                out += ["};", ""]
        if statement.kind == "each":
            out += [f"typedef bool (*{name}_callback)(const struct {statement.structs}_row *row, void *context,"]
            out += [" " * len(f"typedef bool (*{name}_callback)(") + "struct error *error);", ""]
        out.append(f"extern const struct db_statement {name}_statement;")
        out += c_comment(statement.comment)
        out += [signature(statement) + " WARN_UNUSED;", ""]
    return "\n".join(out + ["#endif", ""])


def body(statement, index):
    name, structs, params, columns = statement.name, statement.structs, statement.order, statement.columns
    out = []
    for suffix, struct, fields in (("parameters", "params", params), ("columns", "row", columns)):
        if fields:
            out.append(f"static const struct db_column {name}_{suffix}[] = {{")
            out += [field.descriptor(f"struct {structs}_{struct}") for field in fields]
            out += ["};", ""]
    if statement.repeats:
        out.append(f"static const struct db_piece {name}_pieces[] = {{")
        for lines, separator, count in statement.pieces:
            text = c_lines(lines, "   ") or '""'
            out.append(f"  {{{text}, {c_string(separator) if separator else 'NULL'}, {count}}},")
        out += ["};", ""]
    out.append(f"const struct db_statement {name}_statement = {{")
    out.append(f'  .name = "{name}",')
    out += ["  .sql = " + c_lines(statement.sql, "         ") + ","]
    if statement.repeats:
        out += [f"  .pieces = {name}_pieces,", f"  .piece_count = {len(statement.pieces)},"]
    if params:
        out += [f"  .parameters = {name}_parameters,", f"  .parameter_count = {len(params)},"]
        out += [f"  .parameter_size = sizeof(struct {structs}_params),"]
    if columns:
        out += [f"  .columns = {name}_columns,", f"  .column_count = {len(columns)},"]
        out += [f"  .row_size = sizeof(struct {structs}_row),"]
    out += [f"  .index = {index},", f"  .may_scan = {'true' if statement.scan else 'false'},", "};", ""]
    given = "rows, row_count" if statement.repeats else "params" if params else "NULL"
    rows = "_rows" if statement.repeats else ""
    start = f"(db, &{name}_statement, {given}, "
    if statement.kind == "exec":
        call = f"db_run_exec{rows}{start}error, ret_outcome)"
    elif statement.kind == "one":
        call = f"db_run_one{start}arena, error, ret_row, ret_found)"
    elif statement.kind == "many":
        # A cast of `ret_rows` would alias a pointer of another type.
        out += [signature(statement) + " {", "  void *found;"]
        out += [f"  if (!db_run_all{rows}{start}arena, limit, error, &found, ret_count)) return false;"]
        return out + ["  *ret_rows = found;", "  return true;", "}", ""]
    else:
        # A function is only called through a pointer of its own type.
        out += [f"struct {name}_caller {{", f"  {name}_callback each;", "  void *context;", "};", ""]
        out += [f"static bool {name}_call(const void *row, void *context, struct error *error) {{"]
        out += [f"  const struct {name}_caller *caller = context;"]
        out += ["  return caller->each(row, caller->context, error);", "}", ""]
        out += [signature(statement) + " {", f"  struct {name}_caller caller = {{each, context}};"]
        return out + [f"  return db_run_each{start}arena, {name}_call, &caller, error);", "}", ""]
    return out + [signature(statement) + " {", f"  return {call};", "}", ""]


def source_file(domain, source, statements, index_of):
    out = [f"/* Generated from {source} by tools/sqlgen.py. */", f'#include "queries/{domain}.h"', ""]
    out += ["#include <stddef.h>", "", '#include "base/banned.h"', ""]
    for statement in statements:
        out += body(statement, index_of[statement.name])
    return "\n".join(out)


def table_file(domains, names, places):
    out = ["/* Generated by tools/sqlgen.py: every statement there is. */", "#include <stddef.h>", ""]
    out += ['#include "db/db.h"'] + [f'#include "queries/{domain}.h"' for domain in domains]
    out += ["", '#include "base/banned.h"', "", "const struct db_statement *const db_statements[] = {"]
    out += [f"  &{name}_statement," for name in names] + ["  NULL,", "};"]
    out.append(f"const size_t db_statement_count = {len(names)};")
    return "\n".join(out + [f"const size_t db_statement_places = {places};", ""])


def write_if_changed(path, text):
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.write_text(text, encoding="utf-8")


def generate(out, paths):
    parsed, seen, index_of, domains, places = [], {}, {}, {}, 0
    for path in sorted(map(pathlib.Path, paths), key=lambda path: path.name):
        domain = path.stem
        if not IDENTIFIER.match(domain) or domain == "all":
            raise SqlError(path, 1, f"'{domain}' is no name for a domain")
        if domain in domains:
            raise SqlError(path, 1, f"the domain is also that of {domains[domain]}")
        domains[domain] = path
        comment, statements = parse_file(path, path.read_text(encoding="utf-8"))
        for statement in statements:
            if statement.name in seen:
                other = seen[statement.name]
                statement.fail(f"the name is taken by {other.path}:{other.line}")
            seen[statement.name] = statement
            index_of[statement.name] = places
            places += ROWS_MAX if statement.repeats else 1
        parsed.append((domain, path, comment, statements))
    directory = pathlib.Path(out) / "queries"
    directory.mkdir(parents=True, exist_ok=True)
    for domain, path, comment, statements in parsed:
        source = f"sql/queries/{path.name}"
        write_if_changed(directory / f"{domain}.h", header(domain, source, comment, statements))
        write_if_changed(directory / f"{domain}.c", source_file(domain, source, statements, index_of))
    write_if_changed(directory / "all.c", table_file(list(domains), list(index_of), places))


def main():
    parser = argparse.ArgumentParser(description="Turns named SQL statements into typed C functions.")
    parser.add_argument("--out", required=True, metavar="DIR", help="writes DIR/queries/<domain>.h, .c and all.c")
    parser.add_argument("files", nargs="+", metavar="FILE.sql")
    arguments = parser.parse_args()
    try:
        generate(arguments.out, arguments.files)
    except (SqlError, OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
