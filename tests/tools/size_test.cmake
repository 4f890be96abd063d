# cmake -D PROGRAM=... -D LIMIT_MIB=... -P size_test.cmake
# Adds up a program and the libraries it needs beyond those of the C and C++ standard libraries.
file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${PROGRAM}
  RESOLVED_DEPENDENCIES_VAR libraries UNRESOLVED_DEPENDENCIES_VAR missing
  PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|gcc_s|stdc\\+\\+)\\.so")
if(missing)
  message(FATAL_ERROR "not found: ${missing}")
endif()
set(sum 0)
foreach(file IN LISTS PROGRAM libraries)
  file(REAL_PATH ${file} target)
  file(SIZE ${target} size)
  math(EXPR sum "${sum} + ${size}")
  message(STATUS "${size} ${file}")
endforeach()
math(EXPR limit "${LIMIT_MIB} * 1024 * 1024")
message(STATUS "${sum} bytes together, of at most ${limit}")
if(sum GREATER limit)
  message(FATAL_ERROR "too large")
endif()
