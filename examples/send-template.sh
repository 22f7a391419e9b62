#!/usr/bin/env bash
# Writes a template in two languages, looks at it with sample data, and sends it to an account.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
account=${1:-customer-100002}

call() {
  curl --silent --show-error --fail-with-body -X "$1" "$PIGEONPOST_URL$2" \
    -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' -d "$3"
  echo
}
call PUT /v1/templates/example-parcel '{
  "message": {
    "title": "Hello {name}",
    "body": "{parcels, plural, one {Your parcel is} other {Your # parcels are}} on the way",
    "localized": {"de": {
      "title": "Hallo {name}",
      "body": "{parcels, plural, one {Dein Paket ist} other {Deine # Pakete sind}} unterwegs"
    }}
  },
  "defaults": {"name": "there"}
}'
call POST /v1/templates/example-parcel/preview '{"data": {"parcels": "2"}, "locale": "de-AT"}'
call POST /v1/tasks '{
  "audience": {"accounts": [{"account": "'"$account"'", "data": {"name": "Ada", "parcels": "1"}}]},
  "message": {"template": "example-parcel"},
  "lane": "transactional"
}'
