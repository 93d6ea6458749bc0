#include "cli/id_list.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

static void drop_from(id_list *list, size_t count)
{
    while (list->count > count)
        free((char *)list->ids[--list->count].id.data);
}

int id_list_add(id_list *list, const allot_id *ids, size_t count)
{
    size_t before = list->count;
    if (array_reserve((void **)&list->ids, &list->capacity, list->count + count, sizeof(*list->ids)) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char *text = malloc(ids[i].id.len);
        if (text == NULL) {
            drop_from(list, before);
            return -1;
        }
        memcpy(text, ids[i].id.data, ids[i].id.len);
        list->ids[list->count++] = (allot_id){.id = {text, ids[i].id.len}, .token = ids[i].token};
    }
    return 0;
}

void id_list_done(id_list *list)
{
    drop_from(list, 0);
    free(list->ids);
    *list = (id_list){0};
}
