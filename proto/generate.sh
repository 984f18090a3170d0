#!/bin/sh
# Writes Sources/CMessages, Sources/Messages/Generated and Sources/Services/Generated anew from
# the .proto files, and notes the hashes that check.sh compares. `make proto` calls it.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
scratch=$root/.build-generator

for tool in protoc protoc-gen-c swift sha256sum; do
  command -v "$tool" >/dev/null || {
    echo "make proto needs $tool (Debian: protobuf-compiler protobuf-c-compiler)" >&2
    exit 1
  }
done

swift build --package-path proto/generator --scratch-path "$scratch" \
  --product protoc-gen-baedal >"$root/.build-generator.log" 2>&1 || {
  cat "$root/.build-generator.log" >&2
  exit 1
}
rm -f "$root/.build-generator.log"
plugin=$(swift build --package-path proto/generator --scratch-path "$scratch" \
  --show-bin-path)/protoc-gen-baedal

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
mkdir -p "$new/c" "$new/messages" "$new/services"
# One run over all files, so that a name taken twice is seen.
(
  cd proto
  find baedal -name '*.proto' | LC_ALL=C sort | xargs protoc -I . \
    --plugin=protoc-gen-c-part="$plugin" --c-part_out=c:"$new/c" \
    --plugin=protoc-gen-messages="$plugin" --messages_out=messages:"$new/messages" \
    --plugin=protoc-gen-services="$plugin" --services_out=services:"$new/services"
)

# Only files that differ are touched, so that an unchanged schema rebuilds nothing.
replace() {
  mkdir -p "$2"
  (cd "$2" && find . -type f) | while read -r file; do
    [ -e "$1/$file" ] || rm "$2/$file"
  done
  (cd "$1" && find . -type f) | while read -r file; do
    cmp -s "$1/$file" "$2/$file" || { mkdir -p "$(dirname "$2/$file")"; cp "$1/$file" "$2/$file"; }
  done
  find "$2" -type d -empty -delete
}
replace "$new/c" Sources/CMessages
replace "$new/messages" Sources/Messages/Generated
replace "$new/services" Sources/Services/Generated

proto/check.sh --list | xargs sha256sum >proto/generated.sha256
echo "generated from $(find proto/baedal -name '*.proto' | wc -l) .proto files"
