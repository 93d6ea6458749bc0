#include "base/bits.h"
#include "core/runtime/event_queue.h"
#include "tests/api/suites.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static event_queue *new_queue(void)
{
    event_queue *q = malloc(sizeof(*q));
    ck_assert_ptr_nonnull(q);
    ck_assert_int_eq(event_queue_init(q), ALLOT_OK);
    return q;
}

static void free_queue(event_queue *q)
{
    event_queue_done(q);
    free(q);
}

/* A body of `count` ids a, b, c ... */
static body *letters(uint64_t segment, uint32_t count)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz";
    allot_new_id ids[26] = {0};
    for (uint32_t i = 0; i < count; i++)
        ids[i].id = (allot_bytes){alphabet + i, 1};
    body *b = body_new(&(allot_segment_body){.segment = segment, .token = segment, .count = count, .ids = ids});
    ck_assert_ptr_nonnull(b);
    return b;
}

static void put(event_queue *q, allot_event_type type, body *b, uint64_t which)
{
    engine_tell tell = {.type = type, .ids = b, .which = {which}};
    if (b != NULL)
        tell.count = bits_count(tell.which, b->count);
    ck_assert_int_eq(event_queue_put(q, &tell, 1, 1), ALLOT_OK);
}

/* The next event is of this type and names these ids. */
static void expect(event_queue *q, allot_event_type type, const char *ids)
{
    char text[27] = "";
    const allot_event *event = event_queue_take(q, 2);
    ck_assert_ptr_nonnull(event);
    ck_assert_str_eq(allot_event_word(event->type), allot_event_word(type));
    for (uint32_t i = 0; i < event->count; i++)
        text[i] = event->ids[i].id.data[0];
    ck_assert_str_eq(text, ids);
}

