#!/bin/sh
# Compares every made file with a fresh one of the binary given.
set -eu
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/docs"
"$1" config --write "$fresh"
"$1" openapi --write "$fresh/openapi"
"$1" roles --write "$fresh/docs/roles.md"
stale=
for file in config.default.toml docs/settings.md docs/roles.md openapi/hookyard.json openapi/hookyard-3.0.json; do
  cmp -s "$file" "$fresh/$file" || stale="$stale $file"
done
if [ -n "$stale" ]; then
  echo "not what the code says:$stale; run \`make gen\`" >&2
  exit 1
fi
echo "made files are up to date"
