#!/usr/bin/env bash
# Registers a device the way an app's backend does: once the app has its token and the person has answered.
# The same token is the same device; the same installationId keeps the device when its token rotates.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"

curl --silent --show-error --fail-with-body -X PUT "$PIGEONPOST_URL/v1/devices" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d '{
    "vendor": "apns",
    "token": "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
    "installationId": "example-installation-1",
    "account": "ada",
    "tags": ["vip", "beta"],
    "locale": "en-GB",
    "timeZone": "Europe/London",
    "appVersion": "5.14.2",
    "consent": {
      "push": "granted",
      "purposes": {"marketing": "denied"},
      "policyVersion": "2025-09",
      "source": "onboarding"
    }
  }'
echo
