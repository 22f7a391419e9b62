#!/usr/bin/env bash
# One more on the icons of an account's devices. Needs a key with `tasks:write`.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
account=${1:-customer-100002}

curl --silent --show-error --fail-with-body "$PIGEONPOST_URL/v1/tasks" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d '{
    "message": {"title": "You have mail", "badge": "+1"},
    "audience": {"accounts": ["'"$account"'"]}
  }'
echo
