#!/bin/sh
# Proves that the OpenAPI documents are good for making clients: three generators read both of them without a
# warning, and a generated Python client takes an event from publishing to its delivery on a real gateway.
#
#   scripts/clients.sh [hookyard]      the binary; target/debug/hookyard when left out, built when missing
set -eu
cd "$(dirname "$0")/.."
hookyard=${1:-target/debug/hookyard}
bin=$PWD/.tools/clients/bin
tools=crates/testkit/js-tools
work=$(mktemp -d)
gateway=
end() {
  [ -z "$gateway" ] || kill "$gateway" 2>/dev/null && wait "$gateway" 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'clients: %s\n' "$*" >&2; exit 1; }

# The tools, of the versions in the repository; installed again when those change.
install_tools() {
  command -v java >/dev/null || fail "needs Java 11 or later (Debian: apt-get install default-jre-headless)"
  command -v npm >/dev/null || fail "needs Node.js 20 or later with npm"
  wanted=crates/testkit/py/requirements-clients.txt
  if ! cmp -s "$wanted" .tools/clients/requirements.txt; then
    rm -rf .tools/clients
    python3 -m venv .tools/clients
    "$bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" .tools/clients/requirements.txt
  fi
  if ! cmp -s "$tools/package-lock.json" "$tools/node_modules/.installed-lock"; then
    (cd "$tools" && npm ci --silent --no-audit --no-fund)
    cp "$tools/package-lock.json" "$tools/node_modules/.installed-lock"
  fi
}

# The committed documents are what the binary says.
check_drift() {
  say "committed documents"
  "$hookyard" openapi --write "$work/fresh"
  for name in hookyard.json hookyard-3.0.json; do
    cmp "openapi/$name" "$work/fresh/$name" || fail "openapi/$name is stale: run \`make gen/openapi\`"
  done
  echo "as the binary writes them"
}

# The JAR: no error and no recommendation, and it makes a client from it.
check_jar() {
  say "openapi-generator: $1"
  "$bin/openapi-generator-cli" validate --recommend -i "openapi/$1.json" >"$work/jar.log" 2>&1 || {
    cat "$work/jar.log" >&2; fail "the JAR refuses $1.json"
  }
  grep -q 'No validation issues detected' "$work/jar.log" || { cat "$work/jar.log" >&2; fail "the JAR warns of $1.json"; }
  "$bin/openapi-generator-cli" generate -g typescript-fetch -i "openapi/$1.json" -o "$work/jar-$1" >"$work/jar.log" 2>&1 || {
    cat "$work/jar.log" >&2; fail "the JAR makes no client from $1.json"
  }
  # It says of itself that its support of 3.1 is beta: that does not concern the document.
  if grep -E ' (WARN|ERROR) ' "$work/jar.log" | grep -v 'OpenAPI 3.1 support is still in beta' >&2; then
    fail "the JAR warns of $1.json"
  fi
  echo "accepted; $(find "$work/jar-$1" -name '*.ts' | wc -l) files made"
}

# Types for TypeScript, which compile by themselves.
check_typescript() {
  say "openapi-typescript: $1"
  mkdir -p "$work/ts"
  "$tools/node_modules/.bin/openapi-typescript" "openapi/$1.json" -o "$work/ts/$1.ts" >"$work/ts.log" 2>&1 || {
    cat "$work/ts.log" >&2; fail "openapi-typescript refuses $1.json"
  }
  if grep -iE 'warn|⚠|error' "$work/ts.log" >&2; then fail "openapi-typescript warns of $1.json"; fi
  "$tools/node_modules/.bin/tsc" --noEmit --strict --target es2022 "$work/ts/$1.ts"
  echo "accepted; the types compile"
}

# Both versions of the document mean the same, but for webhooks: the types without them are equal.
check_same_types() {
  say "3.1 and 3.0 mean the same"
  python3 - "$work/fresh/hookyard.json" "$work/ts/plain.json" <<'PY'
import json, sys
document = json.load(open(sys.argv[1]))
del document["webhooks"]
json.dump(document, open(sys.argv[2], "w"))
PY
  "$tools/node_modules/.bin/openapi-typescript" "$work/ts/plain.json" -o "$work/ts/plain.ts" >/dev/null 2>&1
  diff "$work/ts/plain.ts" "$work/ts/hookyard-3.0.ts" >&2 || fail "the two documents give different types"
  echo "same types"
}

# A Python package; the generator names what it has to leave out as warnings.
make_python_client() {
  say "openapi-python-client: $1"
  PATH="$bin:$PATH" "$bin/openapi-python-client" generate --fail-on-warning \
    --path "openapi/$1.json" --output-path "$work/py-$1" || fail "openapi-python-client warns of $1.json"
  PYTHONPATH="$work/py-$1" "$bin/python" -W error - <<'PY' || fail "a module made from $1.json does not load"
import importlib, pkgutil, hookyard_client
for module in pkgutil.walk_packages(hookyard_client.__path__, "hookyard_client."):
    importlib.import_module(module.name)
PY
  want=$(grep -c '"operationId"' "$work/fresh/hookyard-3.0.json")
  made=$(find "$work/py-$1/hookyard_client/api" -mindepth 2 -name '*.py' ! -name '__init__.py' | wc -l)
  [ "$made" -eq "$want" ] || fail "$made functions for $want operations"
  echo "accepted; $made functions made"
}

# A gateway of our own, in embedded mode on a free port.
start_gateway() {
  say "a real gateway"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  url=http://127.0.0.1:$port
  env -u HOOKYARD_DATABASE_URL -u HOOKYARD_REDIS_URL -u HOOKYARD_CONFIG \
    HOOKYARD_LISTEN="127.0.0.1:$port" HOOKYARD_DATA_DIR="$work/data" \
    HOOKYARD_OUTBOUND__ALLOW_HTTP=true HOOKYARD_OUTBOUND__ALLOWED_NETWORKS=127.0.0.0/8 \
    HOOKYARD_ADMIN__EMAIL="$email" HOOKYARD_ADMIN__PASSWORD="$password" \
    "$hookyard" serve >"$work/gateway.log" 2>&1 &
  gateway=$!
  tries=0
  until python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "$url/readyz" 2>/dev/null; do
    kill -0 "$gateway" 2>/dev/null || { cat "$work/gateway.log" >&2; fail "the gateway ended"; }
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || { cat "$work/gateway.log" >&2; fail "the gateway is not ready"; }
    sleep 0.2
  done
  echo "ready on $url"
}

[ -x "$hookyard" ] || [ $# -gt 0 ] || cargo build --package server
[ -x "$hookyard" ] || fail "there is no $hookyard"
email=admin@example.com
password="correct horse battery staple"
install_tools
check_drift
for document in hookyard hookyard-3.0; do
  check_jar "$document"
  check_typescript "$document"
  make_python_client "$document"
done
check_same_types
start_gateway
for document in hookyard hookyard-3.0; do
  say "scenario, client made from $document.json"
  PYTHONPATH="$work/py-$document" "$bin/python" -W error crates/testkit/py/client_scenario.py "$url" "$email" "$password" || {
    cat "$work/gateway.log" >&2; fail "the generated client fails"
  }
done
say "clients: all passed"
