#!/bin/sh
# Holds a real gateway to its OpenAPI document with schemathesis, all checks: as an admin, as a merchant's owner and
# with an API key. No server error, no answer that is not in the document. Left out is what may end the caller itself
# in the middle: our own tests have that.
#
#   scripts/fuzz_api.sh [hookyard]     the binary; target/debug/hookyard when left out
#   FUZZ_SECONDS=40                    how long each caller goes on
#   FUZZ_EXAMPLES=25                   examples of each operation in each round
#   FUZZ_SEED=1                        another seed makes other examples
#   FUZZ_CALLERS="admin owner key"     who calls
set -eu
cd "$(dirname "$0")/.."
hookyard=${1:-target/debug/hookyard}
bin=.tools/fuzz/bin
wanted=crates/testkit/py/requirements-fuzz.txt
work=$(mktemp -d)
. scripts/gateway.sh
fail() { printf 'fuzz/api: %s\n' "$*" >&2; exit 1; }

[ -x "$hookyard" ] || fail "there is no $hookyard"
if ! cmp -s "$wanted" .tools/fuzz/requirements.txt; then
  rm -rf .tools/fuzz
  python3 -m venv .tools/fuzz
  "$bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" .tools/fuzz/requirements.txt
fi
for caller in ${FUZZ_CALLERS:-admin owner key}; do
  printf '\n== schemathesis as %s\n' "$caller"
  # A gateway for each: one that may delete people and merchants deletes those of the next. An access token lives as
  # long as a long run.
  start_gateway HOOKYARD_AUTH__ACCESS_TOKEN=6h
  token=$("$bin/python" crates/testkit/py/fuzz_caller.py "$url" "$email" "$password" "$caller")
  # One worker: several would share one interpreter, which is no faster, and up to Python 3.11 crashes now and then.
  "$bin/schemathesis" --config-file crates/testkit/py/schemathesis.toml run "$url/openapi.json" --url "$url" \
    --header "Authorization: Bearer $token" --checks all --continue-on-failure --no-color --warnings off \
    --max-time "${FUZZ_SECONDS:-40}" --max-examples "${FUZZ_EXAMPLES:-25}" --seed "${FUZZ_SEED:-1}" \
    --generation-database none --no-shrink --workers 1 --request-timeout 30 \
    --exclude-operation-id deleteUser --exclude-operation-id updateUser --exclude-operation-id revokeLogin \
    --exclude-operation-id updateMember --exclude-operation-id removeMember \
    --exclude-operation-id streamDeliveries --exclude-operation-id streamAllDeliveries >"$work/$caller.log" 2>&1 || {
    cat "$work/$caller.log" >&2
    fail "the API is not as documented"
  }
  sed -n '/= SUMMARY =/,$p' "$work/$caller.log" | sed 1d
  kill -0 "$gateway" || fail "the gateway ended"
  if grep -E '"level":"ERROR"' "$work/gateway.log" >&2; then fail "the gateway logged an error"; fi
  kill "$gateway"
  wait "$gateway" || true
  rm -rf "$work/data"
done
printf '\nfuzz/api: all as documented\n'
