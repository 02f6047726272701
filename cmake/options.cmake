# Options and the flags that follow from them: VAE_*_FLAGS, VAE_OPENMP_LIBRARY, VAE_MATH_LIBRARY.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or RelWithDebInfo" FORCE)
endif()

set(vae_openmp_default ON)
if(APPLE)
  set(vae_openmp_default OFF) # Apple's clang has no OpenMP runtime
endif()
option(VAE_OPENMP "Use several threads, through OpenMP" ${vae_openmp_default})
option(VAE_WERROR "Treat warnings as errors" OFF)
option(VAE_BENCH "Build the measuring programs of bench/" OFF)
option(VAE_FUZZ "Build the fuzz targets of Tests/fuzz (clang only)" OFF)
set(VAE_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")
set(VAE_TEST_ISAS "portable;avx2;avx512;neon" CACHE STRING
  "Instruction sets that each test of cmake/tests.cmake's list is run on; what the machine lacks is skipped")

# A multiplication and an addition are never fused behind our back, and -ffast-math is out of the question: equal
# seeds must give equal bits on every thread count. errno of sqrt() is of no use to anybody.
set(VAE_COMPILE_FLAGS -ffp-contract=off -fno-math-errno)
set(VAE_WARNING_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wwrite-strings -Wvla -Wundef
  -Wno-psabi) # gcc notes that it passes wide vectors in another way than version 4.5; ours never leave a file
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND VAE_COMPILE_FLAGS -O3)
endif()
if(VAE_WERROR)
  list(APPEND VAE_WARNING_FLAGS -Werror)
endif()

if(VAE_SANITIZE)
  set(vae_sanitize_flags -fsanitize=${VAE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Places of variables in the instrumented kernels take gcc minutes to work out; a line number is enough.
    list(APPEND vae_sanitize_flags -fno-var-tracking)
  endif()
  add_compile_options(${vae_sanitize_flags})
  add_link_options(-fsanitize=${VAE_SANITIZE})
endif()
if(VAE_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "VAE_FUZZ needs clang: configure with -DCMAKE_C_COMPILER=clang")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
# The Swift toolchain's clang falls back to gold, which warns about every symbol of its sanitizer runtime.
if((VAE_SANITIZE OR VAE_FUZZ) AND CMAKE_C_COMPILER_ID MATCHES "Clang")
  get_filename_component(vae_compiler_folder "${CMAKE_C_COMPILER}" DIRECTORY)
  find_program(VAE_LLD ld.lld HINTS "${vae_compiler_folder}")
  if(VAE_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

find_library(vae_libm m)
if(vae_libm)
  set(VAE_MATH_LIBRARY m)
endif()

if(VAE_OPENMP)
  # Compiled with -fopenmp, linked without it: gcc would add libgomp, in which a child made by fork() hangs after a
  # parallel region. libomp serves the code of both compilers. Debian's name for it at link time is omp5.
  set(VAE_OPENMP_COMPILE_FLAGS -fopenmp)
  if(APPLE)
    set(VAE_OPENMP_COMPILE_FLAGS -Xclang -fopenmp)
  endif()
  find_library(VAE_LIBOMP NAMES omp5 omp
    HINTS /usr/lib/llvm-19/lib /usr/lib/llvm-16/lib /usr/lib/llvm-14/lib /opt/homebrew/opt/libomp/lib)
  if(NOT VAE_LIBOMP)
    message(FATAL_ERROR "libomp was not found. Install it (tools/install.sh; Debian: libomp-dev, Fedora: libomp-devel, "
      "Arch: openmp, Homebrew: libomp) or configure with -DVAE_OPENMP=OFF (pip: -C cmake.define.VAE_OPENMP=OFF).")
  endif()
  get_filename_component(vae_libomp_name "${VAE_LIBOMP}" NAME_WE)
  get_filename_component(vae_libomp_folder "${VAE_LIBOMP}" DIRECTORY)
  string(REGEX REPLACE "^lib" "" vae_libomp_name "${vae_libomp_name}")
  # The plain name where the linker finds it by itself, so that the installed files hold no path of this machine.
  if(vae_libomp_folder IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
    set(VAE_OPENMP_LIBRARY ${vae_libomp_name})
  else()
    set(VAE_OPENMP_LIBRARY ${VAE_LIBOMP})
  endif()
else()
  set(VAE_OPENMP_COMPILE_FLAGS -Wno-unknown-pragmas)
  set(VAE_OPENMP_LIBRARY)
endif()
