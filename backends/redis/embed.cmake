# embed.cmake - writes the scripts as C arrays. A script names the shared pieces that it needs in its second line
# ("-- with: base slots"); they come before it, in that order, behind its first line, which is for the server ("#!lua").
#
# cmake -D SOURCES=scripts -D OUTPUT=scripts.c -D NAMES=join,beat,... -P embed.cmake
get_filename_component(directory ${OUTPUT} DIRECTORY)
string(REPLACE "," ";" names "${NAMES}")
set(arrays "")
set(rows "")
foreach(name IN LISTS names)
  file(READ ${SOURCES}/${name}.lua source)
  if(NOT source MATCHES "^(#!lua[^\n]*\n)-- with: ([^\n]*)\n")
    message(FATAL_ERROR "${name}.lua does not begin with #!lua and -- with:")
  endif()
  set(whole "${CMAKE_MATCH_1}")
  string(REPLACE " " ";" pieces "${CMAKE_MATCH_2}")
  string(LENGTH "${CMAKE_MATCH_1}" begin)
  string(SUBSTRING "${source}" ${begin} -1 rest)
  file(WRITE ${directory}/${name}.lua "${whole}")
  foreach(piece IN LISTS pieces)
    file(READ ${SOURCES}/shared/${piece}.lua text)
    file(APPEND ${directory}/${name}.lua "${text}")
  endforeach()
  file(APPEND ${directory}/${name}.lua "${rest}")
  file(SHA1 ${directory}/${name}.lua sha)
  file(READ ${directory}/${name}.lua hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(APPEND arrays "static const unsigned char ${name}_lua[] = {${hex}};\n")
  string(TOUPPER ${name} upper)
  string(APPEND rows
    "    [REDIS_SCRIPT_${upper}] = {\"${name}\", \"${sha}\", (const char *)${name}_lua, sizeof(${name}_lua)},\n")
endforeach()
file(WRITE ${OUTPUT}
  "#include \"backends/redis/scripts.h\"\n\n${arrays}\nconst redis_script redis_scripts[REDIS_SCRIPT_COUNT] = {\n${rows}};\n")
