/* problems.h - libyaml's words for what it cannot read, in words that say what to do. */
#ifndef CONFIG_PROBLEMS_H
#define CONFIG_PROBLEMS_H

#include "config/inside.h"

typedef struct problem {
    const char *text;    /* libyaml's */
    const char *context; /* likewise; NULL: none */
    size_t at;           /* bytes in the source */
    size_t context_at;
} problem;

/* Adds the error. 0 or -1. */
int problem_tell(config_inside *in, const problem *p);

#endif
