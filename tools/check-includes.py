#!/usr/bin/env python3
"""Holds the order of the rooms: a room includes only rooms that stand before it.

Also: every .c file of src/ includes base/banned.h and includes it last, so that no banned function
compiles; a header's guard carries its path; a room's private header (*_private.h) stays inside; and
every file stands in Makefile.am, without which the tarball would miss it.

Usage: check-includes.py [DIRECTORY]      prints TAP, one test for each kind of promise
"""

import os
import re
import sys

ROOMS = ["base", "schema", "config", "db", "ledger", "rule", "http", "job", "sync", "learner", "enroll",
         "session", "event", "account", "live", "process", "programs"]
# The generated statements belong to room db.
GENERATED = {"queries": "db"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def sources(top):
    for directory, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                path = os.path.join(directory, name)
                yield path, os.path.relpath(path, top)


def check_order(name, included, complaints):
    room = name.split(os.sep)[0]
    if room not in ROOMS:
        complaints.append(f"{name}: no such room in the order: {room}")
        return
    for line, target in included:
        head, _, rest = target.partition("/")
        target_room = GENERATED.get(head, head)
        if not rest:
            complaints.append(f"{name}:{line}: \"{target}\" names no room")
        elif target_room not in ROOMS:
            complaints.append(f"{name}:{line}: \"{target}\" is in no room")
        elif ROOMS.index(target_room) > ROOMS.index(room):
            complaints.append(f"{name}:{line}: {room} may not include \"{target}\"")


def check_private(name, included, complaints):
    room = name.split(os.sep)[0]
    for line, target in included:
        if target.endswith("_private.h") and target.split("/")[0] != room:
            complaints.append(f"{name}:{line}: \"{target}\" is private to its room")


def check_banned(name, included, complaints):
    if not name.endswith(".c"):
        return
    if not included or included[-1][1] != "base/banned.h":
        complaints.append(f"{name}: the last include is not \"base/banned.h\"")


def check_guard(name, text, complaints):
    if not name.endswith(".h"):
        return
    guard = "LOCKSTEP_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    if f"#ifndef {guard}\n#define {guard}\n" not in text:
        complaints.append(f"{name}: the include guard is not {guard}")


def main():
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.environ.get("LOCKSTEP_SOURCE", os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "src")
    makefile = os.path.join(os.path.dirname(os.path.abspath(top)), "Makefile.am")
    listed = ""
    if os.path.exists(makefile):
        with open(makefile, encoding="utf-8") as file:
            listed = file.read()
    kinds = {"rooms include only rooms before them": [], "private headers stay inside their room": [],
             "every .c file includes base/banned.h last": [], "guards carry the path": [],
             "every file stands in Makefile.am": []}
    order, private, banned, guard, unlisted = kinds.values()
    count = 0
    for path, name in sources(top):
        count += 1
        with open(path, encoding="utf-8") as file:
            text = file.read()
        included = [(number, match.group(1)) for number, line in enumerate(text.split("\n"), 1)
                    for match in [INCLUDE.match(line)] if match]
        check_order(name, included, order)
        check_private(name, included, private)
        check_banned(name, included, banned)
        check_guard(name, text, guard)
        if not re.search(rf"\bsrc/{re.escape(name)}(\s|$)", listed):
            unlisted.append(name)
    print(f"1..{len(kinds) + 1}")
    print(f"{'ok' if count else 'not ok'} 1 - there are sources to check ({count})")
    for number, (kind, complaints) in enumerate(kinds.items(), 2):
        print(f"{'not ok' if complaints else 'ok'} {number} - {kind}")
        for complaint in complaints:
            print(f"# {complaint}")
    return 1 if any(kinds.values()) or not count else 0


if __name__ == "__main__":
    sys.exit(main())
