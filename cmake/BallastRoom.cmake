# ballast_room(name SOURCES ... LINK ... PRIVATE_LINK ...)
# One library target per room of the house: `ballast_<name>`, used as `ballast::<name>`.

add_library(ballast_flags INTERFACE)
target_compile_features(ballast_flags INTERFACE cxx_std_20)
target_compile_options(ballast_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  # Every product and sum is rounded where the source says so: the same bits on every CPU.
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of overlapping copies inside std::string's own operator+ (its bug 105651).
  target_compile_options(ballast_flags INTERFACE -Wno-restrict)
endif()
if(BALLAST_WERROR)
  target_compile_options(ballast_flags INTERFACE -Werror)
endif()
if(BALLAST_SANITIZE)
  target_compile_options(ballast_flags INTERFACE -fsanitize=${BALLAST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(ballast_flags INTERFACE -fsanitize=${BALLAST_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code leaves GCC warning of what is initialised (its manual says so, under -fsanitize), and of the null
    # pointers that its own checks make it think of.
    target_compile_options(ballast_flags INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow)
  endif()
endif()
if(BALLAST_COVERAGE)
  target_compile_options(ballast_flags INTERFACE --coverage)
  target_link_options(ballast_flags INTERFACE --coverage)
endif()

# For sources that run only where ballast/core/cpu.h says so.
set(BALLAST_AVX2_OPTIONS -mavx2 -mfma -mf16c -fno-math-errno -fno-trapping-math)
set(BALLAST_AVX512_OPTIONS ${BALLAST_AVX2_OPTIONS} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512
  -Wno-maybe-uninitialized)  # GCC's own intrinsics (its bug 105593)

function(ballast_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(ballast_${name} STATIC ${ROOM_SOURCES})
  add_library(ballast::${name} ALIAS ballast_${name})
  target_compile_features(ballast_${name} PUBLIC cxx_std_20)
  target_include_directories(ballast_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(ballast_${name} PUBLIC ${ROOM_LINK} PRIVATE $<BUILD_INTERFACE:ballast_flags> ${ROOM_PRIVATE_LINK})
  set_target_properties(ballast_${name} PROPERTIES
    EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  set_property(GLOBAL APPEND PROPERTY BALLAST_ROOMS ballast_${name})
endfunction()
