# Whether the installed manual pages and completion scripts are there, and are what the installed command prints.
foreach(case IN ITEMS
    "share/man/man1/ballast.1|man" "share/man/man1/ballast-show.1|man;show" "share/man/man1/ballast-verify.1|man;verify"
    "share/bash-completion/completions/ballast|completion;bash" "share/zsh/site-functions/_ballast|completion;zsh"
    "share/fish/vendor_completions.d/ballast.fish|completion;fish")
  string(REGEX MATCH "^([^|]*)[|](.*)$" matched "${case}")
  set(file "${PREFIX}/${CMAKE_MATCH_1}")
  execute_process(COMMAND "${PREFIX}/bin/ballast" ${CMAKE_MATCH_2} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
  file(READ "${file}" installed)
  if(NOT installed STREQUAL printed)
    message(FATAL_ERROR "${file} is not what ballast ${CMAKE_MATCH_2} prints")
  endif()
endforeach()