static bool readable(const event_queue *q)
{
    struct pollfd fd = {.fd = q->fd, .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

START_TEST(events_come_in_order)
{
    event_queue *q = new_queue();
    body *b = letters(1, 5);
    ck_assert(!readable(q));
    put(q, ALLOT_EVENT_JOINED, NULL, 0);
    put(q, ALLOT_EVENT_GAINED, b, 0x1d);
    put(q, ALLOT_EVENT_RECALLED, b, 0x04);
    body_unref(b); /* the queue has its own references */
    ck_assert(readable(q));
    expect(q, ALLOT_EVENT_JOINED, "");
    expect(q, ALLOT_EVENT_GAINED, "acde");
    expect(q, ALLOT_EVENT_RECALLED, "c");
    ck_assert(!readable(q));
    ck_assert_ptr_null(event_queue_take(q, 2));
    free_queue(q);
}
END_TEST

START_TEST(what_is_lost_untaken_is_never_told)
{
    event_queue *q = new_queue();
    body *b = letters(1, 5);
    body *other = letters(2, 5);
    put(q, ALLOT_EVENT_GAINED, b, 0x03);
    expect(q, ALLOT_EVENT_GAINED, "ab");
    put(q, ALLOT_EVENT_GAINED, b, 0x1c);
    put(q, ALLOT_EVENT_GAINED, other, 0x1f);
    put(q, ALLOT_EVENT_RECALLED, b, 0x05);
    put(q, ALLOT_EVENT_LOST, b, ~UINT64_C(0x10)); /* a and b were told gained, c and d not; behind e is nothing */
    expect(q, ALLOT_EVENT_GAINED, "e");
    expect(q, ALLOT_EVENT_GAINED, "abcde");
    expect(q, ALLOT_EVENT_LOST, "ab");
    ck_assert_ptr_null(event_queue_take(q, 2));
    put(q, ALLOT_EVENT_GAINED, b, 0x01);
    put(q, ALLOT_EVENT_LOST, b, 0x01);
    ck_assert(!readable(q));
    ck_assert_ptr_null(event_queue_take(q, 2));
    body_unref(b);
    body_unref(other);
    free_queue(q);
}
END_TEST

/* Of ids whose ack or release is under way the engine tells no `lost`. What was not taken of them by the end of the
 * slot is dropped all the same. */
START_TEST(no_gained_follows_the_end_of_a_slot)
{
    event_queue *q = new_queue();
    body *b = letters(1, 5);
    put(q, ALLOT_EVENT_GAINED, b, 0x01);
    expect(q, ALLOT_EVENT_GAINED, "a");
    put(q, ALLOT_EVENT_GAINED, b, 0x1e);
    put(q, ALLOT_EVENT_STORE_DOWN, NULL, 0);
    put(q, ALLOT_EVENT_RECALLED, b, 0x1f);
    put(q, ALLOT_EVENT_LOST, b, 0x03); /* c, d and e are being reported */
    put(q, _i == 0 ? ALLOT_EVENT_FENCED : ALLOT_EVENT_LEFT, NULL, 0);
    expect(q, ALLOT_EVENT_STORE_DOWN, "");
    expect(q, ALLOT_EVENT_LOST, "a");
    expect(q, _i == 0 ? ALLOT_EVENT_FENCED : ALLOT_EVENT_LEFT, "");
    ck_assert_ptr_null(event_queue_take(q, 2));
    body_unref(b);
    free_queue(q);
}
END_TEST

/* The same segment under another token is another grant. */
START_TEST(only_the_same_grant_is_dropped)
{
    event_queue *q = new_queue();
    body *b = letters(1, 2);
    body *again = letters(1, 2);
    again->token = 9;
    put(q, ALLOT_EVENT_GAINED, again, 0x03);
    put(q, ALLOT_EVENT_LOST, b, 0x03);
    expect(q, ALLOT_EVENT_GAINED, "ab");
    expect(q, ALLOT_EVENT_LOST, "ab");
    body_unref(b);
    body_unref(again);
    free_queue(q);
}
END_TEST

START_TEST(a_queue_that_nobody_pulls_is_bounded)
{
    event_queue *q = new_queue();
    body *b = letters(1, 5);
    put(q, ALLOT_EVENT_JOINED, NULL, 0);
    for (int i = 0; i < 20000; i++) {
        put(q, ALLOT_EVENT_STORE_DOWN, NULL, 0);
        put(q, ALLOT_EVENT_STORE_UP, NULL, 0);
        put(q, ALLOT_EVENT_GAINED, b, 0x1f);
        put(q, ALLOT_EVENT_RECALLED, b, 0x03);
        put(q, ALLOT_EVENT_LOST, b, 0x1f);
        put(q, ALLOT_EVENT_FENCED, NULL, 0);
    }
    put(q, ALLOT_EVENT_LEFT, NULL, 0);
    put(q, ALLOT_EVENT_STORE_UP, NULL, 0); /* nothing follows `left` */
    expect(q, ALLOT_EVENT_JOINED, "");
    const allot_event *event;
    int count = 1;
    allot_event_type last = ALLOT_EVENT_JOINED;
    while ((event = event_queue_take(q, 2)) != NULL) {
        last = event->type;
        count++;
    }
    ck_assert_int_eq(last, ALLOT_EVENT_LEFT);
    ck_assert_int_gt(count, 1000);
    ck_assert_int_lt(count, 1100);
    ck_assert(q->end_taken);
    body_unref(b);
    free_queue(q);
}
END_TEST

START_TEST(giving_up_stays_readable)
{
    event_queue *q = new_queue();
    put(q, ALLOT_EVENT_JOINED, NULL, 0);
    event_queue_give_up(q);
    ck_assert_ptr_null(event_queue_take(q, 2));
    ck_assert(readable(q));
    free_queue(q);
}
END_TEST

TCase *queue_case(void)
{
    TCase *c = tcase_create("event queue");
    tcase_add_test(c, events_come_in_order);
    tcase_add_test(c, what_is_lost_untaken_is_never_told);
    tcase_add_loop_test(c, no_gained_follows_the_end_of_a_slot, 0, 2);
    tcase_add_test(c, only_the_same_grant_is_dropped);
    tcase_add_test(c, a_queue_that_nobody_pulls_is_bounded);
    tcase_add_test(c, giving_up_stays_readable);
    return c;
}
