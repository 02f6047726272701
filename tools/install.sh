#!/usr/bin/env bash
# install.sh: makes sure that everything libvae is built and tested with is there. Looks first; installs only what is
# missing, through apt on Debian and Ubuntu; elsewhere says what to install by hand. Never asks a question.
# usage: install.sh [cross] [valgrind]: also what only some long checks need: `cross` compiles and runs the C tests for
# AArch64. VAE_INSTALL=no: only look.
set -euo pipefail

extras=" $* "
wanted() { [[ $extras == *" $1 "* ]]; }
swift_needed=6.2
cmake_needed=3.22
compiler=$(command -v cc || command -v gcc || command -v clang || true)

has_program() { command -v "$1" >/dev/null 2>&1; }
has_header() { [[ -n $compiler ]] && echo "#include <$1>" | "$compiler" -fsyntax-only -x c - 2>/dev/null; }
has_library() { [[ -n $compiler ]] && echo 'int main(void) { return 0; }' | "$compiler" -x c - -o /dev/null "-l$1" 2>/dev/null; }
# version_reaches FOUND NEEDED
version_reaches() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }
has_cmake() { has_program cmake && version_reaches "$(cmake --version | sed -n '1s/[^0-9]*//p')" "$cmake_needed"; }
has_swift() { has_program swift && version_reaches "$(swift_version)" "$swift_needed"; }
swift_version() { swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1; }

# look: one line per need that is not met: what | Debian and Ubuntu | Fedora | Arch | Homebrew
look() {
  has_program gcc || echo "gcc|gcc|gcc|gcc|gcc"
  has_program g++ || echo "g++|g++|gcc-c++|gcc|gcc"
  has_program cargo || echo "cargo (Rust)|cargo|cargo|rust|rust"
  has_program make || echo "make|make|make|make|make"
  has_program git || echo "git|git|git|git|git"
  has_program python3 || echo "python3|python3|python3|python|python"
  # Debian cuts the part of Python that makes virtual environments off into a package of its own.
  ! has_program python3 || python3 -c 'import ensurepip, venv' 2>/dev/null ||
    echo "python3's venv module|python3-venv|python3|python|python"
  has_program readelf || echo "binutils|binutils|binutils|binutils|binutils"
  has_program pkg-config || echo "pkg-config|pkg-config|pkgconf-pkg-config|pkgconf|pkgconf"
  has_cmake || echo "cmake $cmake_needed or later|cmake|cmake|cmake|cmake"
  has_program ninja || echo "ninja|ninja-build|ninja-build|ninja|ninja"
  has_header zlib.h || echo "zlib's headers|zlib1g-dev|zlib-devel|zlib|zlib"
  has_header png.h || echo "libpng's headers|libpng-dev|libpng-devel|libpng|libpng"
  ! wanted valgrind || has_program valgrind || echo "valgrind|valgrind|valgrind|valgrind|valgrind"
  has_library omp5 || has_library omp || echo "libomp (OpenMP)|libomp-dev|libomp-devel|openmp|libomp"
  ! wanted cross || look_for_cross
}

look_for_cross() {
  has_program aarch64-linux-gnu-gcc || echo "gcc for AArch64|gcc-aarch64-linux-gnu|gcc-aarch64-linux-gnu|aarch64-linux-gnu-gcc|aarch64-elf-gcc"
  has_program aarch64-linux-gnu-g++ || echo "g++ for AArch64|g++-aarch64-linux-gnu|gcc-c++-aarch64-linux-gnu|aarch64-linux-gnu-gcc|aarch64-elf-gcc"
  # apt is told to leave recommended packages out, and libc's headers for the cross compiler are one.
  cross_compiles || echo "libc for AArch64|libc6-dev-arm64-cross|glibc-aarch64-linux-gnu|aarch64-linux-gnu-glibc|aarch64-elf-gcc"
  has_program qemu-aarch64 || has_program qemu-aarch64-static || echo "qemu-user|qemu-user|qemu-user|qemu-user|qemu"
}
cross_compiles() { echo 'int main(void) { return 0; }' | aarch64-linux-gnu-gcc -static -x c - -o /dev/null 2>/dev/null; }

# column N: the package names of one system, each once.
column() { cut -d'|' -f"$1" <<<"$missing" | sort -u | tr '\n' ' '; }

by_hand() {
  echo "Missing: $(cut -d'|' -f1 <<<"$missing" | paste -sd, | sed 's/,/, /g')" >&2
  echo "Please install, with what your system offers:" >&2
  echo "  Debian, Ubuntu:  apt-get install $(column 2)" >&2
  echo "  Fedora:          dnf install $(column 3)" >&2
  echo "  Arch:            pacman -S $(column 4)" >&2
  echo "  macOS:           brew install $(column 5)" >&2
  exit 1
}

install_with_apt() {
  local packages as_root=()
  read -r -a packages <<<"$(column 2)"
  if [[ $(id -u) != 0 ]]; then
    # -n: fails where sudo would ask for a password; then the user is told what to do.
    if ! has_program sudo || ! sudo -n true 2>/dev/null; then
      echo "install.sh: not root, and sudo cannot be used without asking. Run this, then the same command again:" >&2
      echo "  sudo apt-get install --no-install-recommends ${packages[*]}" >&2
      exit 1
    fi
    as_root=(sudo -n)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
  local install=("${apt[@]}" install -y --no-install-recommends "${packages[@]}")
  local log
  log=$(mktemp)
  trap 'rm -f "$log"' RETURN
  echo "install.sh: installing ${packages[*]} with apt-get${as_root:+ through sudo}"
  if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null && "${install[@]}" >"$log" 2>&1; then return; fi
  # No package lists yet, or lists so old that what they name is gone.
  echo "install.sh: fetching apt's package lists first"
  if ! { "${apt[@]}" update && "${install[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    by_hand
  fi
}

missing=$(look)
if [[ -n $missing ]]; then
  if [[ ${VAE_INSTALL:-yes} == no ]] || ! has_program apt-get; then by_hand; fi
  install_with_apt
  compiler=$(command -v cc || command -v gcc || command -v clang || true)
  missing=$(look)
  if [[ -n $missing ]]; then
    echo "install.sh: apt-get reported success, but something is still missing" >&2
    by_hand
  fi
  echo "install.sh: done"
fi

if ! has_swift; then
  if has_program swift && [[ -z $(swift_version) ]]; then
    echo "swift is on the PATH but does not run:" >&2
    swift --version >&2 || true
  elif has_program swift; then
    echo "Swift $swift_needed or later is needed; version $(swift_version) is on the PATH." >&2
  else
    echo "Swift $swift_needed or later is needed; there is none on the PATH." >&2
  fi
  echo "Get it from https://www.swift.org/install/ (the tool swiftly, or an archive to unpack with the packages that the" >&2
  echo "page names for your system), and put its usr/bin on the PATH." >&2
  exit 1
fi
