#!/bin/sh
# Runs test programs that print TAP, named one a line on standard input, the way "make check"
# does: NAME.log and NAME.trs beside each. Fails when any of them failed.
set -u
driver=$(dirname "$0")/../build-aux/tap-driver.sh
CMOCKA_MESSAGE_OUTPUT=TAP
export CMOCKA_MESSAGE_OUTPUT
status=0
while read -r name; do
  rm -f "$name.log" "$name.trs"
  sh "$driver" --test-name "$name" --log-file "$name.log" --trs-file "$name.trs" \
    --color-tests no --enable-hard-errors yes --expect-failure no -- "./$name" </dev/null
  if ! grep -q '^:global-test-result: \(PASS\|SKIP\)' "$name.trs"; then
    status=1
    cat "$name.log"
  fi
done
exit $status
