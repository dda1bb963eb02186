#!/bin/sh
# Installs what the tests need, where it may; else says what to install, and fails.
set -eu
cd "$(dirname "$0")/.."
missing=

# Name a program that is missing.
need() { missing="$missing\n  $1"; }

postgres() { command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres /opt/homebrew/opt/postgresql*/bin/postgres >/dev/null 2>&1; }
packages() {
  postgres || printf 'postgresql '
  command -v redis-server >/dev/null || printf 'redis-server '
  command -v node >/dev/null && command -v npm >/dev/null || printf 'nodejs npm '
  python3 -c 'import venv, ensurepip' 2>/dev/null || printf 'python3-venv '
  command -v java >/dev/null || printf 'default-jre-headless '
}

wanted=$(packages)
if [ -n "$wanted" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "installing $wanted"
  export DEBIAN_FRONTEND=noninteractive
  # Debian starts a server with each package: the tests start their own.
  apt-get update -qq
  # shellcheck disable=SC2086
  RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $wanted >/dev/null
fi
postgres || need "PostgreSQL 15 or later (Debian: apt-get install postgresql; macOS: brew install postgresql)"
command -v redis-server >/dev/null || need "Redis 7 or Valkey (Debian: apt-get install redis-server; macOS: brew install redis)"
command -v node >/dev/null && command -v npm >/dev/null || need "Node.js 20 or later with npm"
python3 -c 'import venv, ensurepip' 2>/dev/null || need "Python 3 with venv (Debian: apt-get install python3-venv)"
if [ -n "$missing" ]; then
  printf "The tests need, and this machine has not:$missing\n" >&2
  exit 1
fi

# Clients in other languages that our signatures are checked with. Made again when their versions change.
if ! cmp -s scripts/python-requirements.txt .tools/python-requirements.txt; then
  rm -rf .tools/python
  python3 -m venv .tools/python
  .tools/python/bin/pip install --quiet --disable-pip-version-check -r scripts/python-requirements.txt
  cp scripts/python-requirements.txt .tools/
fi
if ! cmp -s crates/testkit/js/package-lock.json .tools/package-lock.json; then
  (cd crates/testkit/js && npm ci --silent --no-audit --no-fund)
  cp crates/testkit/js/package-lock.json .tools/
fi
