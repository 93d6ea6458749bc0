/* words.h - words of a line that was read, and of the line that was written of it: they may differ in letters, not in
 * what they say. Over a text this is a little too mild (its zeros, its capitals), never too strict. */
#ifndef TESTS_FUZZ_WORDS_H
#define TESTS_FUZZ_WORDS_H

#include "base/bytes.h"

#include <stdbool.h>

/* 007 and 7, %41 and a, F and f, %2f and /, nothing as - or 0 or written out. */
bool words_are_same(const char *read, size_t read_len, const char *written, size_t written_len);

/* The next word; moves *at behind it, to NULL when it was the last. */
const char *words_next(const char **at, const char *end, size_t *ret_len);

#endif
