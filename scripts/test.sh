#!/bin/sh
# Runs the tests; their servers are named in the environment.
set -eu
if command -v cargo-nextest >/dev/null; then
  cargo nextest run --workspace
  cargo test --workspace --doc --quiet
else
  echo "cargo-nextest is not installed: using cargo test"
  cargo test --workspace
fi
