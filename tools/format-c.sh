#!/usr/bin/env bash
# format-c.sh CLANG_FORMAT [OPTION...]: runs clang-format over the C and C++ sources; without an option it rewrites them.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
shift
find csrc include Sources Tests examples bench bindings \( -name '*.[ch]' -o -name '*.cpp' \) -print0 2>/dev/null |
  xargs -0 -r "$program" "${@:--i}"
