/* text.h - what may be written as text: ids, names, reasons (DESIGN §10). */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <allot/types.h>

/* True when the bytes are at most `max_bytes` of UTF-8 (shortest forms, no surrogates, at most U+10FFFF) without
 * control characters (U+0000 to U+001F, U+007F to U+009F). No bytes at all are text too; NULL with a length is not. */
bool text_is_valid(allot_bytes text, uint32_t max_bytes);

/* How many bytes at the front are such text: all of them, or where the first byte stands that belongs to none. */
uint32_t text_valid_bytes(allot_bytes text);

/* True when it can be the name of a group: 1 to ALLOT_GROUP_BYTES_MAX of A-Z a-z 0-9 _ - . and no dot first. */
bool text_is_group(const char *text);

#define TEXT_MODULE_BYTES_MAX 64

/* True when it can be the name of a module (DESIGN §3): 1 to 64 of a-z 0-9 _ -. */
bool text_is_module(const char *text);

/* True when the bytes can be an id: text of 1 to ALLOT_ID_BYTES_MAX bytes. */
bool id_is_valid(allot_bytes id);

#endif
