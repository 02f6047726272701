#!/bin/sh
# check_symbols.sh LIBVAE.so: its exported symbols are those of Tests/Fixtures/abi/symbols.txt, no more and no fewer,
# and all of them are functions with a symbol version VAE_….
set -eu
if [ $# -ne 1 ] || [ ! -f "$1" ]; then
  echo "usage: check_symbols.sh LIBVAE.so" >&2
  exit 2
fi
library=$1
list=$(dirname "$0")/../Fixtures/abi/symbols.txt
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# "T name@@VERSION": without the nodes of the version script themselves, which are absolute symbols.
LC_ALL=C nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" { print $2, $3 }' | LC_ALL=C sort >"$found"

bad=$(awk '$1 != "T" || $2 !~ /@@VAE_[0-9]/' "$found")
if [ -n "$bad" ]; then
  echo "symbols: not a function with a version VAE_…:"
  echo "$bad"
  exit 1
fi
if ! sed -e 's/^T //' -e 's/@.*//' "$found" | LC_ALL=C sort | diff -u "$list" -; then
  echo "symbols: $library exports something else than $list (- is missing, + is new)."
  echo "A new function is added to the list; one that is gone breaks every program linked with it."
  exit 1
fi
echo "symbols: $(wc -l <"$list" | tr -d ' ') checks passed, 0 failed"
