#include "cli/history.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Ids by number ---------------------------------------------------------------------------------------------- */

static uint64_t hash_of(allot_bytes id)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (uint32_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.data[i]) * UINT64_C(1099511628211);
    return hash;
}

/* The place of an id in the table: taken by it, or free. */
static uint32_t *place_of(const history *h, allot_bytes id)
{
    size_t i = hash_of(id) & (h->table_size - 1);
    for (;; i = (i + 1) & (h->table_size - 1)) {
        if (h->table[i] == 0)
            return &h->table[i];
        const history_name *name = &h->names[h->table[i] - 1];
        if (name->len == id.len && memcmp(name->text, id.data, id.len) == 0)
            return &h->table[i];
    }
}

static int grow_table(history *h)
{
    if (h->table_size > h->name_count * 2)
        return 0;
    history grown = *h;
    grown.table_size = h->table_size > 0 ? h->table_size * 4 : 256;
    grown.table = calloc(grown.table_size, sizeof(*grown.table));
    if (grown.table == NULL)
        return -1;
    for (size_t i = 0; i < h->name_count; i++)
        *place_of(&grown, (allot_bytes){h->names[i].text, h->names[i].len}) = (uint32_t)i + 1;
    free(h->table);
    *h = grown;
    return 0;
}

int64_t history_id(history *h, allot_bytes id)
{
    if (grow_table(h) != 0)
        return -1;
    uint32_t *place = place_of(h, id);
    if (*place != 0)
        return *place - 1;
    if (array_reserve((void **)&h->names, &h->name_capacity, h->name_count + 1, sizeof(*h->names)) != 0)
        return -1;
    char *text = malloc((size_t)id.len + 1);
    if (text == NULL)
        return -1;
    memcpy(text, id.data, id.len);
    text[id.len] = '\0';
    h->names[h->name_count++] = (history_name){text, id.len};
    *place = (uint32_t)h->name_count;
    return (int64_t)h->name_count - 1;
}

int history_note(history *h, history_record record)
{
    if (array_reserve((void **)&h->records, &h->capacity, h->count + 1, sizeof(*h->records)) != 0)
        return -1;
    h->records[h->count++] = record;
    return 0;
}

void history_done(history *h)
{
    for (size_t i = 0; i < h->name_count; i++)
        free(h->names[i].text);
    free(h->names);
    free(h->records);
    free(h->table);
    *h = (history){0};
}

/* ---- The check -------------------------------------------------------------------------------------------------- */

/* The world while the records are played. */
typedef struct play {
    const history *history;
    uint32_t *owner; /* by id: replica + 1, 0: none */
    uint64_t *token; /* by id: the largest so far */
    bool *dead;      /* by replica */
    uint64_t term;
    verdict verdict;
} play;

__attribute__((format(printf, 2, 3))) static void wrong(play *p, const char *format, ...)
{
    if (p->verdict.wrong++ > 0)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(p->verdict.first_wrong, sizeof(p->verdict.first_wrong), format, args);
    va_end(args);
}

static void gained(play *p, const history_record *r)
{
    const char *id = p->history->names[r->id].text;
    if (p->owner[r->id] != 0)
        wrong(p, "%.36s was given to replica %" PRIu32 " while replica %" PRIu32 " owned it", id, r->replica + 1,
              p->owner[r->id]);
    if (r->number <= p->token[r->id])
        wrong(p, "%.36s was granted with token %" PRIu64 " after token %" PRIu64, id, r->number, p->token[r->id]);
    p->owner[r->id] = r->replica + 1;
    p->token[r->id] = r->number;
    p->verdict.grants++;
}

static void leads(play *p, const history_record *r)
{
    if (r->number <= p->term)
        wrong(p, "replica %" PRIu32 " led in term %" PRIu64 " after term %" PRIu64, r->replica + 1, r->number, p->term);
    p->term = r->number;
    p->verdict.terms++;
}

static void died(play *p, const history_record *r)
{
    p->dead[r->replica] = true;
    for (size_t i = 0; i < p->history->name_count; i++) {
        if (p->owner[i] == r->replica + 1)
            p->owner[i] = 0;
    }
}

static void play_record(play *p, const history_record *r)
{
    if (p->dead[r->replica])
        return;
    if (r->kind == HISTORY_GAINED)
        gained(p, r);
    else if (r->kind == HISTORY_LEADS)
        leads(p, r);
    else if (r->kind == HISTORY_DIED)
        died(p, r);
    else if (p->owner[r->id] == r->replica + 1)
        p->owner[r->id] = 0;
}

static int by_instant(const void *left, const void *right)
{
    const history_record *a = left, *b = right;
    if (a->mono_ns != b->mono_ns)
        return a->mono_ns < b->mono_ns ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}

static void play_all(play *p, history *h)
{
    qsort(h->records, h->count, sizeof(*h->records), by_instant);
    for (size_t i = 0; i < h->count; i++)
        play_record(p, &h->records[i]);
    for (size_t i = 0; i < h->name_count; i++) {
        if (p->owner[i] == 0)
            wrong(p, "%.36s has no owner in the end", h->names[i].text);
    }
    p->verdict.ids = h->name_count;
}

int history_check(history *h, uint32_t replica_count, verdict *ret_verdict)
{
    play p = {.history = h,
              .owner = calloc(h->name_count + 1, sizeof(*p.owner)),
              .token = calloc(h->name_count + 1, sizeof(*p.token)),
              .dead = calloc((size_t)replica_count + 1, sizeof(*p.dead))};
    int code = -1;
    if (p.owner != NULL && p.token != NULL && p.dead != NULL) {
        if (h->count > 0)
            play_all(&p, h);
        *ret_verdict = p.verdict;
        code = 0;
    }
    free(p.owner);
    free(p.token);
    free(p.dead);
    return code;
}
