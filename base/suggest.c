#include "base/suggest.h"

#include <string.h>

#define WORD_BYTES_MAX 64

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* How many letters are missing, too many, wrong, or swapped with their neighbour (optimal string alignment). */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_BYTES_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len];
}

void suggest_offer(suggestion *s, const char *written, const char *word)
{
    size_t written_len = strlen(written), word_len = strlen(word);
    if (written_len == 0 || written_len > WORD_BYTES_MAX || word_len > WORD_BYTES_MAX)
        return;
    size_t d = distance(written, written_len, word, word_len);
    if (d > (word_len + 2) / 3 || (s->best != NULL && d >= s->distance))
        return;
    s->best = word;
    s->distance = d;
}
