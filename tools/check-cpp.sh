#!/usr/bin/env bash
# check-cpp.sh COMPILER PREFIX FOLDER: builds the test of bindings/cpp in FOLDER against the library installed in
# PREFIX, with warnings as errors, and runs it. Every function of the C interface must be wrapped.
set -euo pipefail
compiler=$1 prefix=$2 folder=$3
root=$(cd "$(dirname "$0")/.." && pwd)
library=$(dirname "$(find "$prefix" -name vae.pc)")/..
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

# What the wrapper has no use for: a second form of the version, and structs that only the library fills.
of_no_use='vae_version_number|vae_error_init_sized|vae_progress_init_sized'
for symbol in $(grep -vxE "$of_no_use" "$root/Tests/Fixtures/abi/symbols.txt"); do
  grep -qw "$symbol" "$root"/bindings/cpp/*.hpp || { echo "check-cpp: $symbol is not wrapped" >&2; exit 1; }
done

program=$folder/vae_test-$(basename "$compiler")
# shellcheck disable=SC2046
"$compiler" -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -I "$root/Tests/c" \
  "$root/bindings/cpp/tests/vae_test.cpp" $(pkg-config --cflags --libs vae) -o "$program"
"$program" "$folder"
