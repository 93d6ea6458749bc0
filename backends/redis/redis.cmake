# The Redis backend. Unless it is built in (ALLOT_BUILTIN), liballot does not link hiredis.
set(redis_scripts join beat leave campaign resign add assign deal recall retire reap publish release ack fail unpark clean
    limit view roster inbox share bodies payloads pool)
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
