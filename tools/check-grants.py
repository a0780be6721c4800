#!/usr/bin/env python3
"""Holds sql/grants.sql to what the service does: each statement's and rule's writes are granted, and
nothing is granted that no statement and no rule does. Prints TAP.

The statements of the administrator's commands (migrations, demo data) are not the service's.
"""

import os
import re
import sys

SOURCE = os.environ.get("LOCKSTEP_SOURCE", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ADMINISTRATORS = {"migrate", "demo"}
WRITES = [
    (re.compile(r"\bINSERT\s+(?:IGNORE\s+)?INTO\s+`?(\w+)`?", re.I), "INSERT"),
    (re.compile(r"\bREPLACE\s+INTO\s+`?(\w+)`?", re.I), "INSERT"),
    (re.compile(r"\bREPLACE\s+INTO\s+`?(\w+)`?", re.I), "DELETE"),
    (re.compile(r"(?<!KEY )(?<!FOR )\bUPDATE\s+(?:IGNORE\s+)?`?(?!JSON_TABLE\b)(\w+)`?", re.I), "UPDATE"),
    # Over a list: the table is the one that is joined to it.
    (re.compile(r"\bUPDATE\s+JSON_TABLE\b.*?\bJOIN\s+`?(\w+)`?", re.I | re.S), "UPDATE"),
    (re.compile(r"\bDELETE\s+\w+\s+FROM\s+JSON_TABLE\b.*?\bJOIN\s+`?(\w+)`?", re.I | re.S), "DELETE"),
    # One table of several, by its alias.
    (re.compile(r"\bDELETE\s+(?P<alias>\w+)\s+FROM\b.*?\b(?:FROM|JOIN)\s+(?P<table>\w+)\s+AS\s+(?P=alias)\b",
                re.I | re.S), "DELETE"),
    (re.compile(r"\bUPDATE\b(?=.*?\bSET\s+(?P<alias>\w+)\.).*?\b(?P<table>\w+)\s+AS\s+(?P=alias)\b",
                re.I | re.S), "UPDATE"),
    (re.compile(r"\bINTO\s+`?(\w+)`?.*\bON\s+DUPLICATE\s+KEY\s+UPDATE\b", re.I | re.S), "UPDATE"),
    (re.compile(r"\bDELETE\s+FROM\s+`?(\w+)`?", re.I), "DELETE"),
]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def without_semicolons(match):
    """A comment, whose apostrophes begin no text, or a text."""
    return " " if match.group().startswith("--") else match.group().replace(";", " ")


def statements(path):
    text = re.sub(r"--[^\n]*|'(?:[^'\\]|''|\\.)*'", without_semicolons, read(path))
    return [statement for statement in text.split(";") if statement.strip()]


def files(folder):
    directory = os.path.join(SOURCE, "sql", folder)
    return [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if name.endswith(".sql")]


def needed():
    """(privilege, table) and where it is needed."""
    needs = {}
    for path in files("queries"):
        if os.path.basename(path)[:-4] in ADMINISTRATORS:
            continue
        for statement in statements(path):
            for pattern, privilege in WRITES:
                for match in pattern.finditer(statement):
                    table = match.groupdict().get("table") or match.group(1)
                    needs.setdefault((privilege, table.lower()), os.path.basename(path))
    for path in files("rules"):
        changes = re.search(r"^-- changes: (.+)$", read(path), re.M).group(1)
        for target in [] if changes == "nothing" else changes.split(", "):
            for privilege in ["UPDATE"] if "." in target else ["INSERT", "DELETE"]:
                needs.setdefault((privilege, target.split(".")[0]), os.path.basename(path))
            if "." not in target:  # what is deleted, by the repair or its rollback
                needs.setdefault(("INSERT", "quarantine"), os.path.basename(path))
    return needs


def granted():
    grants = set()
    for statement in statements(os.path.join(SOURCE, "sql", "grants.sql")):
        match = re.fullmatch(r"\s*GRANT ([A-Z, ]+) ON (\S+) TO lockstep@localhost\s*", statement)
        if match is None:
            raise SystemExit(f"Bail out! grants.sql: cannot read {statement.strip()}")
        for privilege in match.group(1).split(", "):
            grants.add((privilege, match.group(2)))
    return grants


def main():
    needs, grants = needed(), granted()
    missing = [f"{privilege} on {table} ({where})" for (privilege, table), where in sorted(needs.items())
               if (privilege, table) not in grants]
    surplus = [f"{privilege} on {table}" for privilege, table in sorted(grants - set(needs))
               if (privilege, table) != ("SELECT", "*")]
    print("1..2")
    for number, (name, complaints) in enumerate(
            {"what the service does is granted": missing, "no more is granted": surplus}.items(), 1):
        print(f"{'not ok' if complaints else 'ok'} {number} - {name}")
        for complaint in complaints:
            print(f"# {complaint}")
    return 1 if missing or surplus else 0


if __name__ == "__main__":
    sys.exit(main())
