#!/usr/bin/env bash
# Leaves people in peace at night, each by their own clock: what is sent meanwhile waits for the morning. Needs a key with `admin`.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
app=${1:?the id of the app, for example demo}

curl --silent --show-error --fail-with-body -X PATCH "$PIGEONPOST_URL/v1/apps/$app" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d '{
    "quietHours": {
      "rules": [
        {"purposes": ["marketing"], "from": "20:00", "to": "09:00", "action": "drop"},
        {"from": "22:00", "to": "08:00"}
      ],
      "timeZone": "Europe/Berlin"
    }
  }'
echo
