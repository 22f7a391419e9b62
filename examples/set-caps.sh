#!/usr/bin/env bash
# Nobody gets more marketing than three pushes a day and ten in a week, on all their devices together. Needs a key with `admin`.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
app=${1:?the id of the app, for example demo}

curl --silent --show-error --fail-with-body -X PATCH "$PIGEONPOST_URL/v1/apps/$app" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d '{
    "caps": [
      {"name": "marketing-a-day", "purposes": ["marketing"], "limit": 3,
       "window": {"calendar": "day", "timeZone": "Europe/Berlin"}},
      {"name": "marketing-a-week", "purposes": ["marketing"], "limit": 10,
       "window": {"rollingSeconds": 604800}}
    ]
  }'
echo
