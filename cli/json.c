#include "cli/json.h"

#include "cli/utf8.h"

#include <allot/allot.h>
#include <inttypes.h>
#include <string.h>

static void element(json *j)
{
    if (j->comma)
        output_put(j->out, ",", 1);
    j->comma = true;
}

static void opened(json *j, const char *bracket)
{
    element(j);
    output_put(j->out, bracket, 1);
    j->comma = false;
}

static void closed(json *j, const char *bracket)
{
    output_put(j->out, bracket, 1);
    j->comma = true;
}

void json_object(json *j)
{
    opened(j, "{");
}

void json_object_end(json *j)
{
    closed(j, "}");
}

void json_array(json *j)
{
    opened(j, "[");
}

void json_array_end(json *j)
{
    closed(j, "]");
}

static void escaped(output *out, unsigned char c)
{
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *p = short_forms; *p != '\0'; p += 2) {
        if ((unsigned char)p[0] == c) {
            output_printf(out, "\\%c", p[1]);
            return;
        }
    }
    output_printf(out, "\\u%04x", c);
}

/* How many bytes at the front can be written as they are. */
static size_t plain(const char *data, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint32_t point;
        size_t n = utf8_next(data + i, len - i, &point);
        if (n == 0 || point < 0x20 || point == '"' || point == '\\' || point == 0x7F)
            break;
        i += n;
    }
    return i;
}

static void quoted(output *out, const char *data, size_t len)
{
    output_put(out, "\"", 1);
    while (len > 0) {
        size_t n = plain(data, len);
        output_put(out, data, n);
        if (n < len) {
            if ((unsigned char)data[n] < 0x80)
                escaped(out, (unsigned char)data[n]);
            else
                output_text(out, "\xEF\xBF\xBD");
            n++;
        }
        data += n;
        len -= n;
    }
    output_put(out, "\"", 1);
}

void json_key(json *j, const char *key)
{
    element(j);
    quoted(j->out, key, strlen(key));
    output_put(j->out, ":", 1);
    j->comma = false;
}

void json_bytes(json *j, allot_bytes text)
{
    element(j);
    quoted(j->out, text.data, text.len);
}

void json_string(json *j, const char *text)
{
    element(j);
    quoted(j->out, text, strlen(text));
}

bool uuid_is_zero(const allot_uuid *uuid)
{
    static const allot_uuid zero;
    return memcmp(uuid, &zero, sizeof(zero)) == 0;
}

void json_uuid(json *j, const allot_uuid *uuid)
{
    if (uuid_is_zero(uuid)) {
        json_null(j);
        return;
    }
    char text[ALLOT_UUID_TEXT_BYTES];
    allot_uuid_text(uuid, text);
    json_string(j, text);
}

void json_unsigned(json *j, uint64_t n)
{
    element(j);
    output_printf(j->out, "%" PRIu64, n);
}

void json_signed(json *j, int64_t n)
{
    element(j);
    output_printf(j->out, "%" PRId64, n);
}

void json_real(json *j, double n)
{
    element(j);
    output_printf(j->out, "%.3f", n);
}

void json_bool(json *j, bool flag)
{
    element(j);
    output_text(j->out, flag ? "true" : "false");
}

void json_null(json *j)
{
    element(j);
    output_text(j->out, "null");
}

void json_string_member(json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_string(j, text);
}

void json_unsigned_member(json *j, const char *key, uint64_t n)
{
    json_key(j, key);
    json_unsigned(j, n);
}

void json_signed_member(json *j, const char *key, int64_t n)
{
    json_key(j, key);
    json_signed(j, n);
}

void json_uuid_member(json *j, const char *key, const allot_uuid *uuid)
{
    json_key(j, key);
    json_uuid(j, uuid);
}

void json_break(json *j)
{
    if (j->comma)
        output_put(j->out, ",", 1);
    output_put(j->out, "\n", 1);
    j->comma = false;
}
