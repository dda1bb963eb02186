#!/bin/sh
# Sourced by scripts that need a browser: sets and exports CHROMIUM. It wants a function `fail`.
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}
if [ -z "$CHROMIUM" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "installing chromium"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
  CHROMIUM=/usr/bin/chromium
fi
[ -n "$CHROMIUM" ] || fail "needs Chromium: install it, or say where it is in CHROMIUM"
export CHROMIUM
