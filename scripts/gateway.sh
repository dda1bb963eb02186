#!/bin/sh
# Sourced by scripts that need a gateway of their own: embedded, on a free port, its data in "$work/data".
# It wants $hookyard (the binary), $work (a folder), and a function `fail`; $roles may say what it does.

gateway=
email=admin@example.com
password="correct horse battery staple"

# Ends the gateway and takes its data away.
end_gateway() {
  if [ -n "$gateway" ]; then
    kill "$gateway" 2>/dev/null || true
    wait "$gateway" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap end_gateway EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Starts it and waits until it is ready; sets $url. Arguments are settings for its environment.
start_gateway() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  url=http://127.0.0.1:$port
  env -u HOOKYARD_DATABASE_URL -u HOOKYARD_REDIS_URL -u HOOKYARD_CONFIG \
    HOOKYARD_LISTEN="127.0.0.1:$port" HOOKYARD_DATA_DIR="$work/data" \
    HOOKYARD_OUTBOUND__ALLOW_HTTP=true HOOKYARD_OUTBOUND__ALLOWED_NETWORKS=127.0.0.0/8 \
    HOOKYARD_ADMIN__EMAIL="$email" HOOKYARD_ADMIN__PASSWORD="$password" "$@" \
    "$hookyard" serve ${roles:-} >"$work/gateway.log" 2>&1 &
  gateway=$!
  tries=0
  until python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "$url/readyz" 2>/dev/null; do
    kill -0 "$gateway" 2>/dev/null || { cat "$work/gateway.log" >&2; fail "the gateway ended"; }
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || { cat "$work/gateway.log" >&2; fail "the gateway is not ready"; }
    sleep 0.2
  done
  echo "a gateway is ready on $url"
}
