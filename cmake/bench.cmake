# The measuring programs of bench/: every *_bench.c is one; the other *.c files there are shared by all of them. bench/run.py
# builds and runs them.

set(vae_bench_folder ${PROJECT_SOURCE_DIR}/bench)
file(GLOB vae_bench_programs CONFIGURE_DEPENDS ${vae_bench_folder}/*_bench.c)
file(GLOB vae_bench_helpers CONFIGURE_DEPENDS ${vae_bench_folder}/*.c)
list(REMOVE_ITEM vae_bench_helpers ${vae_bench_programs})
find_package(Threads REQUIRED)

add_library(vae_bench_helpers STATIC ${vae_bench_helpers})
target_link_libraries(vae_bench_helpers PUBLIC vae_static Threads::Threads)
target_include_directories(vae_bench_helpers PUBLIC ${vae_bench_folder} ${PROJECT_SOURCE_DIR}/csrc)
target_compile_options(vae_bench_helpers PUBLIC -Wall -Wextra $<$<BOOL:${VAE_WERROR}>:-Werror>)
foreach(source ${vae_bench_programs})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE vae_bench_helpers)
endforeach()
