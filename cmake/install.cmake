# What is installed, by `cmake --install`, by the package (`make package`) and in the image. Two components: `image` is
# what a container needs, and `host` what a machine needs beside: units, documents.
install(TARGETS pbaas RUNTIME DESTINATION bin COMPONENT image)
install(FILES web/openapi.json web/docs.html web/docs.js deploy/seccomp.json DESTINATION share/pbaas COMPONENT image)
set(swagger web/node_modules/swagger-ui-dist)
install(FILES ${swagger}/swagger-ui.css ${swagger}/swagger-ui-bundle.js ${swagger}/LICENSE ${swagger}/NOTICE
        DESTINATION share/pbaas/node_modules/swagger-ui-dist COMPONENT image)
install(FILES LICENSE DESTINATION share/doc/pbaas RENAME copyright COMPONENT image)

install(FILES deploy/systemd/pbaas.service deploy/systemd/pbaas-gateway.service deploy/systemd/pbaas-worker.service
        DESTINATION lib/systemd/system COMPONENT host)
file(GLOB documents ${CMAKE_SOURCE_DIR}/docs/*.md)
install(FILES README.md CHANGELOG.md SECURITY.md ${documents} DESTINATION share/doc/pbaas COMPONENT host)
install(FILES deploy/debian/pbaas.env deploy/debian/fleet.env deploy/grafana/alerts.yml deploy/grafana/dashboard.json
        DESTINATION share/doc/pbaas/examples COMPONENT host)

# `make package`: one .deb of both.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pbaas)
set(CPACK_PACKAGE_CONTACT "the pbaas authors <pbaas@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Parallel Browsers as a Service: remote Chromium sessions over CDP")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
# The libraries it links are found by dpkg-shlibdeps.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, bubblewrap, ca-certificates, chromium-headless-shell | chromium, fonts-liberation")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
    "chromium, chromium-l10n, ffmpeg, fonts-noto-core, fonts-noto-cjk, fonts-noto-color-emoji")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, redis-server, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
    ${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
