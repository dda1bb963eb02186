#!/bin/sh
# Runs Hookyard for development. At the first start the admin's password is made and kept beside the data.
set -eu
cd "$(dirname "$0")/.."
data=${HOOKYARD_DATA_DIR:-data}
password=$data/admin.password
if command -v npm >/dev/null; then scripts/web.sh
else echo "Node is not installed: the dashboard is left out"; fi
cargo build --package server --bin hookyard
if [ -z "${HOOKYARD_DATABASE_URL:-}${HOOKYARD_ADMIN__PASSWORD:-}${HOOKYARD_ADMIN__PASSWORD_FILE:-}" ]; then
  if [ ! -e "$data/hookyard.db" ] && [ ! -e "$password" ]; then
    mkdir -p -m 700 "$data"
    (umask 077 && od -An -N12 -tx1 /dev/urandom | tr -d ' \n' >"$password")
  fi
  if [ -e "$password" ]; then
    export HOOKYARD_ADMIN__EMAIL="${HOOKYARD_ADMIN__EMAIL:-admin@localhost}" HOOKYARD_ADMIN__PASSWORD_FILE="$password"
    printf '\nLog in as %s with password %s\n\n' "$HOOKYARD_ADMIN__EMAIL" "$(cat "$password")"
  fi
fi
exec "${CARGO_TARGET_DIR:-target}/debug/hookyard" serve "$@"
