#!/usr/bin/env bash
# check-consumer.sh pkgconfig|cmake shared|static PREFIX FOLDER EXAMPLES: builds the programs of EXAMPLES as a user of
# the installed library would, looks at which library each took, and runs it. CC, CMAKE and PROJECT_VERSION from ctest.
# libomp stays shared in both kinds: systems such as Debian have no static one.
set -euo pipefail
way=$1 kind=$2 prefix=$3 folder=$4 examples=$5
rm -rf "$folder"
mkdir -p "$folder"

library_folder=$(dirname "$(find "$prefix" -name vae.pc)")/..
if [[ $way == pkgconfig ]]; then
  export PKG_CONFIG_PATH=$library_folder/pkgconfig
  found=$(pkg-config --modversion vae)
  [[ $found == "$PROJECT_VERSION" ]] || { echo "vae.pc says $found, base.h says $PROJECT_VERSION" >&2; exit 1; }
  if [[ $kind == shared ]]; then
    libraries=$(pkg-config --libs vae)
  else
    # Both kinds lie in one folder; -l:NAME is how to ask the linker for the archive.
    libraries=$(pkg-config --static --libs vae | sed 's/-lvae\b/-l:libvae.a/')
  fi
  for source in "$examples"/*.c; do
    # shellcheck disable=SC2046,SC2086
    "$CC" -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror "$source" -o "$folder/$(basename "$source" .c)" \
      $(pkg-config --cflags vae) $libraries -lm
  done
  export LD_LIBRARY_PATH=$library_folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
else
  static=OFF
  [[ $kind == static ]] && static=ON
  "$CMAKE" -S "$examples" -B "$folder" -DCMAKE_PREFIX_PATH="$prefix" -DUSE_STATIC_VAE=$static >"$folder/cmake.log" ||
    { cat "$folder/cmake.log" >&2; exit 1; }
  "$CMAKE" --build "$folder"
fi

cd "$folder"
for source in "$examples"/*.c; do
  program=./$(basename "$source" .c)
  needs_shared=no
  readelf -d "$program" | grep -q '\[libvae\.so' && needs_shared=yes
  case $kind/$needs_shared in
    shared/yes | static/no) ;;
    *) echo "$program: asked for $kind, but needing libvae.so: $needs_shared" >&2; exit 1 ;;
  esac
  readelf -d "$program" | grep -q '\[libgomp' && { echo "$program needs libgomp" >&2; exit 1; }
  echo "$program"
  "$program"
done
