# Backends and strategies: linked into liballot (ALLOT_BUILTIN), and each one but memory also a module, in the directory
# `allot` beside liballot, where it is looked for.
include(GNUInstallDirs)

set(ALLOT_BACKENDS memory file)
if(HIREDIS_FOUND)
  list(APPEND ALLOT_BACKENDS redis)
endif()
set(ALLOT_STRATEGIES round_robin hash chunked)
set(ALLOT_BUILTIN "memory;file;round_robin" CACHE STRING
    "Backends and strategies that are linked into liballot: ${ALLOT_BACKENDS};${ALLOT_STRATEGIES}")

# One object library for each strategy.
foreach(name IN LISTS ALLOT_STRATEGIES)
  add_library(strategy_${name} OBJECT ${PROJECT_SOURCE_DIR}/plugins/${name}.c)
  target_include_directories(strategy_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/core/include)
  target_link_libraries(strategy_${name} PRIVATE PkgConfig::XXHASH)
endforeach()

# ---- Modules ---------------------------------------------------------------------------------------------------------

# allot_module(KIND NAME SOURCE...): allot_KIND_NAME.so. It exports allot_module() alone, needs nothing that it does not
# say, and stays loaded, because a thread may be within it.
function(allot_module kind name)
  set(target allot_${kind}_${name})
  add_library(${target} MODULE ${ARGN})
  set_target_properties(${target} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/allot)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/core/include)
  target_link_options(${target} PRIVATE -Wl,-z,nodelete)
  if(NOT (ALLOT_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES Clang)) # clang leaves the sanitizer to the program
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/allot)
endfunction()

foreach(name IN LISTS ALLOT_STRATEGIES)
  allot_module(strategy ${name} plugins/module/module.c $<TARGET_OBJECTS:strategy_${name}>)
  target_compile_definitions(allot_strategy_${name} PRIVATE STRATEGY=${name})
endforeach()

allot_module(backend file backends/file/module/module.c $<TARGET_OBJECTS:backend_file> $<TARGET_OBJECTS:store>
             $<TARGET_OBJECTS:base>)
target_link_libraries(allot_backend_file PRIVATE Threads::Threads)
if(HIREDIS_FOUND)
  allot_module(backend redis backends/redis/module/module.c backends/store/validate.c $<TARGET_OBJECTS:backend_redis>
               $<TARGET_OBJECTS:base>)
  target_link_libraries(allot_backend_redis PRIVATE PkgConfig::HIREDIS Threads::Threads)
endif()

# ---- What is linked in -----------------------------------------------------------------------------------------------

if(NOT "memory" IN_LIST ALLOT_BUILTIN)
  message(FATAL_ERROR "ALLOT_BUILTIN is '${ALLOT_BUILTIN}': memory is part of the API, and always linked in")
endif()
set(rows "")
set(ALLOT_BUILTIN_OBJECTS "")
set(ALLOT_BUILTIN_LIBRARIES "")
foreach(name IN LISTS ALLOT_BUILTIN)
  if(name IN_LIST ALLOT_BACKENDS)
    string(APPEND rows "BACKEND(${name})\n")
    list(APPEND ALLOT_BUILTIN_OBJECTS $<TARGET_OBJECTS:backend_${name}>)
  elseif(name IN_LIST ALLOT_STRATEGIES)
    string(APPEND rows "STRATEGY(${name})\n")
    list(APPEND ALLOT_BUILTIN_OBJECTS $<TARGET_OBJECTS:strategy_${name}>)
  else()
    message(FATAL_ERROR "ALLOT_BUILTIN: there is no '${name}'; there are: ${ALLOT_BACKENDS};${ALLOT_STRATEGIES}")
  endif()
endforeach()
if("redis" IN_LIST ALLOT_BUILTIN)
  list(APPEND ALLOT_BUILTIN_LIBRARIES PkgConfig::HIREDIS)
endif()
# Included by core/runtime/builtin.c.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/builtin/builtin_list.h CONTENT "@rows@" @ONLY)
target_include_directories(runtime PRIVATE ${PROJECT_BINARY_DIR}/builtin)
