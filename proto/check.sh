#!/bin/sh
# Fails when generated code is stale or was edited by hand. Builds nothing.
# --list prints the files that are watched: what generation reads and what it writes.
set -eu
cd "$(dirname "$0")/.."

list() {
  {
    find proto/baedal -name '*.proto'
    find proto/generator -name '*.swift' -not -path '*/.build/*'
    find Sources/CMessages Sources/Messages/Generated Sources/Services/Generated -type f \
      2>/dev/null || true
  } | LC_ALL=C sort
}

if [ "${1:-}" = --list ]; then
  list
  exit 0
fi

hashes=$(list | xargs sha256sum)
[ "$hashes" = "$(cat proto/generated.sha256 2>/dev/null)" ] || {
  difference=$(echo "$hashes" | diff - proto/generated.sha256 2>/dev/null |
    sed -n 's/^[<>] [0-9a-f]*  //p' | LC_ALL=C sort -u | tr '\n' ' ')
  echo "generated code does not match its sources; run: make proto (${difference% })" >&2
  exit 1
}
