#!/usr/bin/env bash
# Whom a task to a tag would reach, and why not the others. Nothing is sent. Needs a key with `tasks:read`.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
tag=${1:-vip}

curl --silent --show-error --fail-with-body "$PIGEONPOST_URL/v1/tasks/preview" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d '{
    "audience": {"tags": "'"$tag"'"},
    "message": {"title": "Winter sale", "localized": {"de": {"title": "Winterschlussverkauf"}}, "purpose": "marketing"}
  }'
echo
