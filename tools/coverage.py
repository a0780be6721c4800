#!/usr/bin/env python3
"""Sums up what gcov counted: lines run, a file of src/ a line, the least covered first.

Usage: coverage.py SOURCE-DIRECTORY BUILD-DIRECTORY, after the tests of a build with --enable-coverage
"""

import json
import os
import subprocess
import sys


def main():
    source, build = (os.path.realpath(path) for path in sys.argv[1:3])
    counters = [os.path.join(folder, name) for folder, _, names in os.walk(build) for name in names
                if name.endswith(".gcda")]
    lines = {}
    for counter in counters:
        report = subprocess.run(["gcov", "--json-format", "--stdout", counter], cwd=build, check=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        for text in report.splitlines():
            for file in json.loads(text)["files"]:
                path = os.path.relpath(os.path.realpath(os.path.join(build, file["file"])), source)
                if path.startswith("src" + os.sep):
                    seen = lines.setdefault(path, {})
                    for line in file["lines"]:
                        number = line["line_number"]
                        seen[number] = seen.get(number, 0) + line["count"]
    if not lines:
        sys.exit("Nothing was counted: configure with --enable-coverage and run the tests first.")
    share = {path: sum(count > 0 for count in seen.values()) / len(seen) for path, seen in lines.items()}
    for path in sorted(share, key=share.get):
        print(f"{100 * share[path]:6.1f} %  {path} ({len(lines[path])} lines)")
    total = sum(len(seen) for seen in lines.values())
    run = sum(count > 0 for seen in lines.values() for count in seen.values())
    print(f"{100 * run / total:6.1f} %  of {total} lines")


if __name__ == "__main__":
    main()
