#!/usr/bin/env bash
# check-cpp.sh COMPILER PREFIX FOLDER: builds the tests of bindings/cpp in FOLDER against the library installed in
# PREFIX, with warnings as errors, and runs them. Every function of the C interface must be wrapped. The C files that
# read the reference vectors are compiled by $CC, else cc.
set -euo pipefail
compiler=$1 prefix=$2 folder=$3
root=$(cd "$(dirname "$0")/.." && pwd)
library=$(dirname "$(find "$prefix" -name vae.pc)")/..
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export VAE_FIXTURES=$root/Tests/Fixtures

# What the wrapper has no use for: a second form of the version, and structs that only the library fills.
of_no_use='vae_version_number|vae_error_init_sized|vae_progress_init_sized'
for symbol in $(grep -vxE "$of_no_use" "$root/Tests/Fixtures/abi/symbols.txt"); do
  grep -qw "$symbol" "$root"/bindings/cpp/*.hpp || { echo "check-cpp: $symbol is not wrapped" >&2; exit 1; }
done

read -ra flags <<<"$(pkg-config --cflags --libs vae)"
for part in support vectors; do
  "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 "${flags[@]}" -c "$root/Tests/c/$part.c" -o "$folder/$part.o"
done
failed=0
for test in "$root"/bindings/cpp/tests/*_test.cpp; do
  program=$folder/$(basename "$test" .cpp)-$(basename "$compiler")
  "$compiler" -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -I "$root/Tests/c" \
    "$test" "$folder/support.o" "$folder/vectors.o" "${flags[@]}" -o "$program"
  "$program" "$folder" || failed=1
done
exit "$failed"
