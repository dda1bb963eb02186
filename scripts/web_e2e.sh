#!/bin/sh
# The dashboard in a real browser against a real gateway.
#
#   scripts/web_e2e.sh [hookyard [mode [playwright arguments…]]]
#
# hookyard  the binary; target/debug/hookyard when left out
# mode      embedded (when left out): one process on SQLite
#           cluster: an API and a worker, on PostgreSQL and Redis servers of their own
set -eu
cd "$(dirname "$0")/.."
hookyard=${1:-target/debug/hookyard}
mode=${2:-embedded}
[ $# -lt 2 ] || shift
[ $# -lt 1 ] || shift
fail() { printf 'web/e2e: %s\n' "$*" >&2; exit 1; }

[ -x "$hookyard" ] || fail "there is no $hookyard"
case $mode in
embedded) ;;
cluster)
  # The servers are there for as long as what they were started for runs.
  [ -n "${HOOKYARD_TEST_POSTGRES_URL:-}" ] ||
    exec "$(dirname "$hookyard")/test-services" -- scripts/web_e2e.sh "$hookyard" cluster "$@"
  ;;
*) fail "$mode is no mode: embedded or cluster" ;;
esac
work=$(mktemp -d)
worker=
. scripts/gateway.sh
. scripts/browser.sh

end_all() {
  [ -z "$worker" ] || kill "$worker" 2>/dev/null || true
  [ -z "$worker" ] || wait "$worker" 2>/dev/null || true
  end_gateway
}
trap end_all EXIT

scripts/web.sh
if [ "$mode" = cluster ]; then
  key=$(head -c 32 /dev/urandom | base64)
  settings="HOOKYARD_DATABASE_URL=$HOOKYARD_TEST_POSTGRES_URL HOOKYARD_REDIS_URL=$HOOKYARD_TEST_REDIS_URL HOOKYARD_MASTER_KEY=$key"
  # shellcheck disable=SC2086 # each word is a setting
  roles="--role api" start_gateway $settings
  # shellcheck disable=SC2086
  env -u HOOKYARD_CONFIG $settings HOOKYARD_DATA_DIR="$work/worker" \
    HOOKYARD_OUTBOUND__ALLOW_HTTP=true HOOKYARD_OUTBOUND__ALLOWED_NETWORKS=127.0.0.0/8 \
    "$hookyard" serve --role worker >"$work/worker.log" 2>&1 &
  worker=$!
else
  start_gateway
fi
# Its files stand apart: both modes may run at once.
export E2E_MODE="$mode" HOOKYARD_URL="$url" HOOKYARD_EMAIL="$email" HOOKYARD_PASSWORD="$password"
(cd web && npx playwright test "$@")
for log in "$work"/*.log; do
  if grep -E '"level":"ERROR"' "$log" >&2; then fail "the gateway logged an error"; fi
done
[ -z "$worker" ] || kill -0 "$worker" || fail "the worker ended"
echo "web/e2e: all passed, $mode"
