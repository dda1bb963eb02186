#!/bin/sh
# The dashboard in a real browser against a real gateway.
#
#   scripts/web_e2e.sh [hookyard]      the binary; target/debug/hookyard when left out
set -eu
cd "$(dirname "$0")/.."
hookyard=${1:-target/debug/hookyard}
work=$(mktemp -d)
. scripts/gateway.sh
fail() { printf 'web/e2e: %s\n' "$*" >&2; exit 1; }

[ -x "$hookyard" ] || fail "there is no $hookyard"
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}
if [ -z "$CHROMIUM" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "installing chromium"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
  CHROMIUM=/usr/bin/chromium
fi
[ -n "$CHROMIUM" ] || fail "needs Chromium: install it, or say where it is in CHROMIUM"
scripts/web.sh
start_gateway
export CHROMIUM HOOKYARD_URL="$url" HOOKYARD_EMAIL="$email" HOOKYARD_PASSWORD="$password"
(cd web && npx playwright test)
if grep -E '"level":"ERROR"' "$work/gateway.log" >&2; then fail "the gateway logged an error"; fi
