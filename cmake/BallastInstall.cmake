# What `cmake --install` puts in place: the rooms' libraries and headers, the command with its manual and completion, and the
# package that find_package(ballast) finds.
#
#   find_package(ballast REQUIRED)
#   target_link_libraries(app PRIVATE ballast::ballast)       # or single rooms: ballast::nn
include(CMakePackageConfigHelpers)
include(BallastPublicHeaders)

get_property(rooms GLOBAL PROPERTY BALLAST_ROOMS)
install(TARGETS ${rooms} EXPORT ballast_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
ballast_public_headers(headers)
foreach(header IN LISTS headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${PROJECT_SOURCE_DIR}/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
endforeach()
if(BALLAST_BUILD_TOOLS)
  install(TARGETS ballast_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET ballast_manual)
    set(made ${PROJECT_BINARY_DIR}/tools/ballast/share)
    install(DIRECTORY ${made}/man/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
    install(DIRECTORY ${made}/bash-completion ${made}/zsh ${made}/fish DESTINATION ${CMAKE_INSTALL_DATADIR})
  endif()
endif()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ballast)
install(EXPORT ballast_targets NAMESPACE ballast:: DESTINATION ${package_folder})
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/ballastConfig.cmake.in ${PROJECT_BINARY_DIR}/ballastConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ballastConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ballastConfig.cmake ${PROJECT_BINARY_DIR}/ballastConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindOneDNN.cmake ${CMAKE_CURRENT_LIST_DIR}/FindOpenBLAS.cmake DESTINATION ${package_folder})
