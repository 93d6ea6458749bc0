/* style.h - colours: only on a terminal, and not where NO_COLOR is set or TERM is dumb. */
#ifndef CLI_STYLE_H
#define CLI_STYLE_H

#include <stdbool.h>

/* The sequences that switch a style on, and `off`; all of them "" where there is to be no colour. */
typedef struct style {
    bool on;
    const char *bold, *dim, *red, *green, *yellow, *blue, *magenta, *cyan, *off;
} style;

style style_of(int fd);

#endif
