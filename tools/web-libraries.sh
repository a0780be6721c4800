#!/bin/sh
# Puts the libraries of the pages (src/web/pages/package.json) into DIRECTORY, for nginx to serve as
# /lockstep/libraries/: web-libraries.sh DIRECTORY
set -eu
if [ $# -ne 1 ]; then
  echo "usage: $0 DIRECTORY" >&2
  exit 2
fi
pages=$(cd "$(dirname "$0")/../src/web/pages" && pwd -P)
mkdir -p -- "$1"
cd -- "$1"
if cmp -s "$pages/package-lock.json" package-lock.json && [ -e uplot.css ]; then exit 0; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$pages/package.json" "$pages/package-lock.json" "$work"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
cp "$work/node_modules/htm/preact/standalone.module.js" preact.js
cp "$work/node_modules/uplot/dist/uPlot.esm.js" uplot.js
cp "$work/node_modules/uplot/dist/uPlot.min.css" uplot.css
cp "$pages/package-lock.json" .
chmod 644 preact.js uplot.js uplot.css package-lock.json
