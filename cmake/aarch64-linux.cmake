# Toolchain: Debian's cross compilers for AArch64 Linux; the tests run under qemu-user. Static programs, so that qemu
# needs no folder with the other system's libraries.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
find_program(VAE_QEMU NAMES qemu-aarch64 qemu-aarch64-static REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR ${VAE_QEMU})
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# gcc 12.2's vectoriser for AArch64 fails on a test (an internal error); the kernels are vectors as they are written. Static programs
# cannot put a malloc of their own in front of the C library's.
set(CMAKE_C_FLAGS_INIT "-fno-tree-vectorize -DVAE_TESTS_ARE_STATIC")
