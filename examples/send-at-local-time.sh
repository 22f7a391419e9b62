#!/usr/bin/env bash
# Sends to everybody at ten on a day, each by the clock on their own wall, spread over half an hour.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
day=${1:?the day, for example 2027-02-28}

curl --silent --show-error --fail-with-body -X POST "$PIGEONPOST_URL/v1/tasks" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d '{
    "audience": {"all": true},
    "message": {"title": "Good morning", "body": "Here is what happened while you slept"},
    "schedule": {
      "localTime": "'"$day"'T10:00",
      "late": "next-day",
      "timeZone": "Europe/Berlin",
      "spreadMinutes": 30
    },
    "ttlSeconds": 7200,
    "lane": "campaign"
  }'
echo
