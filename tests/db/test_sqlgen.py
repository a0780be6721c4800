#!/usr/bin/env python3
"""What tools/sqlgen.py makes of statements, and what it refuses. Prints TAP."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("LOCKSTEP_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
GENERATOR = SOURCE / "tools" / "sqlgen.py"


def flat(text):
    """White space is layout."""
    return re.sub(r"\s+", " ", text)


class Generated:
    """Runs the generator on files given as text."""

    def __init__(self, **files):
        self.directory = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.directory.name)
        self.paths = []
        for name, text in files.items():
            path = root / f"{name}.sql"
            path.write_text(text, encoding="utf-8")
            self.paths.append(str(path))
        self.out = root / "out"
        self.run()

    def run(self):
        command = [sys.executable, str(GENERATOR), "--out", str(self.out), *self.paths]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.status, self.complaint = done.returncode, done.stderr.strip()

    def read(self, name):
        return (self.out / "queries" / name).read_text(encoding="utf-8")

    def flat(self, name):
        return flat(self.read(name))


GOOD = """-- Learners.
-- Two lines.

-- name: users_get :one
-- param user_id u64 -- after merged_into was followed
-- param at time
-- column tokens i64
-- column name text null
-- column left_at time null
-- column digest hash
-- Reads a learner, twice :not_a_parameter.
SELECT tokens, name, left_at, digest -- the four; of them
  FROM users WHERE id = :user_id AND created_at < :at AND x <> ':user_id; -- "' AND id <> :user_id;

-- name: users_touch :exec
UPDATE users SET seen = 1;

-- name: users_list :many
-- column id u64
-- scan: an export reads all
SELECT id FROM users;

