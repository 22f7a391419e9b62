#!/usr/bin/env bash
# Takes a tag from all devices, and waits until it is done. It is done all the same when nobody waits.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
tag=${1:?usage: delete-tag.sh <tag, URL-encoded>}

call() { curl --silent --show-error --fail-with-body -H "Authorization: Bearer $PIGEONPOST_KEY" "$@"; }
removal=$(call -X DELETE "$PIGEONPOST_URL/v1/tags/$tag" | sed -E 's/.*"id":"([0-9a-f]+)".*/\1/')
until call "$PIGEONPOST_URL/v1/tag-removals/$removal" | grep -q '"state":"done"'; do sleep 1; done
call "$PIGEONPOST_URL/v1/tag-removals/$removal"
echo
