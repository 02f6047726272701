#!/usr/bin/env bash
# format-c.sh CLANG_FORMAT [OPTION...]: runs clang-format over the C and C++ sources; without an option it rewrites them.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
shift
folders=()
for folder in csrc include Sources Tests examples bench bindings; do
  [ ! -d "$folder" ] || folders+=("$folder")
done
find "${folders[@]}" \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print0 |
  xargs -0 -r "$program" "${@:--i}"
