#!/usr/bin/env bash
# Gives and takes tags of all devices of two accounts in one request, then shows what they have.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
first=${1:-customer-100001} second=${2:-customer-100002}

post() {
  curl --silent --show-error --fail-with-body -X POST "$PIGEONPOST_URL$1" \
    -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d "$2"
  echo
}
post /v1/devices/tags '{"items": [
  {"account": "'"$first"'", "add": ["winter-sale"], "remove": ["trial"]},
  {"account": "'"$second"'", "set": ["winter-sale", "vip"]}
]}'
post /v1/devices/query '{"accounts": ["'"$first"'", "'"$second"'"]}'
