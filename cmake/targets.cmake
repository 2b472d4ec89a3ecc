# What tests of any layer share: "support/x.h", headers alone, which include only what the test links anyway.
add_library(pbaas_test_support INTERFACE)
target_include_directories(pbaas_test_support INTERFACE ${CMAKE_SOURCE_DIR}/tests/support)

# pbaas_layer(NAME LINKS target...): one folder of src/ as one library, with a unit test for each X_test.cc in it.
# It links only what the table of layers in ARCHITECTURE.md allows, so that a wrong include does not build:
# each layer's headers are visible only through its own target.
function(pbaas_layer name)
  cmake_parse_arguments(LAYER "" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  # The layer's headers are reached as "name/x.h" through a folder that holds a link to this one alone.
  set(include_root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${include_root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${include_root}/${name} SYMBOLIC)

  if(sources)
    add_library(pbaas_${name} STATIC ${sources})
    target_include_directories(pbaas_${name} PUBLIC ${include_root})
    target_link_libraries(pbaas_${name} PUBLIC ${LAYER_LINKS} PRIVATE pbaas_options ${LAYER_PRIVATE_LINKS})
    # Most of a file's compile time is Asio's headers, twice so with a sanitizer: there, several files share it. Other
    # builds compile each file alone, so that a missing #include is seen.
    if(PBAAS_SANITIZER)
      set_target_properties(pbaas_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
    endif()
  else()
    add_library(pbaas_${name} INTERFACE)
    target_include_directories(pbaas_${name} INTERFACE ${include_root})
    target_link_libraries(pbaas_${name} INTERFACE ${LAYER_LINKS})
  endif()

  if(tests AND PBAAS_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE pbaas_${name} pbaas_options pbaas_test_support GTest::gmock_main ${LAYER_PRIVATE_LINKS})
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()
