# The C tests: every Tests/c/*_test.c is a program and a ctest of that name; the other *.c files there are shared by
# all of them. They are linked with libvae.a, whose internal functions (vaei_) can be called.

set(vae_test_folder ${PROJECT_SOURCE_DIR}/Tests/c)
file(GLOB vae_test_programs CONFIGURE_DEPENDS ${vae_test_folder}/*_test.c)
file(GLOB vae_test_helpers CONFIGURE_DEPENDS ${vae_test_folder}/*.c)
list(REMOVE_ITEM vae_test_helpers ${vae_test_programs} ${vae_test_folder}/with_isa.c)
find_package(Threads REQUIRED)
find_package(Python3 COMPONENTS Interpreter)

# What tests of the core and programs around it are compiled with.
add_library(vae_testing INTERFACE)
target_link_libraries(vae_testing INTERFACE vae_static Threads::Threads)
target_include_directories(vae_testing INTERFACE ${vae_test_folder} ${PROJECT_SOURCE_DIR}/csrc)
target_compile_options(vae_testing INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${VAE_WERROR}>:-Werror>)
target_compile_definitions(vae_testing INTERFACE VAE_FIXTURES_DIR="${PROJECT_SOURCE_DIR}/Tests/Fixtures")

if(vae_test_helpers)
  add_library(vae_test_helpers STATIC ${vae_test_helpers})
  target_link_libraries(vae_test_helpers PUBLIC vae_testing)
  set_target_properties(vae_test_helpers PROPERTIES C_STANDARD 11)
endif()

function(vae_add_program name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE vae_testing $<TARGET_NAME_IF_EXISTS:vae_test_helpers>)
  if(vae_test_helpers AND NOT APPLE)
    target_link_options(${name} PRIVATE LINKER:-u,__lsan_default_suppressions) # of support.c, whether it is used or not
  endif()
  set_target_properties(${name} PROPERTIES C_STANDARD 11 CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON)
endfunction()

# Tests whose work is done by the kernels are run once more on each instruction set, chosen as a user would, by the
# environment. Most walk through the instruction sets by themselves and do not need it.
set(vae_tests_per_isa resume training)
vae_add_program(with_isa ${vae_test_folder}/with_isa.c)

foreach(source ${vae_test_programs})
  get_filename_component(name ${source} NAME_WE)
  vae_add_program(${name} ${source})
  add_test(NAME c.${name} COMMAND ${name})
  list(APPEND vae_c_tests c.${name})
  string(REGEX REPLACE "_test$" "" subject ${name})
  if(subject IN_LIST vae_tests_per_isa)
    foreach(isa ${VAE_TEST_ISAS})
      add_test(NAME c.${name}.${isa} COMMAND with_isa ${isa} ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${name}>)
      list(APPEND vae_c_tests c.${name}.${isa})
    endforeach()
  endif()
endforeach()

file(GLOB vae_cpp_tests CONFIGURE_DEPENDS ${vae_test_folder}/*_test.cpp)
if(vae_cpp_tests)
  enable_language(CXX)
  foreach(source ${vae_cpp_tests})
    get_filename_component(name ${source} NAME_WE)
    vae_add_program(${name} ${source})
    # The headers must be clean in every user's C++, whatever the rest of the build allows.
    target_compile_options(${name} PRIVATE -Werror)
    add_test(NAME c.${name} COMMAND ${name})
    list(APPEND vae_c_tests c.${name})
  endforeach()
endif()

if(vae_c_tests)
  set(vae_timeout 600)
  set(vae_serial "VAE_TEST_SERIAL=$<IF:$<BOOL:${VAE_OPENMP}>,0,1>")
  if(VAE_SANITIZE OR CMAKE_CROSSCOMPILING_EMULATOR)
    set(vae_timeout 1800)
  endif()
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    # For programs that start others; libgomp is told to let waiting threads sleep; a processor that has all features.
    set(vae_surroundings VAE_TEST_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR} OMP_WAIT_POLICY=passive QEMU_CPU=max)
  endif()
  if(VAE_OPENMP_LIBRARY STREQUAL "gomp")
    list(APPEND vae_surroundings VAE_TEST_LIBGOMP=1)
  endif()
  # 77: the machine lacks what the test needs. Threads that wait go to sleep at once, since ctest runs several programs
  # beside each other.
  set_tests_properties(${vae_c_tests} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${vae_timeout}
    ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1;ASAN_OPTIONS=allocator_may_return_null=1;KMP_BLOCKTIME=0;${vae_serial};${vae_surroundings}")
  if(CMAKE_CROSSCOMPILING_EMULATOR AND TARGET bf16_training_test)
    # Once more on a processor without bf16, where it has to be refused.
    add_test(NAME c.bf16_training_test.refused COMMAND bf16_training_test)
    set_tests_properties(c.bf16_training_test.refused PROPERTIES ENVIRONMENT QEMU_CPU=cortex-a72
      PASS_REGULAR_EXPRESSION "only its refusal was tested" FAIL_REGULAR_EXPRESSION "[1-9][0-9]* failed")
    set_tests_properties(c.bf16_training_test PROPERTIES FAIL_REGULAR_EXPRESSION "only its refusal was tested")
  endif()
  # The longest first, so that no core idles at the end.
  foreach(name threads_test gradient_oracle_test)
    if(TEST c.${name})
      set_tests_properties(c.${name} PROPERTIES COST 100)
    endif()
  endforeach()
endif()

if(VAE_FUZZ)
  file(GLOB vae_fuzz_targets CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/Tests/fuzz/*.c)
  foreach(source ${vae_fuzz_targets})
    get_filename_component(name ${source} NAME_WE)
    add_executable(fuzz_${name} ${source})
    target_link_libraries(fuzz_${name} PRIVATE vae_testing)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(fuzz_${name} PROPERTIES C_STANDARD 11 RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  endforeach()
endif()

# What follows looks at the libraries as they ship; a sanitized build is not one of them.
if(VAE_SANITIZE OR VAE_FUZZ)
  return()
endif()

if(Python3_FOUND)
  add_test(NAME check.layers COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/check-layers.py
    ${PROJECT_SOURCE_DIR} --objects ${PROJECT_BINARY_DIR}/CMakeFiles/vae_objects.dir)
endif()
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  return()
endif()

add_test(NAME check.symbols COMMAND bash ${vae_test_folder}/check_symbols.sh $<TARGET_FILE:vae>)
add_test(NAME check.linkage COMMAND bash ${PROJECT_SOURCE_DIR}/tools/check-linkage.sh
  $<TARGET_FILE:vae> $<TARGET_SONAME_FILE_NAME:vae> $<BOOL:${VAE_OPENMP}>)
if(Python3_FOUND AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|aarch64" AND NOT VAE_SANITIZE)
  add_test(NAME check.object-code COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/check-object-code.py
    $<TARGET_FILE:vae> ${CMAKE_OBJDUMP})
endif()

# A user's way to the library: install it into an empty prefix, then build the example from there.
set(vae_prefix ${PROJECT_BINARY_DIR}/prefix)
add_test(NAME install.prefix COMMAND ${CMAKE_COMMAND} -D BUILD=${PROJECT_BINARY_DIR} -D PREFIX=${vae_prefix}
  -P ${PROJECT_SOURCE_DIR}/cmake/install-fresh.cmake)
set_tests_properties(install.prefix PROPERTIES FIXTURES_SETUP prefix)
foreach(way pkgconfig cmake)
  foreach(kind shared static)
    add_test(NAME install.${way}.${kind} COMMAND bash ${PROJECT_SOURCE_DIR}/tools/check-consumer.sh
      ${way} ${kind} ${vae_prefix} ${PROJECT_BINARY_DIR}/consumer-${way}-${kind} ${PROJECT_SOURCE_DIR}/examples/c)
    set_tests_properties(install.${way}.${kind} PROPERTIES FIXTURES_REQUIRED prefix TIMEOUT 300
      ENVIRONMENT "CC=${CMAKE_C_COMPILER};CMAKE=${CMAKE_COMMAND};PROJECT_VERSION=${PROJECT_VERSION}")
  endforeach()
endforeach()
