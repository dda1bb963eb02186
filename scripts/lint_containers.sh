#!/bin/sh
# Checks the container files as far as this machine can.
set -eu
cd "$(dirname "$0")/.."
if command -v hadolint >/dev/null; then
  hadolint Dockerfile
else
  awk '
    BEGIN { IGNORECASE = 0; known = "^(FROM|RUN|COPY|USER|WORKDIR|ENV|ARG|EXPOSE|VOLUME|HEALTHCHECK|ENTRYPOINT|CMD|LABEL|STOPSIGNAL)$" }
    /^[ \t]*(#|$)/ { next }
    !continued && $1 !~ known { printf "Dockerfile:%d: unknown instruction %s\n", NR, $1; bad = 1 }
    !continued && $1 == "USER" { user = 1 }
    !continued && $1 == "FROM" { from = 1; user = 0 }
    { continued = /\\$/ }
    END { if (!from || !user) { print "Dockerfile: the last stage needs FROM and USER"; bad = 1 } exit bad }
  ' Dockerfile
fi
if docker compose version >/dev/null 2>&1; then
  docker compose config --quiet
elif python3 -c 'import yaml' 2>/dev/null; then
  python3 -c 'import sys, yaml; sys.exit(not yaml.safe_load(open("docker-compose.yml"))["services"])'
else
  echo "neither docker compose nor Python's yaml is installed: docker-compose.yml is not checked"
fi
