/* guess.h - what may have been meant by a value that cannot be read. Each function writes it, or "" when nothing comes
 * to mind. */
#ifndef CONFIG_GUESS_H
#define CONFIG_GUESS_H

#include <stddef.h>

/* "10" → 10s, "1.5 sec" → 1500ms. */
void guess_duration(const char *text, char *ret_guess, size_t size);

/* "1,000" → 1000, "+5" → 5, "010" → 10. */
void guess_integer(const char *text, char *ret_guess, size_t size);

/* "yes", "On", "TRUE" → true. */
void guess_boolean(const char *text, char *ret_guess, size_t size);

/* The nearest of the words, which are separated by '|'. */
void guess_word(const char *text, const char *words, char *ret_guess, size_t size);

#endif
