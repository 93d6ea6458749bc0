/* allot_options.on_lease: what is told of the lease, and when. */
#include "core/runtime/clock.h"
#include "tests/api/faulty.h"
#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <string.h>
#include <time.h>

/* Written by whoever extends the lease, read by the test. */
typedef struct leases {
    _Atomic uint32_t count, slots;
    _Atomic int64_t until_us;
    _Atomic bool wrong;      /* shorter than before, told twice, or after it was over */
    allot_lease first, last; /* last: of the callback alone, which is called by one at a time */
    _Atomic int64_t late_ns; /* the first one is written to a disk that hangs: when that began; 0: to none */
} leases;

static void hang(leases *l)
{
    if (l->late_ns == 0)
        return;
    l->late_ns = clock_mono_ns();
    nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
}

static void note(void *user, const allot_lease *lease)
{
    leases *l = user;
    if (lease->size != sizeof(*lease) || lease->until_us <= lease->since_us)
        l->wrong = true;
    bool same = l->count > 0 && memcmp(&lease->slot, &l->last.slot, sizeof(lease->slot)) == 0;
    if (same && (lease->until_us < l->until_us || (lease->until_us == l->until_us && lease->term == l->last.term) ||
                 lease->since_us < l->last.since_us || lease->since_us >= l->until_us))
        l->wrong = true;
    if (l->count == 0) {
        l->first = *lease;
        hang(l);
    }
    l->slots += same ? 0 : 1;
    l->last = *lease;
    l->until_us = lease->until_us;
    l->count++;
}

static allot_node *one_noting(team *t, leases *l)
{
    team_init(t);
    memset(l, 0, sizeof(*l));
    t->hooks.backend = faulty_backend();
    t->options.ttl_ms = 1000;
    t->options.on_lease = note;
    t->options.on_lease_user = l;
    return team_open(t, 0);
}

START_TEST(the_first_lease_is_told_before_joined)
{
    team t;
    leases l;
    allot_node *node = one_noting(&t, &l);
    const allot_event *event;
    ck_assert_int_eq(allot_next(node, &event, TEAM_PATIENCE_MS), ALLOT_OK);
    ck_assert_int_eq(event->type, ALLOT_EVENT_JOINED);
    ck_assert_uint_ge(l.count, 1);
    ck_assert_mem_eq(&l.first.slot, &event->slot, sizeof(event->slot));
    allot_node_status status = {.size = sizeof(status)};
    ck_assert_int_eq(allot_status(node, &status), ALLOT_OK);
    ck_assert_mem_eq(&l.first.life, &status.life, sizeof(status.life));
    ck_assert(!l.first.death_is_proven); /* a store in memory learns of nobody's death */
    team_done(&t);
}
END_TEST

/* An event came about when the store's answer was taken, however long it takes to write down the lease that came with
 * it. */
START_TEST(events_are_as_old_as_the_lease_that_they_rest_on)
{
    team t;
    leases l = {.late_ns = 1};
    const allot_event *event;
    team_init(&t);
    t.options.on_lease = note;
    t.options.on_lease_user = &l;
    ck_assert_int_eq(allot_next(team_open(&t, 0), &event, TEAM_PATIENCE_MS), ALLOT_OK);
    ck_assert_int_eq(event->type, ALLOT_EVENT_JOINED);
    ck_assert_int_gt(l.late_ns, 1);
    ck_assert_int_le(event->mono_ns, l.late_ns);
    team_done(&t);
}
END_TEST

START_TEST(every_extension_is_told_and_no_more)
{
    team t;
    leases l;
    one_noting(&t, &l);
    UNTIL(&t, l.count >= 5);
    faulty_stop();
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_FENCED] > 0);
    uint32_t count = l.count;
    ck_assert(!l.wrong && l.slots == 1);
    faulty_go();
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 2);
    ck_assert_uint_gt(l.count, count);
    ck_assert(!l.wrong && l.slots == 2);
    team_done(&t);
}
END_TEST

/* Whoever asks is told of no longer lease than was told. */
START_TEST(nobody_relies_on_a_lease_that_was_not_told)
{
    team t;
    leases l;
    allot_node *node = one_noting(&t, &l);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    for (int64_t until = team_now_ms() + 1500; team_now_ms() < until;) {
        allot_node_status status = {.size = sizeof(status)};
        int64_t now_us = t.hooks.clock.boot_us(&t);
        ck_assert_int_eq(allot_status(node, &status), ALLOT_OK);
        ck_assert_int_le(now_us + status.valid_for_ms * 1000, l.until_us);
        team_pull_one(&t, 0);
    }
    team_done(&t);
}
END_TEST

/* It is told before the store can be asked to free it: then another may lead at once. */
START_TEST(leadership_is_told_when_it_comes_and_goes)
{
    team t;
    leases l;
    allot_node *node = one_noting(&t, &l);
    allot_node_status status = {.size = sizeof(status)};
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_LEADER] > 0);
    ck_assert_int_eq(allot_status(node, &status), ALLOT_OK);
    ck_assert_uint_ne(status.term, 0);
    ck_assert_uint_eq(l.last.term, status.term);
    ck_assert_int_eq(allot_drain(node), ALLOT_OK);
    ck_assert_uint_eq(l.last.term, 0);
    ck_assert(!l.wrong);
    team_done(&t);
}
END_TEST

TCase *lease_case(void)
{
    TCase *c = tcase_create("lease");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, the_first_lease_is_told_before_joined);
    tcase_add_test(c, events_are_as_old_as_the_lease_that_they_rest_on);
    tcase_add_test(c, every_extension_is_told_and_no_more);
    tcase_add_test(c, leadership_is_told_when_it_comes_and_goes);
    tcase_add_test(c, nobody_relies_on_a_lease_that_was_not_told);
    return c;
}
