# The Redis backend: objects for static linking, and the module that `allot` loads. liballot does not link hiredis.
set(redis_scripts join beat leave campaign resign add assign recall retire reap publish release ack fail unpark clean limit
    view roster inbox share bodies payloads pool)
string(REPLACE ";" "," redis_script_names "${redis_scripts}")
file(GLOB redis_lua CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/backends/redis/scripts/*.lua
     ${PROJECT_SOURCE_DIR}/backends/redis/scripts/shared/*.lua)
set(redis_embed ${PROJECT_SOURCE_DIR}/backends/redis/embed.cmake)
set(redis_embedded ${PROJECT_BINARY_DIR}/redis-scripts/scripts.c)
add_custom_command(
  OUTPUT ${redis_embedded}
  COMMAND ${CMAKE_COMMAND} -D SOURCES=${PROJECT_SOURCE_DIR}/backends/redis/scripts -D OUTPUT=${redis_embedded}
          -D NAMES=${redis_script_names} -P ${redis_embed}
  DEPENDS ${redis_lua} ${redis_embed} VERBATIM)

allot_folder(backend_redis backends/redis)
target_sources(backend_redis PRIVATE ${redis_embedded})
target_link_libraries(backend_redis PUBLIC PkgConfig::HIREDIS Threads::Threads)

# In the directory `allot` beside liballot, where it is looked for.
add_library(allot_backend_redis MODULE backends/redis/module/module.c backends/store/validate.c
            $<TARGET_OBJECTS:backend_redis> $<TARGET_OBJECTS:base>)
set_target_properties(allot_backend_redis PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/allot)
target_include_directories(allot_backend_redis PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/core/include)
target_link_libraries(allot_backend_redis PRIVATE PkgConfig::HIREDIS Threads::Threads)
# A thread that still resolves a name outlives its handle: the code must not go away under it.
target_link_options(allot_backend_redis PRIVATE -Wl,-z,nodelete)
