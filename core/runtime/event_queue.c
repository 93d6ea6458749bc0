#include "core/runtime/event_queue.h"
#include "base/bits.h"
#include "core/runtime/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WHICH_WORDS (ALLOT_SEGMENT_IDS_MAX / 64)

/* Events without ids that may wait before the oldest of a kind makes room for a new one of that kind. */
#define PLAIN_EVENTS_MAX 1024u

struct event_page {
    event_page *next;
    int64_t put_us;
    allot_event event; /* without ids; message points behind the page */
    body *ids;         /* NULL: none */
    uint64_t which[];  /* ids: a bitmap; else the message */
};

int event_queue_init(event_queue *q)
{
    *q = (event_queue){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    return q->fd >= 0 ? ALLOT_OK : ALLOT_E_SYSTEM;
}

static void free_page(event_page *page)
{
    if (page == NULL)
        return;
    body_unref(page->ids);
    free(page);
}

/* ---- The descriptor ---------------------------------------------------------------------------------------------- */

static void set_readable(event_queue *q)
{
    uint64_t one = 1;
    ssize_t written = write(q->fd, &one, sizeof(one));
    (void)written; /* it fails only where the counter is full, and then it is readable */
}

static void clear_readable(event_queue *q)
{
    uint64_t count;
    ssize_t got = read(q->fd, &count, sizeof(count));
    (void)got; /* not readable: that is what is wanted */
}

/* ---- Links ------------------------------------------------------------------------------------------------------- */

static void count_page(event_queue *q, const event_page *page, size_t by)
{
    if (page->ids == NULL)
        q->plain_count += by;
    else if (page->event.type == ALLOT_EVENT_GAINED)
        q->gained_count += by;
    else if (page->event.type == ALLOT_EVENT_RECALLED)
        q->recalled_count += by;
}

static void append(event_queue *q, event_page *page)
{
    if (q->last != NULL)
        q->last->next = page;
    else
        q->first = page;
    q->last = page;
    count_page(q, page, 1);
    if (q->first == page)
        set_readable(q);
}

/* Takes out the page that follows `before` (NULL: the first). */
static event_page *unlink_after(event_queue *q, event_page *before)
{
    event_page **at = before != NULL ? &before->next : &q->first;
    event_page *page = *at;
    *at = page->next;
    if (q->last == page)
        q->last = before;
    count_page(q, page, (size_t)-1);
    if (q->first == NULL)
        clear_readable(q);
    return page;
}

/* ---- Dropping ---------------------------------------------------------------------------------------------------- */

static bool same_grant(const body *a, const body *b)
{
    return a == b || (a != NULL && b != NULL && a->segment == b->segment && a->token == b->token);
}

/* Takes the lost ids out of one waiting page. `untold`: those that were never told gained. */
static void forget_in_page(event_page *page, const engine_tell *lost, uint64_t *untold)
{
    for (size_t w = 0; w < WHICH_WORDS; w++) {
        uint64_t both = page->which[w] & lost->which[w];
        page->which[w] &= ~both;
        if (page->event.type == ALLOT_EVENT_GAINED)
            untold[w] |= both;
    }
    page->event.count = bits_count(page->which, ALLOT_SEGMENT_IDS_MAX);
}

/* I3: no `gained` is delivered of an id that is not this replica's any more. And what was never told gained need not be
 * told lost. */
static void forget_lost(event_queue *q, engine_tell *lost)
{
    uint64_t untold[WHICH_WORDS] = {0};
    event_page *before = NULL;
    event_page *next;
    for (event_page *page = q->first; page != NULL && q->gained_count + q->recalled_count > 0; page = next) {
        next = page->next;
        bool about = page->event.type == ALLOT_EVENT_GAINED || page->event.type == ALLOT_EVENT_RECALLED;
        if (about && same_grant(page->ids, lost->ids))
            forget_in_page(page, lost, untold);
        if (about && page->event.count == 0)
            free_page(unlink_after(q, before));
        else
            before = page;
        if (q->recalled_count == 0 && memcmp(untold, lost->which, sizeof(untold)) == 0)
            break;
    }
    for (size_t w = 0; w < WHICH_WORDS; w++)
        lost->which[w] &= ~untold[w];
    lost->count = bits_count(lost->which, ALLOT_SEGMENT_IDS_MAX);
}

/* I3, also of ids that the engine does not tell lost because a report of them is under way: the application may have
 * named them before it took their `gained`. */
static void forget_all(event_queue *q)
{
    event_page *before = NULL;
    event_page *next;
    for (event_page *page = q->first; page != NULL && q->gained_count + q->recalled_count > 0; page = next) {
        next = page->next;
        if (page->event.type == ALLOT_EVENT_GAINED || page->event.type == ALLOT_EVENT_RECALLED)
            free_page(unlink_after(q, before));
        else
            before = page;
    }
}

static void make_room(event_queue *q, allot_event_type type)
{
    if (q->plain_count < PLAIN_EVENTS_MAX || type == ALLOT_EVENT_LEFT)
        return;
    event_page *before = NULL;
    for (event_page *page = q->first; page != NULL; before = page, page = page->next) {
        if (page->ids == NULL && page->event.type == type) {
            free_page(unlink_after(q, before));
            return;
        }
    }
}

/* ---- Putting ----------------------------------------------------------------------------------------------------- */

static event_page *new_page(const engine_tell *tell)
{
    size_t message_bytes = tell->message != NULL ? strlen(tell->message) + 1 : 0;
    size_t ids_bytes = tell->ids != NULL ? sizeof(tell->which) : 0;
    assert(ids_bytes == 0 || message_bytes == 0);
    event_page *page = calloc(1, sizeof(*page) + ids_bytes + message_bytes);
    if (page == NULL)
        return NULL;
    if (tell->ids != NULL) {
        page->ids = body_ref(tell->ids);
        memcpy(page->which, tell->which, ids_bytes);
    } else if (message_bytes > 0) {
        page->event.message = memcpy(page->which, tell->message, message_bytes);
    }
    return page;
}

/* Bits behind the last id mean nothing. */
static void trim(engine_tell *t)
{
    uint32_t count = t->ids != NULL ? t->ids->count : 0;
    for (uint32_t w = 0; w < WHICH_WORDS; w++) {
        if (count <= w * 64)
            t->which[w] = 0;
        else if (count < (w + 1) * 64)
            t->which[w] &= (UINT64_C(1) << (count % 64)) - 1;
    }
}

int event_queue_put(event_queue *q, const engine_tell *tell, int64_t now_us, int64_t mono_ns)
{
    if (q->ended)
        return ALLOT_OK;
    engine_tell t = *tell;
    trim(&t);
    if (t.type == ALLOT_EVENT_LOST) {
        forget_lost(q, &t);
        if (t.count == 0)
            return ALLOT_OK;
    }
    if (t.type == ALLOT_EVENT_FENCED || t.type == ALLOT_EVENT_LEFT)
        forget_all(q);
    if (t.ids == NULL)
        make_room(q, t.type);
    event_page *page = new_page(&t);
    if (page == NULL)
        return ALLOT_E_NOMEM;
    const char *message = page->event.message;
    page->put_us = now_us;
    page->event = (allot_event){.size = sizeof(page->event),
                                .type = t.type,
                                .slot = t.slot,
                                .leader = t.leader,
                                .term = t.term,
                                .version = t.version,
                                .mono_ns = mono_ns,
                                .valid_for_ms = t.valid_for_us / 1000,
                                .why = t.why,
                                .count = t.count,
                                .message = message};
    append(q, page);
    q->ended = t.type == ALLOT_EVENT_LEFT;
    return ALLOT_OK;
}

int event_queue_note(event_queue *q, const char *message, int64_t now_us)
{
    engine_tell tell = {.type = ALLOT_EVENT_NOTE, .message = message};
    return event_queue_put(q, &tell, now_us, clock_mono_ns());
}

/* ---- Taking ------------------------------------------------------------------------------------------------------ */

static void list_ids(event_queue *q, const event_page *page)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < page->ids->count; i++) {
        if (!bits_test(page->which, i))
            continue;
        const allot_new_id *id = &page->ids->ids[i];
        q->ids[n++] = (allot_id){.id = id->id, .token = page->ids->token, .payload = id->payload};
    }
    assert(n == page->event.count);
}

const allot_event *event_queue_take(event_queue *q, int64_t now_us)
{
    if (q->first == NULL)
        return NULL;
    free_page(q->taken);
    event_page *page = q->taken = unlink_after(q, NULL);
    q->taken_us = now_us;
    q->end_taken = page->event.type == ALLOT_EVENT_LEFT;
    q->event = page->event;
    if (page->ids != NULL) {
        list_ids(q, page);
        q->event.ids = q->ids;
    }
    return &q->event;
}

int64_t event_queue_idle_since_us(const event_queue *q)
{
    if (q->first == NULL)
        return INT64_MAX;
    return q->first->put_us > q->taken_us ? q->first->put_us : q->taken_us;
}

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

static void drop_waiting(event_queue *q)
{
    while (q->first != NULL)
        free_page(unlink_after(q, NULL));
}

void event_queue_give_up(event_queue *q)
{
    drop_waiting(q);
    q->ended = true;
    set_readable(q);
}

void event_queue_done(event_queue *q)
{
    if (q->fd < 0)
        return;
    drop_waiting(q);
    free_page(q->taken);
    close(q->fd);
    *q = (event_queue){.fd = -1};
}
