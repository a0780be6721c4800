#!/bin/sh
# What can be seen without running anything. Prints TAP; a tool that is not installed is a skip.
# Usage, from the top of the source tree: lint.sh [BUILD-DIRECTORY]
# shellcheck disable=SC2317 # the checks are called by name
set -u
build=${1:-.}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
number=0
failed=0

files() { # the project's own files: of git where there is one, else of the tree
  if git rev-parse --git-dir >/dev/null 2>&1; then git ls-files "$@"; else
    for pattern in "$@"; do find . \( -name 'var*' -o -name 'build*' -o -name '.*' \) -prune -o -path "./$pattern" -type f -print; done
  fi
}

report() { # report NAME STATUS
  number=$((number + 1))
  if [ "$2" -eq 0 ]; then echo "ok $number - $1"; return; fi
  failed=1
  echo "not ok $number - $1"
  sed 's/^/# /' "$log"
}

check() { # check NAME TOOL COMMAND...
  name=$1 tool=$2
  shift 2
  if ! command -v "$tool" >/dev/null; then
    number=$((number + 1))
    echo "ok $number - $name # SKIP $tool is not installed"
    return
  fi
  "$@" >"$log" 2>&1
  report "$name" $?
}

format() { files '*.c' '*.h' | xargs clang-format --dry-run --Werror --ferror-limit=5; }
cpp() {
  # shellcheck disable=SC2046 # names of the project's own files carry no spaces
  cppcheck -q -j2 --std=c11 --enable=warning,performance --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=unmatchedSuppression -Isrc -I"$build/sql" -D_GNU_SOURCE \
    $(files 'src/*.c')
}
shell() { files '*.sh' run test .ci/run | xargs shellcheck -x; }
python() { files '*.py' | xargs python3 -c 'import ast, sys; [ast.parse(open(p).read(), p) for p in sys.argv[1:]]'; }
whitespace() {
  ! files '*.c' '*.h' '*.sh' '*.py' '*.sql' '*.am' '*.ac' '*.md' '*.conf' '*.yaml' |
    xargs grep -nE '[[:blank:]]+$|^(<<<<<<<|>>>>>>>)' /dev/null
}

check 'the layout is that of .clang-format (make format)' clang-format format
check 'cppcheck finds nothing' cppcheck cpp
check 'shellcheck finds nothing' shellcheck shell
check 'the Python files parse' python3 python
check 'no line ends in blanks, no merge was left half-done' grep whitespace
echo "1..$number"
exit $failed
