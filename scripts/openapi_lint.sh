#!/bin/sh
# Lints both OpenAPI documents with Spectral (its ruleset for OpenAPI, every severity) and Redocly (its recommended
# rules, warnings as errors): not one finding. Then breaks an example and holds both linters to finding it.
#
#   scripts/openapi_lint.sh [folder]      where the documents are; openapi/ when left out
set -eu
cd "$(dirname "$0")/.."
documents=${1:-openapi}
tools=crates/testkit/js-tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Redocly would tell its makers that it was used, and look for a newer version.
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
fail() { printf 'openapi/lint: %s\n' "$*" >&2; exit 1; }

spectral() {
  "$tools/node_modules/.bin/spectral" lint --ruleset "$tools/spectral.yaml" --fail-severity hint "$1" >"$work/log" 2>&1
}
redocly() {
  "$tools/node_modules/.bin/redocly" lint --config "$tools/redocly.yaml" "$1" >"$work/log" 2>&1
}

scripts/js_tools.sh
for name in hookyard hookyard-3.0; do
  for linter in spectral redocly; do
    "$linter" "$documents/$name.json" || { cat "$work/log" >&2; fail "$linter has findings in $name.json"; }
    printf '%s: %s.json has no findings\n' "$linter" "$name"
  done
done

python3 - "$documents/hookyard.json" "$work/broken.json" <<'PY'
import json, sys
document = json.load(open(sys.argv[1]))
document["components"]["schemas"]["Delivery"]["example"]["attempt_count"] = "one"
json.dump(document, open(sys.argv[2], "w"))
PY
for linter in spectral redocly; do
  ! "$linter" "$work/broken.json" || fail "$linter finds nothing in a broken document"
  grep -q attempt_count "$work/log" || { cat "$work/log" >&2; fail "$linter finds something else in a broken document"; }
done
echo "both linters find a broken example"
