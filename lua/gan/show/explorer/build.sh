#!/bin/sh
# Builds net.c and writes module.lua, which holds the bytes as text: sh lua/gan/show/explorer/build.sh [OUT.lua]
# Needs clang and lld. The bytes depend on the compiler's version, which stands beside them.
set -e
cd "$(dirname "$0")"
out=${1:-module.lua}
wasm=$(mktemp)
trap 'rm -f "$wasm"' EXIT
clang --target=wasm32 -O3 -msimd128 -nostdlib -fno-builtin -std=c11 -Wall -Wextra -Werror \
  -Wl,--no-entry,--import-memory,--strip-all -o "$wasm" net.c
{
  echo '--- Holds the bytes of net.c as WebAssembly. Written by build.sh beside it.'
  echo '-- @internal gan.show.explorer.module'
  echo 'return {'
  echo "  compiler = \"$(clang --version | sed -n 's/.*clang version \([0-9.]*\).*/\1/p')\","
  echo '  base64 = ""'
  base64 -w 100 "$wasm" | sed 's/.*/    .. "&"/'
  echo '}'
} >"$out"
