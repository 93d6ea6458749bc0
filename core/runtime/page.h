/* page.h - what one page of a read brought, copied: so that whoever looks at it holds up no store. */
#ifndef RUNTIME_PAGE_H
#define RUNTIME_PAGE_H

#include <allot/backend.h>

typedef struct page {
    allot_slot_info *slots;
    allot_pool_id *ids;
    uint32_t slot_count, id_count;
    uint64_t next_cursor;
    void *memory;
} page;

/* 0, or ALLOT_E_NOMEM with *ret_page untouched. */
int page_copy(const allot_answer *answer, page *ret_page);
void page_done(page *p);

#endif
