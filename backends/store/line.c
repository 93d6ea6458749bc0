#include "backends/store/line.h"

#include "backends/store/internal.h"
#include "base/text.h"
#include "base/uuid_text.h"

#include <string.h>

allot_bytes store_take_field(store_line *l)
{
    if (l->bad || l->at == l->end || *l->at != ' ') {
        l->bad = true;
        return (allot_bytes){0};
    }
    const char *start = l->at + 1;
    const char *stop = memchr(start, ' ', (size_t)(l->end - start));
    l->at = stop == NULL ? l->end : stop;
    if (l->at == start)
        l->bad = true;
    return (allot_bytes){.data = start, .len = (uint32_t)(l->at - start)};
}

bool store_is_dash(allot_bytes field)
{
    return field.len == 1 && field.data[0] == '-';
}

uint64_t store_number_of(store_line *l, allot_bytes field, uint64_t limit)
{
    uint64_t number = 0;
    l->bad = l->bad || field.len == 0 || (field.len > 1 && field.data[0] == '0');
    for (uint32_t i = 0; i < field.len && !l->bad; i++) {
        uint8_t digit = (uint8_t)(field.data[i] - '0');
        l->bad = digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
                 __builtin_add_overflow(number, digit, &number);
    }
    l->bad = l->bad || number >= limit;
    return l->bad ? 0 : number;
}

uint64_t store_take_number(store_line *l, uint64_t limit)
{
    return store_number_of(l, store_take_field(l), limit);
}

int64_t store_take_signed(store_line *l)
{
    allot_bytes field = store_take_field(l);
    bool negative = field.len > 0 && field.data[0] == '-';
    if (negative) {
        field.data++;
        field.len--;
    }
    uint64_t number = store_number_of(l, field, (UINT64_C(1) << 63) + negative);
    if (!negative)
        return (int64_t)number;
    return number == 0 ? 0 : -(int64_t)(number - 1) - 1;
}

allot_uuid store_take_uuid(store_line *l)
{
    allot_uuid id = {0};
    allot_bytes field = store_take_field(l);
    if (!uuid_from_text(field.data, field.len, &id))
        l->bad = true;
    return id;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

allot_bytes store_take_text(store_line *l)
{
    allot_bytes field = store_take_field(l);
    char *to = l->text.data + l->text.len;
    uint32_t len = 0;
    if (store_is_dash(field))
        return (allot_bytes){.data = to};
    for (uint32_t i = 0; i < field.len && !l->bad; i++) {
        if (field.data[i] != '%') {
            to[len++] = field.data[i];
            continue;
        }
        int high = field.len - i > 2 ? hex_value(field.data[i + 1]) : -1;
        int low = field.len - i > 2 ? hex_value(field.data[i + 2]) : -1;
        l->bad = high < 0 || low < 0;
        to[len++] = (char)((unsigned)high << 4 | (unsigned)low);
        i += 2;
    }
    l->text.len += len;
    return (allot_bytes){.data = to, .len = len};
}

allot_bytes store_take_name(store_line *l)
{
    allot_bytes name = store_take_text(l);
    if (!text_is_valid(name, ALLOT_NAME_BYTES_MAX))
        l->bad = true;
    return name;
}

void store_take_bits(store_line *l, uint64_t *words, size_t word_count)
{
    allot_bytes field = store_take_field(l);
    memset(words, 0, word_count * sizeof(words[0]));
    if (store_is_dash(field))
        return;
    l->bad = l->bad || field.len % 16 != 0 || field.len / 16 > word_count;
    for (uint32_t i = 0; i < field.len && !l->bad; i++) {
        int value = hex_value(field.data[i]);
        l->bad = value < 0;
        words[i / 16] = words[i / 16] << 4 | (unsigned)value;
    }
    l->bad = l->bad || words[field.len / 16 - 1] == 0; /* the last one has a bit */
}
