/* words.h - words for numbers, beside those of the API. */
#ifndef RUNTIME_WORDS_H
#define RUNTIME_WORDS_H

#include <allot/backend.h>

/* Why the store refused. Never NULL; static. */
const char *reason_text(allot_reason reason);

#endif
