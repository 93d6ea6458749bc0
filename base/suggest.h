/* suggest.h - "did you mean ...?" */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/* Looks for the word nearest to what was written. Zero-initialise, offer each word, then read `best` (NULL: none is
 * near enough). */
typedef struct suggestion {
    const char *best;
    size_t distance;
} suggestion;

void suggest_offer(suggestion *s, const char *written, const char *word);

#endif