-- name: users_walk :each
-- param after day null
-- column id u64
SELECT id FROM users WHERE day > :after;
"""


class Output(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.generated = Generated(users=GOOD, a_first="-- name: first_ping :one\n-- column one i64\nSELECT 1;\n")
        assert cls.generated.status == 0, cls.generated.complaint

    def test_structs(self):
        header = self.generated.flat("users.h")
        self.assertIn(
            "struct users_get_params { uint64_t user_id; /* after merged_into was followed */"
            " int64_t at; /* milliseconds UTC */ };",
            header,
        )
        self.assertIn(
            "struct users_get_row { int64_t tokens; const char *name; /* may be NULL */"
            " int64_t left_at; /* milliseconds UTC */ bool left_at_is_null; struct db_hash digest; };",
            header,
        )
        self.assertIn("int32_t after; /* days since 1970-01-01 */ bool after_is_null;", header)

    def test_prototypes(self):
        header = self.generated.flat("users.h")
        for prototype in (
            "bool users_get(struct db *db, const struct users_get_params *params, struct arena *arena,"
            " struct error *error, struct users_get_row *ret_row, bool *ret_found) WARN_UNUSED;",
            "bool users_touch(struct db *db, struct error *error, struct db_outcome *ret_outcome) WARN_UNUSED;",
            "bool users_list(struct db *db, struct arena *arena, size_t limit, struct error *error,"
            " struct users_list_row **ret_rows, size_t *ret_count) WARN_UNUSED;",
            "bool users_walk(struct db *db, const struct users_walk_params *params, struct arena *arena,"
            " users_walk_callback each, void *context, struct error *error) WARN_UNUSED;",
        ):
            self.assertIn(prototype, header)

    def test_comments(self):
        header = self.generated.read("users.h")
        self.assertTrue(header.startswith("/* Learners. Two lines. */\n"), header[:60])
        self.assertIn("/* Reads a learner, twice :not_a_parameter. */\nbool users_get(", header)

    def test_sql(self):
        body = self.generated.flat("users.c")
        self.assertIn(
            '"SELECT tokens, name, left_at, digest " "FROM users WHERE id = ? AND created_at < ?'
            " AND x <> ':user_id; -- \\\"' AND id <> ?\"",
            body,
        )
        self.assertNotIn("the four", body)

    def test_parameters_stand_in_the_order_of_their_marks(self):
        body = self.generated.flat("users.c")
        table = body[body.index("users_get_parameters[] = {") :].split("};")[0]
        self.assertEqual(re.findall(r'\{"(\w+)", (\w+)', table), [("user_id", "DB_U64"), ("at", "DB_TIME")] + [("user_id", "DB_U64")])

    def test_nullability(self):
        body = self.generated.flat("users.c")
        self.assertIn('{"name", DB_TEXT, offsetof(struct users_get_row, name), 0, true},', body)
        self.assertIn('{"tokens", DB_I64, offsetof(struct users_get_row, tokens), 0, false},', body)
        self.assertIn(
            '{"left_at", DB_TIME, offsetof(struct users_get_row, left_at),'
            " offsetof(struct users_get_row, left_at_is_null) + 1, true},",
            body,
        )

    def test_indexes_are_counted_over_all_files(self):
        indexes = re.findall(r"\.index = (\d+)", self.generated.read("a_first.c") + self.generated.read("users.c"))
        self.assertEqual(indexes, ["0", "1", "2", "3", "4"])
        table = self.generated.flat("all.c")
        self.assertIn("&first_ping_statement, &users_get_statement, &users_touch_statement,", table)
        self.assertIn("db_statement_count = 5;", table)
        self.assertIn("db_statement_places = 5;", table)

    def test_scan(self):
        body = self.generated.read("users.c")
        self.assertEqual(re.findall(r"\.may_scan = (\w+)", body), ["false", "false", "true", "false"])

    def test_it_compiles(self):
        compiler = os.environ.get("CC", "cc").split()
        flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wmissing-prototypes", "-Werror", "-fsyntax-only"]
        for name in ("users.c", "a_first.c", "all.c"):
            path = str(self.generated.out / "queries" / name)
            command = [*compiler, *flags, f"-I{SOURCE}/src", f"-I{self.generated.out}", path]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_nothing_is_written_twice(self):
        path = self.generated.out / "queries" / "users.c"
        os.utime(path, (1, 1))
        self.generated.run()
        self.assertEqual(path.stat().st_mtime, 1)


class Repeated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.generated = Generated(
            days="-- name: days_add :exec\n-- param user_id u64\n-- param note text null\n"
            "INSERT INTO days (user_id, note, kind)\nVALUES [[(:user_id, :note, 'a')]];\n"
            "-- name: days_find :many\n-- variant days_find_free FOR UPDATE SKIP LOCKED\n-- param kind text\n-- param day day\n-- column id u64\n"
            "SELECT id FROM days WHERE kind = :kind AND CASE day [[WHEN :day THEN 1]] END AND day IN ([[:day]])"
            " UNION [[SELECT :day]];\n"
            "-- name: days_last :one\n-- column id u64\nSELECT 1;\n"
        )
        assert cls.generated.status == 0, cls.generated.complaint

    def test_signature(self):
        self.assertIn(
            "bool days_add(struct db *db, const struct days_add_params *rows, size_t row_count,"
            " struct error *error, struct db_outcome *ret_outcome) WARN_UNUSED;",
            self.generated.flat("days.h"),
        )

    def test_pieces(self):
        body = self.generated.flat("days.c")
        self.assertIn("{\"(?, ?, 'a')\", \", \", 2},", body)
        self.assertIn('{"WHEN ? THEN 1", " ", 2}'.replace("2", "1"), body)
        self.assertIn('{"SELECT ?", " UNION ALL ", 1},', body)
        self.assertIn('{"SELECT id FROM days WHERE kind = ? AND CASE day", NULL, 1},', body)

    def test_a_variant_shares_the_structs(self):
        head, text = self.generated.flat("days.h"), self.generated.flat("days.c")
        self.assertNotIn("struct days_find_free_", head + text)
        self.assertIn("/* days_find, with FOR UPDATE SKIP LOCKED. */ bool days_find_free(struct db *db, const struct days_find_params", head)
        self.assertIn("struct days_find_row **ret_rows, size_t *ret_count)", head[head.index("bool days_find_free("):])
        of_variant = text[text.index("days_find_free_parameters[]"):]
        self.assertIn("offsetof(struct days_find_params, kind)", of_variant)
        self.assertIn('{"FOR UPDATE SKIP LOCKED", NULL, 0},', of_variant)
        self.assertIn('"FOR UPDATE SKIP LOCKED", .pieces = days_find_free_pieces', of_variant)

    def test_every_number_of_rows_has_a_place(self):
        rows_max = int(re.search(r"#define DB_ROWS_MAX (\d+)", (SOURCE / "src/db/db.h").read_text()).group(1))
        indexes = re.findall(r"\.index = (\d+)", self.generated.read("days.c"))
        self.assertEqual([int(index) for index in indexes], [0, rows_max, 2 * rows_max, 3 * rows_max])
        self.assertIn(f"db_statement_places = {3 * rows_max + 1};", self.generated.read("all.c"))


class Refusals(unittest.TestCase):
    def refuse(self, text, line, part, **more):
        generated = Generated(bad=text, **more)
        self.assertEqual(generated.status, 1, text)
        self.assertRegex(generated.complaint, r"\.sql:%d: .*%s" % (line, re.escape(part)))
        self.assertFalse((generated.out / "queries" / "bad.c").exists())

    def test_annotations(self):
        self.refuse("SELECT 1;", 1, "before the first")
        self.refuse("-- name: x\nSELECT 1;", 1, "expected `-- name: NAME")
        self.refuse("-- name: x :two\nSELECT 1;", 1, "':two' is none of")
        self.refuse("-- name: X :exec\nSELECT 1;", 1, "'X' is no name")
        self.refuse("-- name: while :exec\nSELECT 1;", 1, "'while' is no name")
        self.refuse("-- name: x :exec\n-- param a\nSELECT :a;", 2, "expected `NAME TYPE`")
        self.refuse("-- name: x :exec\n-- param a int\nSELECT :a;", 2, "'int' is no type")
        self.refuse("-- name: x :exec\n-- param a i64 nul\nSELECT :a;", 2, "expected `NAME TYPE`")
        self.refuse("-- name: x :exec\n-- param a i64\n-- param a i64\nSELECT :a;", 3, "'a' is there twice")
        self.refuse("-- name: x :exec\n-- params a i64\nSELECT 1;", 2, "looks like an annotation")
        self.refuse("-- name: x :exec\n-- scan:\nSELECT 1;", 2, "needs a reason")
        self.refuse("-- name: x :one\n-- column a i64 null\n-- column a_is_null bool\nSELECT 1;", 3, "there twice")

    def test_variants(self):
        self.refuse("-- name: x :exec\n-- variant y\nUPDATE t SET a = 1;", 2, "expected `variant NAME SQL`")
        self.refuse("-- name: x :exec\n-- variant x LIMIT 1\nUPDATE t SET a = 1;", 2, "the name is taken by")

    def test_parameters(self):
        self.refuse("-- name: x :exec\nUPDATE t\nSET a = :b;", 3, ":b is not declared")
        self.refuse("-- name: x :exec\n-- param a i64\nUPDATE t SET a = 1;", 2, "'a' is declared but never used")
        self.refuse("-- name: x :exec\nUPDATE t SET a = ?;", 2, "? stands for nothing")

    def test_columns(self):
        self.refuse("-- name: x :one\nSELECT 1;", 1, "needs its columns")
        self.refuse("-- name: x :exec\n-- column a i64\nUPDATE t SET a = 1;", 2, ":exec has no columns")

    def test_sql(self):
        self.refuse("-- name: x :exec\nUPDATE t SET a = 1", 2, "does not end in ;")
        self.refuse("-- name: x :exec\n", 1, "does not end in ;")
        self.refuse("-- name: x :exec\n;", 1, "has no SQL")
        self.refuse("-- name: x :exec\nUPDATE t SET a = 'b;", 2, "' is never closed")
        self.refuse("-- name: x :exec\nUPDATE t\n/* SET a = 1;", 3, "/* is never closed")
        self.refuse("-- name: x :exec\nUPDATE t SET a = 1;\nUPDATE t SET a = 2;", 3, "one statement only")
        self.refuse("-- name: x :exec\nUPDATE t SET a = '" + "b" * 4095 + "';", 1, "longer than 4095 bytes")

    def test_names_are_unique(self):
        once = "-- name: x :exec\nUPDATE t SET a = 1;\n"
        self.refuse(once + once, 3, "the name is taken by")
        self.refuse(once, 1, "the name is taken by", aaa=once)

    def test_repetition(self):
        head = "-- name: x :exec\n-- param a i64\n"
        self.refuse(head + "INSERT INTO t VALUES [[(:a);", 1, "[[ is never closed")
        self.refuse(head + "INSERT INTO t VALUES (:a)]];", 3, "]] stands where it cannot")
        self.refuse(head + "INSERT INTO t VALUES [[(:a), [[(:a)]]]];", 3, "[[ stands where it cannot")
        self.refuse("-- name: x :one\n-- param a i64\n-- column b i64\nSELECT b FROM t WHERE b IN ([[:a]]);", 1, "cannot repeat")

    def test_domain(self):
        generated = Generated(all="-- name: x :exec\nUPDATE t SET a = 1;")
        self.assertEqual(generated.status, 1)
        self.assertIn("'all' is no name for a domain", generated.complaint)


class Tap(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.lines = []

    def line(self, word, test, why=""):
        self.lines.append(f"{word} {len(self.lines) + 1} - {test.id()}")
        for row in why.splitlines():
            self.lines[-1] += f"\n# {row}"

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("not ok", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line("not ok", test, self.errors[-1][1])


def main():
    result = Tap()
    unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]).run(result)
    print("\n".join(result.lines + [f"1..{len(result.lines)}"]))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
