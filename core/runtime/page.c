#include "core/runtime/page.h"

#include <stdlib.h>
#include <string.h>

static size_t text_bytes(const allot_answer *answer)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < answer->slot_count; i++) {
        const allot_slot_info *s = &answer->slots[i];
        bytes += (size_t)s->name.len + s->host.len + s->container.len;
    }
    for (uint32_t i = 0; i < answer->id_count; i++) {
        const allot_pool_id *id = &answer->ids[i];
        bytes += (size_t)id->id.len + id->payload.len + id->reason.len;
    }
    return bytes;
}

static void copy_text(char **at, allot_bytes *text)
{
    if (text->len > 0)
        memcpy(*at, text->data, text->len);
    text->data = *at;
    *at += text->len;
}

int page_copy(const allot_answer *answer, page *ret_page)
{
    size_t slots_bytes = answer->slot_count * sizeof(allot_slot_info);
    size_t ids_bytes = answer->id_count * sizeof(allot_pool_id);
    char *memory = malloc(slots_bytes + ids_bytes + text_bytes(answer) + 1);
    if (memory == NULL)
        return ALLOT_E_NOMEM;
    page p = {.slots = (allot_slot_info *)memory,
              .ids = (allot_pool_id *)(memory + slots_bytes),
              .slot_count = answer->slot_count,
              .id_count = answer->id_count,
              .next_cursor = answer->next_cursor,
              .memory = memory};
    char *at = memory + slots_bytes + ids_bytes;
    for (uint32_t i = 0; i < p.slot_count; i++) {
        p.slots[i] = answer->slots[i];
        copy_text(&at, &p.slots[i].name);
        copy_text(&at, &p.slots[i].host);
        copy_text(&at, &p.slots[i].container);
    }
    for (uint32_t i = 0; i < p.id_count; i++) {
        p.ids[i] = answer->ids[i];
        copy_text(&at, &p.ids[i].id);
        copy_text(&at, &p.ids[i].payload);
        copy_text(&at, &p.ids[i].reason);
    }
    *ret_page = p;
    return ALLOT_OK;
}

void page_done(page *p)
{
    free(p->memory);
    *p = (page){.memory = NULL};
}
