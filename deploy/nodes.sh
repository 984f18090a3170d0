#!/usr/bin/env bash
# Starts the nodes of deploy/local, as an orchestrator would: one that ends is started again. Plays
# the demo through them, shows who did what, and goes on until Ctrl-C, which ends all.
# With --once it ends after the demo, with the demo's exit code.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${BAEDAL:-.build/release/baedal}
files=(deploy/local/*.yaml)
logs=${LOGS:-./data/logs}
mkdir -p "$logs"

# Every node has a certificate of an authority made here, and shows it to the others.
certs=./data/certs
missing=()
for file in "${files[@]}"; do
  name=$(basename "$file" .yaml)
  [ -e "$certs/$name.pem" ] || missing+=(--name "$name")
done
[ ${#missing[@]} = 0 ] || "$binary" cert dev --out "$certs" "${missing[@]}"
export BAEDAL_TLS_CA=$certs/authority.pem
"$binary" config check "${files[@]}"

# Keeps one node alive, whatever ends it, until this is told to end.
keep() {
  local file=$1 name child=
  name=$(basename "$file" .yaml)
  trap '' INT
  trap 'kill -TERM "$child" 2>/dev/null; wait "$child"; exit 0' TERM HUP
  while true; do
    "$binary" serve --config "$file" >>"$logs/$name.log" 2>&1 &
    child=$!
    wait "$child" || true
    sleep 0.5
    echo "$file ended; it is started again"
  done
}
keepers=()
stopping=
stop() {
  stopping=1
  trap '' INT TERM HUP
  echo "ending the nodes" || true  # to a terminal that has hung up
  kill -TERM "${keepers[@]}" 2>/dev/null || true
  wait || true
}
trap 'stop; exit 0' INT TERM HUP
trap '[ -n "$stopping" ] || stop' EXIT

for file in "${files[@]}"; do
  keep "$file" &
  keepers+=($!)
done
address() { sed -n 's/^  port: //p' "$1" | sed 's/^/127.0.0.1:/'; }
for file in "${files[@]}"; do
  for _ in $(seq 150); do
    "$binary" node --connect "$(address "$file")" >/dev/null 2>&1 && continue 2
    sleep 0.2
  done
  echo "$file: does not answer; see $logs" >&2
  exit 1
done

# Any node takes any call; this one does none of the work itself.
code=0
"$binary" demo --connect "$(address deploy/local/dashboard.yaml)" || code=$?
echo
for file in "${files[@]}"; do
  "$binary" node --connect "$(address "$file")"
  echo
done
[ "${1:-}" != --once ] || exit "$code"
echo "the nodes go on; their logs are in $logs; Ctrl-C ends them"
wait
