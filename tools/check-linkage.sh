#!/usr/bin/env bash
# check-linkage.sh LIBRARY SONAME OPENMP: what the shared library needs at run time, what it calls itself, how big it is.
# libgomp must not come in (a child made by fork() hangs in it), and the library stays under 1 MB.
set -euo pipefail
library=$1 soname=$2 openmp=$3
dynamic=$(readelf -d "$library")
failed=0
fail() { echo "check-linkage: $*" >&2; failed=1; }

needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic" | sort | tr '\n' ' ')
case " $needed" in *" libgomp"*) fail "$library needs libgomp (needed: $needed)" ;; esac
case "$openmp/ $needed" in
  1/*" libomp"* | 0/*) ;;
  *) fail "$library does not need libomp (needed: $needed)" ;;
esac
[[ $openmp == 0 && " $needed" == *" libomp"* ]] && fail "$library needs libomp though it was built without OpenMP"
for name in $needed; do
  case $name in libomp.so.* | libomp5.so* | libomp.so | libc.so.* | libm.so.* | ld-linux*) ;;
    *) fail "$library needs $name, which nobody decided on" ;;
  esac
done

grep -q "(SONAME).*\[$soname\]" <<<"$dynamic" || fail "the SONAME is not $soname"
grep -q "(TEXTREL)" <<<"$dynamic" && fail "there are text relocations"
readelf -lW "$library" | grep -q "GNU_STACK.*RWE" && fail "the stack is executable"

stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" "$library"
bytes=$(stat -c %s "$stripped")
((bytes < 1000000)) || fail "$bytes bytes when stripped, over 1 MB"
echo "$soname: $bytes bytes when stripped; needs $needed"
exit $failed
