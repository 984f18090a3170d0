#!/bin/sh
# Makes a virtual environment with Python's protobuf, the independent implementation that the
# codec is compared with. Prints the path of its interpreter. Does nothing when it is there.
set -eu
cd "$(dirname "$0")/../../.."
venv=${BAEDAL_TEST_VENV:-$PWD/.build/test-python}
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import google.protobuf' 2>/dev/null; then
  python3 -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check protobuf==4.21.12 >&2
fi
echo "$venv/bin/python"
