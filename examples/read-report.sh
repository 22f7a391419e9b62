#!/usr/bin/env bash
# Reads the report of a task: the sums, then a row for each device as CSV. `pending` is 0 once the task is done.
set -euo pipefail
: "${PIGEONPOST_URL:?see examples/README.md}" "${PIGEONPOST_KEY:?see examples/README.md}"
task=${1:?usage: read-report.sh <task id>}

get() { curl --silent --show-error --fail-with-body -H "Authorization: Bearer $PIGEONPOST_KEY" "$PIGEONPOST_URL$1"; }
get "/v1/tasks/$task"
echo
get "/v1/tasks/$task/deliveries?format=csv"
