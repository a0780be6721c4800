#!/bin/sh
# Runs fuzz targets, named on the command line, each for a bounded time from its seeds; prints TAP.
# What breaks one is left beside it as NAME.crash-…; give that to the target to see it again.
# Usage: run-fuzz.sh SOURCE-DIRECTORY SECONDS TARGET...
set -u
source=$1 seconds=$2
shift 2
echo "1..$#"
number=0
failed=0
for target; do
  number=$((number + 1))
  name=${target##*/fuzz_}
  found=$target.corpus
  mkdir -p "$found"
  dictionary=$source/tests/fuzz/$name.dict
  if "./$target" ${dictionary:+"-dict=$dictionary"} -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -max_len=16384 -print_final_stats=1 \
    -artifact_prefix="$target.crash-" "$found" "$source/tests/fuzz/corpus/$name" >"$target.log" 2>&1; then
    echo "ok $number - $target, $(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log") inputs"
  else
    failed=1
    echo "not ok $number - $target"
    tail -n 40 "$target.log" | sed 's/^/# /'
  fi
done
exit $failed
