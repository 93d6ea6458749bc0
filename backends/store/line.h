/* line.h - the fields of a line of a dump, read one after the other. */
#ifndef STORE_LINE_H
#define STORE_LINE_H

#include "backends/store/store.h"
#include "base/bytes.h"

/* One line on its way. A field that is not what it should be sets `bad`, and every later one reads as nothing. */
typedef struct store_line {
    store *s;
    const char *at, *end;
    bool bad;
    bytes text; /* what texts of this line stand for; as large as the line, so that it never moves */
} store_line;

allot_bytes store_take_field(store_line *l);
bool store_is_dash(allot_bytes field);
/* A number below `limit`, in decimal. */
uint64_t store_number_of(store_line *l, allot_bytes field, uint64_t limit);
uint64_t store_take_number(store_line *l, uint64_t limit);
int64_t store_take_signed(store_line *l);
allot_uuid store_take_uuid(store_line *l);
/* What the text stands for lies in l->text. */
allot_bytes store_take_text(store_line *l);
allot_bytes store_take_name(store_line *l);
void store_take_bits(store_line *l, uint64_t *words, size_t word_count);

#endif
