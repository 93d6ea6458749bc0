/* reading.c - the state of the group, read page by page, as text and as single entries. */
#include "tests/conformance/world.h"

#include "base/bits.h"
#include "base/uuid_text.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 50, BODIES = 16 };

static allot_op read_op(allot_op_kind kind, const allot_uuid *target, uint64_t cursor)
{
    allot_op op;
    memset(&op, 0, sizeof(op));
    op.kind = kind;
    op.timeout_us = 10 * SECOND_US;
    op.u.read.limit = PAGE;
    op.u.read.cursor = cursor;
    if (target != NULL)
        op.u.read.target = *target;
    return op;
}

static const allot_answer *read_page(world *w, const allot_op *op)
{
    return EXPECT_OK(driver_call(world_handle(w, 0), op));
}

const allot_answer *read_view(world *w)
{
    allot_op op = read_op(ALLOT_OP_READ_VIEW, NULL, 0);
    return read_page(w, &op);
}

const allot_slot_info *read_slot(world *w, const member *m)
{
    uint64_t cursor = 0;
    do {
        allot_op op = read_op(ALLOT_OP_READ_ROSTER, NULL, cursor);
        const allot_answer *a = read_page(w, &op);
        for (uint32_t i = 0; i < a->slot_count; i++)
            if (uuid_equal(&a->slots[i].slot, &m->slot))
                return &a->slots[i];
        cursor = a->next_cursor;
    } while (cursor != 0);
    return NULL;
}

static bool is_text(allot_bytes b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.data, text, b.len) == 0;
}

const allot_pool_id *read_id(world *w, const char *id)
{
    uint64_t cursor = 0;
    do {
        allot_op op = read_op(ALLOT_OP_READ_POOL, NULL, cursor);
        op.u.read.with_payloads = true;
        const allot_answer *a = read_page(w, &op);
        for (uint32_t i = 0; i < a->id_count; i++)
            if (is_text(a->ids[i].id, id))
                return &a->ids[i];
        cursor = a->next_cursor;
    } while (cursor != 0);
    return NULL;
}

/* ---- Bodies of the inbox or of a share -------------------------------------------------------------------------- */

typedef bool (*body_visit)(void *user, const allot_segment_body *body, uint32_t position);

/* Calls visit for every id not done of these segments, until it returns false. */
static bool each_id(world *w, const allot_uuid *target, const uint64_t *segments, uint32_t count, body_visit visit,
                    void *user)
{
    allot_op op = read_op(ALLOT_OP_READ_SEGMENTS, target, 0);
    op.u.read.segment_count = count;
    op.u.read.segments = segments;
    const allot_answer *a = read_page(w, &op);
    ck_assert_uint_eq(a->body_count, count);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < a->bodies[i].count; k++)
            if (!bits_test(a->bodies[i].done, k) && !visit(user, &a->bodies[i], k))
                return false;
    return true;
}

static bool each_id_of(world *w, const allot_uuid *target, body_visit visit, void *user)
{
    uint64_t cursor = 0;
    do {
        allot_op op = read_op(target != NULL ? ALLOT_OP_READ_SHARE : ALLOT_OP_READ_INBOX, target, cursor);
        op.u.read.limit = BODIES;
        const allot_answer *a = read_page(w, &op);
        uint64_t segments[BODIES];
        ck_assert_uint_le(a->segment_count, BODIES);
        for (uint32_t i = 0; i < a->segment_count; i++)
            segments[i] = a->segments[i].segment;
        if (a->segment_count > 0 && !each_id(w, target, segments, a->segment_count, visit, user))
            return false;
        cursor = a->next_cursor;
    } while (cursor != 0);
    return true;
}

typedef struct search {
    const char *id;
    allot_item item;
} search;

static bool search_visit(void *user, const allot_segment_body *body, uint32_t position)
{
    search *s = user;
    if (!is_text(body->ids[position].id, s->id))
        return true;
    s->item = (allot_item){body->segment, body->token, position, body->ids[position].id};
    return false;
}

static bool find_in(world *w, const allot_uuid *target, const char *id, allot_item *ret_item)
{
    search s = {.id = id};
    if (each_id_of(w, target, search_visit, &s))
        return false;
    *ret_item = s.item;
    return true;
}

bool find_item(const member *m, const char *id, allot_item *ret_item)
{
    return find_in(m->w, &m->slot, id, ret_item);
}

static bool find_part_in(world *w, const allot_uuid *target, const char *id, allot_part *ret_part)
{
    allot_item item;
    if (!find_in(w, target, id, &item))
        return false;
    *ret_part = (allot_part){.segment = item.segment, .position = item.position};
    return true;
}

bool find_part(world *w, const char *id, allot_part *ret_part)
{
    return find_part_in(w, NULL, id, ret_part);
}

bool find_owned_part(const member *m, const char *id, allot_part *ret_part)
{
    return find_part_in(m->w, &m->slot, id, ret_part);
}

/* ---- As text ---------------------------------------------------------------------------------------------------- */

static char *fresh_text(world *w)
{
    char *text = w->texts[w->next_text++ % WORLD_TEXTS];
    text[0] = '\0';
    return text;
}

static void append(char *text, allot_bytes id, bool mark)
{
    size_t len = strlen(text);
    ck_assert_uint_lt(len + id.len + 3, WORLD_TEXT_BYTES);
    if (len > 0)
        text[len++] = ' ';
    memcpy(text + len, id.data, id.len);
    len += id.len;
    if (mark)
        text[len++] = '!';
    text[len] = '\0';
}

static bool text_visit(void *user, const allot_segment_body *body, uint32_t position)
{
    append(user, body->ids[position].id, bits_test(body->recalled, position));
    return true;
}

const char *inbox_text(world *w)
{
    char *text = fresh_text(w);
    each_id_of(w, NULL, text_visit, text);
    return text;
}

const char *share_text(const member *m)
{
    char *text = fresh_text(m->w);
    each_id_of(m->w, &m->slot, text_visit, text);
    return text;
}

static int by_text(const void *a, const void *b)
{
    const allot_bytes *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : (int)x->len - (int)y->len;
}

const char *parked_text(world *w)
{
    char *text = fresh_text(w);
    allot_bytes found[ALLOT_OP_ITEMS_MAX];
    size_t count = 0;
    uint64_t cursor = 0;
    do {
        allot_op op = read_op(ALLOT_OP_READ_POOL, NULL, cursor);
        const allot_answer *a = read_page(w, &op);
        for (uint32_t i = 0; i < a->id_count; i++) {
            ck_assert_uint_lt(count, ALLOT_OP_ITEMS_MAX);
            if (a->ids[i].place == ALLOT_PLACE_PARKED)
                found[count++] = a->ids[i].id;
        }
        cursor = a->next_cursor;
    } while (cursor != 0);
    qsort(found, count, sizeof(*found), by_text);
    for (size_t i = 0; i < count; i++)
        append(text, found[i], false);
    return text;
}
