#!/bin/sh
# Builds gRPC C++'s server and load client from Debian's libgrpc++-dev.
# Usage: build.sh OUTPUT_DIRECTORY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
proto=${BAEDAL_PACKAGE:-$here/../../..}/proto
out=$1
mkdir -p "$out/generated"
protoc -I "$proto" --cpp_out="$out/generated" --grpc_out="$out/generated" \
  --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" baedal/order/v1/order.proto
flags="-std=c++17 -O2 -DNDEBUG -Wall -I$out/generated"
libs=$(pkg-config --libs grpc++ protobuf)
generated=$out/generated/baedal/order/v1
g++ $flags -c "$generated/order.pb.cc" -o "$out/order.pb.o"
g++ $flags -c "$generated/order.grpc.pb.cc" -o "$out/order.grpc.pb.o"
for program in server client; do
  g++ $flags "$here/$program.cc" "$out/order.pb.o" "$out/order.grpc.pb.o" \
    -o "$out/grpc-cpp-$program" $libs -lpthread
done
