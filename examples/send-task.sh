#!/usr/bin/env bash
# Sends a push to all devices of an account. Repeating the request with the same Idempotency-Key sends nothing again.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
account=${1:-customer-100002}

curl --silent --show-error --fail-with-body -X POST "$PIGEONPOST_URL/v1/tasks" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: application/json' \
  -H "Idempotency-Key: ${IDEMPOTENCY_KEY:-example-$(date +%s)-$$}" -d '{
    "audience": {"accounts": ["'"$account"'"]},
    "message": {
      "title": "Your parcel is on its way",
      "body": "It arrives tomorrow between 9 and 12",
      "url": "https://shop.example/orders/1042",
      "data": {"order": "1042"},
      "localized": {"de": {"title": "Ihr Paket ist unterwegs"}}
    },
    "lane": "transactional",
    "ttlSeconds": 3600,
    "reference": "order-1042"
  }'
echo
