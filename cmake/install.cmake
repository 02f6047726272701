# cmake --install: headers (those of C and of C++), both libraries, vae.pc, the package config and the licence.

install(TARGETS vae vae_static EXPORT vaeTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
file(GLOB vae_cpp_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bindings/cpp/*.hpp)
install(FILES ${vae_headers} ${vae_cpp_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/vae)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(vae_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/vae)
install(EXPORT vaeTargets NAMESPACE vae:: DESTINATION ${vae_package_folder})
configure_package_config_file(cmake/vaeConfig.cmake.in ${PROJECT_BINARY_DIR}/vaeConfig.cmake
  INSTALL_DESTINATION ${vae_package_folder})
# Before 1.0 a minor version may change the ABI.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vaeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vaeConfig.cmake ${PROJECT_BINARY_DIR}/vaeConfigVersion.cmake
  DESTINATION ${vae_package_folder})

# The prefix is told from where the file lies, so that an installed tree can be moved.
set(vae_pc_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH vae_pc_prefix "/prefix/${vae_pc_folder}" "/prefix")
string(REGEX REPLACE "/$" "" vae_pc_prefix "${vae_pc_prefix}")
set(vae_pc_private "")
foreach(library ${VAE_OPENMP_LIBRARY} ${VAE_MATH_LIBRARY})
  if(IS_ABSOLUTE "${library}")
    string(APPEND vae_pc_private " ${library}")
  else()
    string(APPEND vae_pc_private " -l${library}")
  endif()
endforeach()
string(STRIP "${vae_pc_private}" vae_pc_private)
configure_file(cmake/vae.pc.in ${PROJECT_BINARY_DIR}/vae.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/vae.pc DESTINATION ${vae_pc_folder})
