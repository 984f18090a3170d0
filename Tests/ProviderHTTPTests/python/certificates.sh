#!/bin/sh
# Makes two certificate authorities in a folder, and of the first one a server's certificate for
# loopback, one for another host, and one that has expired.
set -eu
cd "$1"
newKey() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
authority() {
  newKey "$1"
  openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -out "$1.pem" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
}
server() {
  newKey "$1"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$2" >"$1.ext"
  # shellcheck disable=SC2086
  openssl x509 -req -in "$1.csr" -CA authority.pem -CAkey authority.key -CAcreateserial \
    -extfile "$1.ext" -out "$1.pem" $3
}
authority authority
authority stranger
server loopback "IP:127.0.0.1,DNS:localhost" "-days 30"
server elsewhere "DNS:pay.example.com" "-days 30"
server expired "IP:127.0.0.1,DNS:localhost" "-days -1"
