# SPDX-License-Identifier: GPL-3.0-or-later
# Install rules and the Debian package. Included by the top CMakeLists.txt after all targets exist.
include(GNUInstallDirs)
set(ISOBAR_ID io.github.isobar.Isobar)
set(ISOBAR_DESKTOP ${CMAKE_SOURCE_DIR}/resources/desktop)

foreach(program isobar isobar-cli)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(FILES ${ISOBAR_DESKTOP}/${ISOBAR_ID}.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
install(FILES ${ISOBAR_DESKTOP}/${ISOBAR_ID}.metainfo.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/metainfo)
install(FILES ${ISOBAR_DESKTOP}/${ISOBAR_ID}.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/mime/packages)
set(ISOBAR_HICOLOR ${CMAKE_INSTALL_DATADIR}/icons/hicolor)
install(FILES ${CMAKE_SOURCE_DIR}/resources/icons/isobar.svg DESTINATION ${ISOBAR_HICOLOR}/scalable/apps
  RENAME ${ISOBAR_ID}.svg)
foreach(size 16 22 24 32 48 64 128 256 512)
  install(FILES ${CMAKE_SOURCE_DIR}/resources/icons/hicolor/isobar-${size}.png
    DESTINATION ${ISOBAR_HICOLOR}/${size}x${size}/apps RENAME ${ISOBAR_ID}.png)
endforeach()

# Compressed as Debian wants it: no name, no date, so that two builds give the same bytes.
function(isobar_install_compressed source destination name)
  set(packed ${CMAKE_BINARY_DIR}/package/${name})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
  execute_process(COMMAND gzip -9nc ${source} OUTPUT_FILE ${packed} COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${packed} DESTINATION ${destination})
endfunction()
isobar_install_compressed(${ISOBAR_DESKTOP}/isobar.1 ${CMAKE_INSTALL_MANDIR}/man1 isobar.1.gz)
isobar_install_compressed(${ISOBAR_DESKTOP}/isobar-cli.1 ${CMAKE_INSTALL_MANDIR}/man1 isobar-cli.1.gz)
set(ISOBAR_DOC ${CMAKE_INSTALL_DATADIR}/doc/isobar)
isobar_install_compressed(${CMAKE_SOURCE_DIR}/installer/debian/changelog ${ISOBAR_DOC} changelog.gz)
install(FILES ${CMAKE_SOURCE_DIR}/installer/debian/copyright DESTINATION ${ISOBAR_DOC})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME isobar)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "Isobar maintainers")
set(CPACK_PACKAGE_CONTACT "Isobar maintainers <maintainers@isobar.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "see where AI models run across clouds, and plan what runs where")
set(CPACK_PACKAGE_DESCRIPTION
"Isobar keeps the fleet and workload data of people who run AI models on
several clouds in a local file, simulates the GPU and TPU fleet live, and
shows on a world map where each model runs and how evenly the load is spread.
.
Dragging a workload from one region to another shows what that does to cost,
latency and capacity. The isobar-cli program gives the same results to
scripts. No network is needed.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Loaded as a plugin as well as linked, so it is named even if linking should change.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libqt6svg6")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "qt6-wayland")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
