/* id_list.h - ids with their tokens, copied out of events. */
#ifndef CLI_ID_LIST_H
#define CLI_ID_LIST_H

#include <allot/allot.h>

/* Zero-initialised is empty. */
typedef struct id_list {
    allot_id *ids; /* texts are the list's own; payloads are not kept */
    size_t count;
    size_t capacity;
} id_list;

/* 0 or -1 (out of memory; then the list is as before). */
int id_list_add(id_list *list, const allot_id *ids, size_t count);
void id_list_done(id_list *list);

#endif
