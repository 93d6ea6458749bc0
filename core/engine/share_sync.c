#include "base/bytes.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <string.h>

/* Segments of one READ_SHARE page; bodies of one READ_SEGMENTS, and their ids if they are more than one. */
#define LISTING_PAGE 1024u
#define BODIES_AT_ONCE 64u
#define IDS_AT_ONCE (8u * ALLOT_SEGMENT_IDS_MAX)

bool share_is_synced(const engine *e)
{
    return !e->share.reading && e->share.synced_rev >= e->view.share_rev;
}

static void read_failed(engine *e)
{
    share *s = &e->share;
    s->reading = false;
    s->again_us = e->now_us + backoff_us(e, 2, ttl_part(e, 6));
}

static void read_listing(engine *e, uint64_t cursor)
{
    pending *p = ops_new(e, ALLOT_OP_READ_SHARE, 0);
    if (p == NULL)
        return;
    p->op.u.read = (allot_op_read){.target = e->slot, .cursor = cursor, .limit = LISTING_PAGE};
    ops_send(e, p);
}

static void start_listing(engine *e)
{
    share *s = &e->share;
    s->reading = true;
    s->listing_count = 0;
    s->fetch_count = s->fetch_next = 0;
    read_listing(e, 0);
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

static void fetch_later(engine *e, const allot_segment_info *info)
{
    share *s = &e->share;
    if (array_reserve((void **)&s->fetch, &s->fetch_capacity, s->fetch_count + 1, sizeof(s->fetch[0])) != 0) {
        engine_fail(e);
        return;
    }
    s->fetch[s->fetch_count++] = info;
}

/* Of the ids held, those known to be recalled. Busy ones do not count: the store may have settled them already, and a
 * new recall must not hide behind the difference. */
static uint32_t recalled_count(const seg *sg)
{
    uint64_t recalled[SEGMENT_WORDS];
    for (size_t w = 0; w < SEGMENT_WORDS; w++)
        recalled[w] = sg->recalled[w] & ~sg->done[w] & ~sg->busy[w];
    return bits_count(recalled, sg->body->count);
}

/* The segment as it is held under this token; NULL: it is not. One that is held under another token was given back
 * whole (the answer is still out) and granted anew: what is left of that is forgotten. */
static seg *find_grant(engine *e, uint64_t segment, uint64_t token, uint32_t *ret_index)
{
    share *s = &e->share;
    seg *sg = share_find(s, segment, ret_index);
    if (sg == NULL || sg->body->token == token)
        return sg;
    share_tell(e, *ret_index, ALLOT_EVENT_LOST, NULL, ALLOT_WHY_CLEANED);
    share_remove(s, *ret_index);
    return NULL;
}

static void compare_one(engine *e, const allot_segment_info *info)
{
    uint32_t index = 0;
    seg *sg = find_grant(e, info->segment, info->token, &index);
    if (sg == NULL) {
        fetch_later(e, info);
        return;
    }
    sg->listed = true;
    if (!e->drained_seen && info->recalled > recalled_count(sg))
        fetch_later(e, info);
}

/* A segment that the store does not list any more, though this replica has not reported all of it: cleaned. */
static void drop_unlisted(engine *e)
{
    share *s = &e->share;
    for (size_t i = s->count; i-- > 0;) {
        uint32_t index = s->order[i];
        seg *sg = &s->segs[index];
        if (sg->listed)
            continue;
        if (sg->busy_count == sg->live)
            continue; /* all of it is in reports under way; their answers settle it */
        share_tell(e, index, ALLOT_EVENT_LOST, NULL, ALLOT_WHY_CLEANED);
        share_remove(s, index);
    }
}

static void read_bodies(engine *e);

static void compare(engine *e)
{
    share *s = &e->share;
    for (size_t i = 0; i < s->count; i++)
        s->segs[s->order[i]].listed = false;
    for (size_t i = 0; i < s->listing_count && !e->failed; i++)
        compare_one(e, &s->listing[i]);
    if (!e->failed)
        drop_unlisted(e);
    if (!e->failed)
        read_bodies(e);
}

void share_on_listing(engine *e, pending *p, const allot_answer *answer)
{
    share *s = &e->share;
    if (answer->outcome.status != ALLOT_STATUS_OK) {
        read_failed(e);
        member_refused(e, answer->outcome.reason);
        return;
    }
    if (p->op.u.read.cursor == 0)
        s->listing_rev = answer->share_rev;
    if (answer->share_rev != s->listing_rev) {
        start_listing(e); /* it changed between two pages */
        return;
    }
    size_t need = s->listing_count + answer->segment_count;
    if (array_reserve((void **)&s->listing, &s->listing_capacity, need, sizeof(s->listing[0])) != 0) {
        engine_fail(e);
        return;
    }
    if (answer->segment_count > 0)
        memcpy(&s->listing[s->listing_count], answer->segments, answer->segment_count * sizeof(s->listing[0]));
    s->listing_count = need;
    if (answer->next_cursor != 0)
        read_listing(e, answer->next_cursor);
    else
        compare(e);
}

/* ---- Bodies ------------------------------------------------------------------------------------------------------ */

static void synced(engine *e)
{
    share *s = &e->share;
    s->reading = false;
    s->synced_rev = s->listing_rev;
    s->fetch_count = s->fetch_next = 0;
}

/* How many of the next segments one op reads. */
static size_t next_bodies(const share *s)
{
    size_t count = 0;
    uint64_t ids = 0;
    while (s->fetch_next + count < s->fetch_count && count < BODIES_AT_ONCE) {
        ids += s->fetch[s->fetch_next + count]->live;
        if (count > 0 && ids > IDS_AT_ONCE)
            break;
        count++;
    }
    return count;
}

static void read_bodies(engine *e)
{
    share *s = &e->share;
    size_t count = next_bodies(s);
    if (count == 0) {
        synced(e);
        return;
    }
    pending *p = ops_new(e, ALLOT_OP_READ_SEGMENTS, count * sizeof(uint64_t));
    if (p == NULL)
        return;
    uint64_t *numbers = pending_memory(p);
    for (size_t i = 0; i < count; i++)
        numbers[i] = s->fetch[s->fetch_next++]->segment;
    p->op.u.read = (allot_op_read){.target = e->slot,
                                   .limit = (uint32_t)count,
                                   .with_payloads = true,
                                   .segment_count = (uint32_t)count,
                                   .segments = numbers};
    ops_send(e, p);
}

static void take_body(engine *e, const allot_segment_body *source)
{
    uint32_t index = 0;
    if (find_grant(e, source->segment, source->token, &index) == NULL) {
        if (bits_count(source->done, source->count) == source->count || share_insert(e, source) == NULL)
            return;
        share_find(&e->share, source->segment, &index);
        share_tell(e, index, ALLOT_EVENT_GAINED, NULL, ALLOT_WHY_NONE);
    }
    share_recall(e, index, e->drained_seen ? NULL : source->recalled);
}

void share_on_bodies(engine *e, pending *p, const allot_answer *answer)
{
    (void)p;
    if (answer->outcome.status != ALLOT_STATUS_OK) {
        read_failed(e);
        member_refused(e, answer->outcome.reason);
        return;
    }
    for (uint32_t i = 0; i < answer->body_count && !e->failed; i++)
        take_body(e, &answer->bodies[i]);
    if (!e->failed)
        read_bodies(e);
}

/* ---- Driving ----------------------------------------------------------------------------------------------------- */

/* A split is told when this replica's part of it has been (§12). */
static void tell_split(engine *e)
{
    if (e->view.version <= e->version_told || !share_is_synced(e))
        return;
    e->version_told = e->view.version;
    actions_tell(e, ALLOT_EVENT_SPLIT);
}

void share_sync(engine *e)
{
    share *s = &e->share;
    if (!s->reading && s->synced_rev < e->view.share_rev && e->now_us >= s->again_us)
        start_listing(e);
    tell_split(e);
}

int64_t share_sync_next_us(const engine *e)
{
    const share *s = &e->share;
    return !s->reading && s->synced_rev < e->view.share_rev ? s->again_us : NEVER;
}
