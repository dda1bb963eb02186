#!/bin/sh
# Checks the dashboard: its types of the API are what the document says, everything compiles, its tests pass, and its
# pages are built. The first load must stay below what the design allows.
set -eu
cd "$(dirname "$0")/.."
fail() { printf 'web/check: %s\n' "$*" >&2; exit 1; }
tools=crates/testkit/js-tools/node_modules/.bin
[ -x "$tools/openapi-typescript" ] || scripts/js_tools.sh
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"$tools/openapi-typescript" openapi/hookyard.json -o "$fresh/schema.d.ts" >/dev/null
cmp -s "$fresh/schema.d.ts" web/src/api/__generated__/schema.d.ts || fail "stale types: run \`make gen/web\`"
scripts/web.sh
cd web
npm run --silent check
npm run --silent test
# What the page itself names: its styles, its scripts, and the modules they begin with. The rest is loaded when it is needed.
bytes=$(gzip -c dist/index.html | wc -c)
for file in $(grep -oE '(src|href)="/assets/[^"]+\.(js|css)"' dist/index.html | cut -d'"' -f2); do
  bytes=$((bytes + $(gzip -c "dist$file" | wc -c)))
done
[ "$bytes" -le 307200 ] || fail "the first load is $bytes bytes, of 307200"
echo "web/check: the first load is $bytes bytes of 307200, compressed"
