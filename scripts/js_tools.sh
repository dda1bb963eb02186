#!/bin/sh
# Installs the tools that read the OpenAPI documents, of the versions in the lockfile; again when those change.
# No package runs a script of its own, and none downloads anything but packages.
set -eu
cd "$(dirname "$0")/../crates/testkit/js-tools"
command -v npm >/dev/null || {
  echo "needs Node.js 20 or later with npm" >&2
  exit 1
}
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  npm ci --silent --no-audit --no-fund --ignore-scripts
  cp package-lock.json node_modules/.installed-lock
fi
