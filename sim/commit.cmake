cmake_minimum_required(VERSION 3.18)
# Writes OUT: the commit of SOURCE that is being built, for messages about failures. Only when it has changed.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --match=none
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define SIM_COMMIT \"@commit@\"\n" @ONLY)
