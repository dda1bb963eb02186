#!/bin/sh
# Runs the tests, on servers of their own.
#
#   scripts/test.sh [folder]      where cargo put what it built; target/debug when left out
set -eu
cd "$(dirname "$0")/.."
built=${1:-target/debug}
# What servers leave behind, and the secrets that tests know: looked through at the end.
export TEST_LEAKS="$PWD/target/leaks"
rm -rf "$TEST_LEAKS"
mkdir -p "$TEST_LEAKS"

# Tests make and remove databases by the thousand: that is quicker in memory, where 4 GiB of it are free.
folder=${TMPDIR:-/tmp}
room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
free=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo 2>/dev/null || true)
if [ "${room:-0}" -ge 4194304 ] && [ "${free:-0}" -ge 4194304 ] && [ -w /dev/shm ]; then
  folder=$(mktemp -d /dev/shm/hookyard-tests.XXXXXX)
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # PostgreSQL's own user makes folders in it too.
  chmod 1777 "$folder"
fi
# The ends of a test wait for each other now and then: one more than there are processors keeps those at work.
threads=$(($(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) + 1))

if command -v cargo-nextest >/dev/null; then
  # The report is target/nextest/full/junit.xml: `make conformance` reads it.
  TMPDIR=$folder "$built/test-services" -- cargo nextest run --workspace --profile full --test-threads "$threads"
  cargo test --workspace --doc --quiet
else
  echo "cargo-nextest is not installed: using cargo test"
  TMPDIR=$folder "$built/test-services" -- cargo test --workspace
fi
"$built/leaks" "$TEST_LEAKS"
