# cmake -D PROGRAM=... -D EXPECTED=... -D SCRIPT=... -D FOLDER=... -P compare_output.cmake
# Runs PROGRAM in a FOLDER that holds nothing but SCRIPT, its twin, as that one was run, and compares what it prints with the
# file EXPECTED.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
file(COPY ${SCRIPT} DESTINATION ${FOLDER})
execute_process(COMMAND ${PROGRAM} WORKING_DIRECTORY ${FOLDER}
  OUTPUT_FILE ${FOLDER}.txt ERROR_VARIABLE error RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}: ${error}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${EXPECTED} ${FOLDER}.txt RESULT_VARIABLE different)
if(different)
  find_program(diff diff)
  if(diff)
    execute_process(COMMAND ${diff} -u ${EXPECTED} ${FOLDER}.txt)
  endif()
  message(FATAL_ERROR "the output of ${PROGRAM} is not ${EXPECTED}")
endif()
message(STATUS "[ cases ] 1 of ${EXPECTED}")
