/* news.h - ids to add. */
#ifndef RUNTIME_NEWS_H
#define RUNTIME_NEWS_H

#include <allot/allot.h>

/* All ids, before the first is sent. Errors: INVALID, LIMIT, with the index of the id. */
int news_check(const allot_new *ids, size_t count, allot_error *ret_error);

#endif
