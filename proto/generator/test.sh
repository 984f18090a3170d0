#!/bin/sh
# Tests the generator: what it must refuse is refused, and every kind of field it carries agrees
# with Python's protobuf (the tests of Messages, run over tests/baedal/sample as well).
set -eu
cd "$(dirname "$0")"
here=$PWD
root=$(cd ../.. && pwd)
scratch=$root/.build-generator
swift build --package-path . --scratch-path "$scratch" --product protoc-gen-baedal >&2
plugin=$(swift build --package-path . --scratch-path "$scratch" --show-bin-path)/protoc-gen-baedal

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for file in tests/refused/*.proto; do
  # The file's first line says what the refusal must mention.
  reason=$(sed -n '1s|^// ||p' "$file")
  if protoc -I tests/refused --plugin=protoc-gen-messages="$plugin" \
    --messages_out=messages:"$out" "$file" 2>"$out/errors"; then
    echo "$file was not refused" >&2
    exit 1
  fi
  grep -q "$reason" "$out/errors" || {
    echo "$file was refused for another reason than '$reason': $(cat "$out/errors")" >&2
    exit 1
  }
done

package=$scratch/selftest
rm -rf "$package/Sources" "$package/Tests" "$package/proto"
mkdir -p "$package/Sources/CMessages" "$package/Tests" "$package/proto"
cp -r "$root/Sources/CProtobufC" "$root/Sources/Messages" "$package/Sources"
rm -r "$package/Sources/Messages/Generated"
mkdir "$package/Sources/Messages/Generated"
cp -r "$root/Tests/MessagesTests" "$package/Tests"
# What is fresh in the real tree is another test's question.
printf '#!/bin/sh\n' >"$package/proto/check.sh"
(
  cd ..
  files=$(find baedal -name '*.proto' | LC_ALL=C sort)
  # shellcheck disable=SC2086
  protoc -I . -I "$here/tests" \
    --plugin=protoc-gen-c-part="$plugin" --c-part_out=c:"$package/Sources/CMessages" \
    --plugin=protoc-gen-messages="$plugin" \
    --messages_out=messages:"$package/Sources/Messages/Generated" \
    $files baedal/sample/v1/sample.proto
)
cat >"$package/Package.swift" <<'END'
// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let package = Package(
  name: "baedal",
  targets: [
    .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c"),
    .target(name: "CMessages", dependencies: ["CProtobufC"]),
    .target(name: "Messages", dependencies: ["CMessages", "CProtobufC"], swiftSettings: settings),
    .testTarget(
      name: "MessagesTests", dependencies: ["Messages"], exclude: ["python"],
      swiftSettings: settings),
  ]
)
END
BAEDAL_TEST_VENV=${BAEDAL_TEST_VENV:-$root/.build/test-python}
export BAEDAL_TEST_VENV
swift test --package-path "$package"
