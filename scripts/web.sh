#!/bin/sh
# Builds the dashboard's pages into web/dist, from where the server takes them. Installs what that needs, once.
set -eu
cd "$(dirname "$0")/../web"
had_pages=$([ -e dist/index.html ] && echo yes || echo no)
if [ ! -e node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --ignore-scripts
fi
if [ ! -e dist/index.html ] || [ -n "$(find src public ../examples index.html vite.config.ts package-lock.json -newer dist/index.html -print -quit)" ]; then
  npm run --silent build
fi
# A build of the server that knew of no pages looks for them again.
[ "$had_pages" = yes ] || touch ../crates/admin/src/web.rs
