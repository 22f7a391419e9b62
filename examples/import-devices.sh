#!/usr/bin/env bash
# Imports devices from a CSV file as a stream, whatever its size. Lines that are refused are named in the answer.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
file=${1:-$(dirname "${BASH_SOURCE[0]}")/devices.csv}

# -T streams the file; --data-binary would read it whole.
curl --silent --show-error --fail-with-body -X POST -T "$file" "$PIGEONPOST_URL/v1/devices/import" \
  -H "Authorization: Bearer $PIGEONPOST_KEY" -H 'Content-Type: text/csv'
echo
