# What every target of ours is compiled with. Warnings are errors; third-party headers are system headers.
set(PBAAS_SANITIZER "" CACHE STRING "address,undefined or thread; empty for none")

# Only the libraries ours link against see these flags: `pbaas_options` is linked privately by every target.
add_library(pbaas_options INTERFACE)
target_compile_options(pbaas_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor
                       -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wold-style-cast
                       # Fields left out of a designated initialiser take the defaults they were declared with.
                       -Wno-missing-designated-field-initializers)

# Debug carries line tables alone: whole debug information triples the time to compile Beast.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

if(PBAAS_SANITIZER)
  add_compile_options(-fsanitize=${PBAAS_SANITIZER} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PBAAS_SANITIZER})
  # Asio recycles coroutine frames, which would hide a use after free from the sanitizer.
  add_compile_definitions(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
endif()

# libstdc++ 12's assertions are cheap and stay on everywhere but in Release.
add_compile_definitions($<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT)
add_link_options(-fuse-ld=lld)
