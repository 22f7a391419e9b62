#!/usr/bin/env bash
# Sends to everybody a tag expression selects, for marketing: only to devices that granted this purpose.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
tags=${1:-vip & !(churned | trial)}

curl --silent --show-error --fail-with-body -X POST "$PIGEONPOST_URL/v1/tasks" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d '{
    "audience": {"tags": "'"$tags"'"},
    "message": {
      "title": "Early access for you",
      "body": "The winter collection opens a day early",
      "purpose": "marketing"
    },
    "lane": "campaign"
  }'
echo
