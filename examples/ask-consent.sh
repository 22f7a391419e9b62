#!/usr/bin/env bash
# What people are asked for, what one of them answers, and a link by which they decline later. Needs a key with `admin`, `devices:write` and `devices:read`.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
app=${1:?the id of the app, for example demo}
account=${2:?an account, for example ada}

call() {
  curl --silent --show-error --fail-with-body -X "$1" "$PIGEONPOST_URL$2" \
    -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' "${@:3}"
}

call PUT "/v1/apps/$app/purposes/marketing" -d '{
  "version": "2027-01",
  "title": "Offers",
  "text": "We may send you offers of our own, at most three a week.",
  "localized": {"de": {"title": "Angebote"}, "zh": {"title": "优惠"}}
}'
echo
device=$(call PUT /v1/devices -d '{
  "vendor": "sandbox",
  "token": "sandbox-ok-'"$account"'",
  "account": "'"$account"'",
  "consent": {
    "push": "granted",
    "purposes": {"marketing": "granted"},
    "policyVersion": "2027-01",
    "source": "onboarding"
  }
}' | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
call POST /v1/unsubscribe-links -d '{"account": "'"$account"'", "purpose": "marketing"}'
echo
call GET "/v1/devices/$device/consent?format=ndjson"
