#!/bin/sh
# Runs the tests; their servers are named in the environment.
set -eu
# What servers leave behind, and the secrets that tests know: looked through at the end.
export TEST_LEAKS="$PWD/target/leaks"
rm -rf "$TEST_LEAKS"
mkdir -p "$TEST_LEAKS"
if command -v cargo-nextest >/dev/null; then
  # The report is target/nextest/full/junit.xml: `make conformance` reads it.
  cargo nextest run --workspace --profile full
  cargo test --workspace --doc --quiet
else
  echo "cargo-nextest is not installed: using cargo test"
  cargo test --workspace
fi
"${CARGO_TARGET_DIR:-target}/debug/leaks" "$TEST_LEAKS"
