/* values.h - reading the values of options. Each returns false when the text is none, and leaves *ret_... as it was. */
#ifndef BASE_VALUES_H
#define BASE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number and its unit, for example 500ms, 10s, 5m, 1h, also several: 1m30s. */
bool value_duration(const char *text, int64_t *ret_ms);

/* Decimal digits, and nothing else. */
bool value_number(const char *text, int64_t *ret_number);

/* A duration as it would be written: 10s, 500ms. */
void value_duration_text(int64_t ms, char *ret_text, size_t size);

/* Words separated by '|': the index-th, *ret_len bytes of it; NULL: there are not so many. */
const char *value_word(const char *words, size_t index, size_t *ret_len);

/* Which of the words the text is, from 0. */
bool value_of_word(const char *words, const char *text, int64_t *ret_index);

#endif
