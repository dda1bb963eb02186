#!/bin/sh
# Writes docs/screens: a picture of every page of the dashboard, with a platform in use behind it.
#
#   scripts/web_screens.sh [hookyard]      the binary; target/debug/hookyard when left out
set -eu
cd "$(dirname "$0")/.."
hookyard=${1:-target/debug/hookyard}
work=$(mktemp -d)
. scripts/gateway.sh
fail() { printf 'web/screens: %s\n' "$*" >&2; exit 1; }
. scripts/browser.sh
[ -x "$hookyard" ] || fail "there is no $hookyard"
scripts/web.sh
start_gateway
export HOOKYARD_URL="$url" HOOKYARD_EMAIL="$email" HOOKYARD_PASSWORD="$password"
(cd web && npx playwright test --config playwright.screens.config.ts screens.spec)
