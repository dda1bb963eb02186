#!/bin/sh
# Runs the tests; their servers are named in the environment.
set -eu
if command -v cargo-nextest >/dev/null; then
  # The report is target/nextest/full/junit.xml: `make conformance` reads it.
  cargo nextest run --workspace --profile full
  cargo test --workspace --doc --quiet
else
  echo "cargo-nextest is not installed: using cargo test"
  cargo test --workspace
fi
