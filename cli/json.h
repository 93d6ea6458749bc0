/* json.h - a streaming writer of JSON. The caller opens and closes objects and arrays in order; the writer puts the
 * commas and the escapes. Bytes that are not UTF-8 are written as U+FFFD. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "cli/output.h"

#include <allot/types.h>

typedef struct json {
    output *out;
    bool comma; /* the next element needs one before it */
} json;

void json_object(json *j);
void json_object_end(json *j);
void json_array(json *j);
void json_array_end(json *j);
void json_key(json *j, const char *key);
void json_string(json *j, const char *text);
void json_bytes(json *j, allot_bytes text);
void json_uuid(json *j, const allot_uuid *uuid); /* null when zero */
void json_unsigned(json *j, uint64_t n);
void json_signed(json *j, int64_t n);
void json_real(json *j, double n); /* with three digits behind the point */
void json_bool(json *j, bool flag);
void json_null(json *j);

/* A member of an object. */
void json_string_member(json *j, const char *key, const char *text);
void json_unsigned_member(json *j, const char *key, uint64_t n);
void json_signed_member(json *j, const char *key, int64_t n);
void json_uuid_member(json *j, const char *key, const allot_uuid *uuid);

/* Ends a line between two elements of an array. */
void json_break(json *j);

bool uuid_is_zero(const allot_uuid *uuid);

#endif
