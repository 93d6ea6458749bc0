/* store_life.c - rules 4 to 6: how a life begins, and how a loss of data is seen. */
#include "tests/unit/rig.h"

#include <string.h>

static bool lives_in(rig *r, uint64_t life)
{
    allot_uuid wanted = rig_uuid(life);
    allot_uuid present = store_life(r->s);
    return uuid_equal(&wanted, &present);
}

static allot_outcome join_knowing(replica *p, const allot_floors *floors, uint64_t fresh_life)
{
    allot_op op = join_op(p);
    op.u.join.floors = *floors;
    op.u.join.fresh_life = rig_uuid(fresh_life);
    return rig_apply(p->r, &op);
}

static allot_outcome beat_knowing(replica *p, const allot_floors *floors, uint64_t fresh_life)
{
    allot_op op = beat_op(p);
    op.u.beat.floors = *floors;
    op.u.beat.fresh_life = rig_uuid(fresh_life);
    return rig_apply(p->r, &op);
}

START_TEST(an_empty_store_has_no_life_and_reads_give_it_none)
{
    rig *r = rig_new();
    ck_assert(lives_in(r, 0));
    ck_assert(uuid_is_zero(&view(r)->life));
    ck_assert_str_eq(inbox_text(r), "");
    CHECK_OK(clean(r));
    ck_assert(lives_in(r, 0));
    rig_free(r);
}
END_TEST

START_TEST(the_first_join_begins_a_life_in_which_one_may_lead_at_once)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    CHECK_OK(join_knowing(&a, &(allot_floors){0}, 71));
    ck_assert(lives_in(r, 71));
    replica b = rig_replica(r, 2);
    CHECK_OK(join_knowing(&b, &(allot_floors){0}, 72));
    ck_assert(lives_in(r, 71));
    CHECK_OK(campaign(&a));
    rig_free(r);
}
END_TEST

START_TEST(the_first_add_begins_a_life)
{
    rig *r = rig_new();
    CHECK_OK(add(r, "x"));
    ck_assert(lives_in(r, 0x11fe));
    rig_free(r);
}
END_TEST

START_TEST(the_first_beat_begins_a_life_and_is_refused)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    CHECK_REFUSED(beat_knowing(&a, &(allot_floors){.life = rig_uuid(5), .term = 7}, 71), ALLOT_REFUSED_LIFE);
    ck_assert(r->effects.changed);
    ck_assert(lives_in(r, 71));
    ck_assert_uint_eq(view(r)->term, 7);
    rig_free(r);
}
END_TEST

START_TEST(a_life_needs_a_name)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    CHECK_REFUSED(join_knowing(&a, &(allot_floors){0}, 0), ALLOT_REFUSED_INVALID);
    CHECK_REFUSED(beat_knowing(&a, &(allot_floors){0}, 0), ALLOT_REFUSED_INVALID);
    r->life = rig_uuid(0);
    CHECK_REFUSED(add(r, "x"), ALLOT_REFUSED_INVALID);
    ck_assert(lives_in(r, 0));
    CHECK_OK(join_knowing(&a, &(allot_floors){0}, 71));
    CHECK_REFUSED(beat_knowing(&a, &(allot_floors){.life = rig_uuid(71), .term = 7}, 0), ALLOT_REFUSED_INVALID);
    CHECK_REFUSED(beat_knowing(&a, &(allot_floors){.life = rig_uuid(71), .term = 7}, 71), ALLOT_REFUSED_INVALID);
    CHECK_OK(beat_knowing(&a, &(allot_floors){.life = rig_uuid(71)}, 0));
    rig_free(r);
}
END_TEST

START_TEST(a_beat_of_another_life_is_refused_and_its_floors_are_kept)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    CHECK_REFUSED(beat_knowing(&a, &(allot_floors){.life = rig_uuid(5), .term = 700, .token = 800, .view = 900}, 71),
                  ALLOT_REFUSED_LIFE);
    ck_assert(r->effects.changed);
    ck_assert_uint_eq(view(r)->term, 700);
    ck_assert_uint_eq(view(r)->token, 800);
    ck_assert_uint_eq(view(r)->number, 0);
    ck_assert(lives_in(r, 0x11fe));
    CHECK_OK(beat(&a));
    rig_free(r);
}
END_TEST

START_TEST(a_slot_that_was_not_told_the_life_yet_may_beat)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    CHECK_OK(beat_knowing(&a, &(allot_floors){0}, 71));
    ck_assert(uuid_equal(&r->answer.view->life, &r->life));
    rig_free(r);
}
END_TEST

START_TEST(new_terms_and_tokens_are_above_what_was_reported)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    CHECK_OK(join_knowing(&a, &(allot_floors){.term = 700, .token = 800}, 71));
    ck_assert_uint_eq(CHECK_OK(campaign(&a)).term, 701);
    CHECK_OK(add(r, "x"));
    CHECK_OK(assign(&a, &a, "x"));
    ck_assert_uint_eq(item_of(r, "x").token, 801);
    rig_free(r);
}
END_TEST

START_TEST(new_terms_and_tokens_are_at_least_the_floor)
{
    rig *r = rig_new();
    r->floor = 5000;
    replica a = rig_leader(r, 1);
    ck_assert_uint_eq(a.term, 5000);
    CHECK_OK(add(r, "x y"));
    CHECK_OK(assign(&a, &a, "x"));
    CHECK_OK(assign(&a, &a, "y"));
    ck_assert_uint_eq(item_of(r, "x").token, 5000);
    ck_assert_uint_eq(item_of(r, "y").token, 5001);
    CHECK_OK(resign(&a));
    r->floor = 4000;
    ck_assert_uint_eq(CHECK_OK(campaign(&a)).term, 5001);
    rig_free(r);
}
END_TEST

/* Numbers of 2^53 and more are malformed: nobody could report such a term, and no snapshot with it be read. */
START_TEST(a_clock_that_is_far_ahead_leaves_numbers_to_issue)
{
    rig *r = rig_new();
    r->floor = UINT64_C(1) << 53;
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "x"));
    CHECK_OK(assign(&a, &a, "x"));
    CHECK_OK(beat_knowing(&a, &(allot_floors){.life = r->life, .term = a.term, .token = item_of(r, "x").token}, 0));
    rig_load(r, rig_dump(r));
    r->floor = UINT64_MAX;
    uint64_t term = a.term;
    CHECK_OK(resign(&a));
    ck_assert_uint_eq(CHECK_OK(campaign(&a)).term, term + 1);
    rig_free(r);
}
END_TEST

START_TEST(a_join_that_knew_an_earlier_life_means_quarantine)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    CHECK_OK(join_knowing(&a, &(allot_floors){.life = rig_uuid(5)}, 71));
    ck_assert_int_eq(view(r)->led_for_us, TTL_US);
    rig_advance(r, 4 * SECOND_US);
    ck_assert_int_eq(CHECK_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE).wait_us, 6 * SECOND_US);
    rig_advance(r, 5 * SECOND_US);
    CHECK_OK(beat_knowing(&a, &(allot_floors){.life = rig_uuid(71)}, 72));
    rig_advance(r, SECOND_US);
    CHECK_OK(campaign(&a));
    rig_free(r);
}
END_TEST

START_TEST(quarantine_counts_from_the_creation_not_from_the_report)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    rig_advance(r, 4 * SECOND_US);
    CHECK_REFUSED(beat_knowing(&a, &(allot_floors){.life = rig_uuid(5)}, 71), ALLOT_REFUSED_LIFE);
    ck_assert_int_eq(CHECK_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE).wait_us, 6 * SECOND_US);
    rig_free(r);
}
END_TEST

START_TEST(quarantine_lasts_the_longest_ttl)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    replica b = rig_replica(r, 2);
    allot_op op = join_op(&b);
    op.u.join.ttl_us = 30 * SECOND_US;
    op.u.join.floors.life = rig_uuid(5);
    CHECK_OK(rig_apply(r, &op));
    ck_assert_int_eq(CHECK_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE).wait_us, 30 * SECOND_US);
    rig_free(r);
}
END_TEST

START_TEST(quarantine_always_waits_in_a_life_that_nobody_knew_before)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    allot_op op = join_op(&a);
    op.u.join.quarantine_always = true;
    CHECK_OK(rig_apply(r, &op));
    ck_assert_int_eq(CHECK_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE).wait_us, TTL_US);
    rig_free(r);
}
END_TEST

/* The life may have been begun by somebody who does not ask for it: an add, a beat of a slot that was forgotten. */
START_TEST(quarantine_always_waits_in_a_life_that_another_began)
{
    rig *r = rig_new();
    rig_joined(r, 1);
    replica b = rig_replica(r, 2);
    allot_op op = join_op(&b);
    op.u.join.quarantine_always = true;
    rig_advance(r, TTL_US / 4);
    CHECK_OK(rig_apply(r, &op));
    ck_assert_int_eq(CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_QUARANTINE).wait_us, TTL_US - TTL_US / 4);
    rig_free(r);
}
END_TEST

START_TEST(quarantine_always_means_nothing_in_a_life_older_than_one_ttl)
{
    rig *r = rig_new();
    rig_joined(r, 1);
    replica b = rig_replica(r, 2);
    allot_op op = join_op(&b);
    op.u.join.quarantine_always = true;
    rig_advance(r, TTL_US);
    CHECK_OK(rig_apply(r, &op));
    CHECK_OK(campaign(&b));
    rig_free(r);
}
END_TEST

/* Who beats has joined before, so the store has lost data, even if the beat knows no life yet. */
START_TEST(a_life_that_a_beat_began_waits)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    replica b = rig_replica(r, 2);
    allot_op beat = {.kind = ALLOT_OP_BEAT, .slot = a.slot, .session = a.slot};
    beat.u.beat.fresh_life = rig_uuid(77);
    beat.u.beat.ttl_us = TTL_US;
    CHECK_REFUSED(rig_apply(r, &beat), ALLOT_REFUSED_GONE);
    allot_op op = join_op(&b);
    CHECK_OK(rig_apply(r, &op));
    ck_assert_int_eq(CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_QUARANTINE).wait_us, TTL_US);
    rig_free(r);
}
END_TEST

START_TEST(a_clock_set_back_does_not_lengthen_quarantine)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    CHECK_OK(join_knowing(&a, &(allot_floors){.life = rig_uuid(5)}, 71));
    rig_advance(r, -600 * (int64_t)SECOND_US);
    ck_assert_int_eq(view(r)->led_for_us, TTL_US);
    ck_assert_int_eq(CHECK_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE).wait_us, TTL_US);
    rig_free(r);
}
END_TEST

/* A leader with ids; then the store falls back to what it was before the last beats. */
typedef struct fallen {
    rig *r;
    replica a, b;
    allot_floors known; /* by a, before the fall */
} fallen;

static fallen fall_back(void)
{
    fallen f = {.r = rig_new()};
    rig *r = f.r;
    f.a = rig_leader(r, 1);
    f.b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y z"));
    CHECK_OK(assign(&f.a, &f.b, "x"));
    CHECK_OK(beat(&f.a));
    const char *old = rig_dump(r);
    CHECK_OK(assign(&f.a, &f.a, "y"));
    CHECK_OK(beat(&f.a));
    const allot_view *v = r->answer.view;
    f.known = (allot_floors){.life = v->life, .view = v->number, .term = v->term, .token = v->token};
    rig_load(r, old);
    return f;
}

static void check_new_life(fallen *f, uint64_t life)
{
    ck_assert(lives_in(f->r, life));
    ck_assert(f->r->effects.group && f->r->effects.work);
    const allot_view *v = view(f->r);
    ck_assert(uuid_is_zero(&v->leader));
    ck_assert_int_eq(v->led_for_us, TTL_US);
    ck_assert_uint_eq(v->term, f->known.term);
    ck_assert_uint_eq(v->token, f->known.token);
    ck_assert_uint_eq(v->total, 3);
    allot_slot_info info;
    ck_assert(slot_info(f->r, &f->b, &info));
    ck_assert_int_eq(info.state, ALLOT_SLOT_DEAD);
    ck_assert_uint_eq(info.ids, 1);
}

START_TEST(a_beat_that_knows_more_than_the_store_begins_a_new_life)
{
    fallen f = fall_back();
    rig *r = f.r;
    CHECK_REFUSED(beat_knowing(&f.a, &f.known, 71), ALLOT_REFUSED_LIFE);
    check_new_life(&f, 71);
    ck_assert_uint_eq(view(r)->slots, 2);
    ck_assert_uint_eq(view(r)->reapable, 2);
    CHECK_REFUSED(beat_knowing(&f.b, &(allot_floors){.life = r->life}, 72), ALLOT_REFUSED_LIFE);
    CHECK_REFUSED(campaign(&f.a), ALLOT_REFUSED_DEAD);
    rig_free(r);
}
END_TEST

START_TEST(a_join_that_knows_more_than_the_store_begins_a_new_life_and_joins_it)
{
    fallen f = fall_back();
    rig *r = f.r;
    replica c = rig_replica(r, 3);
    CHECK_OK(join_knowing(&c, &f.known, 71));
    check_new_life(&f, 71);
    r->life = rig_uuid(71);
    CHECK_OK(beat(&c));
    ck_assert_uint_eq(r->answer.view->number, 1);
    CHECK_REFUSED(campaign(&c), ALLOT_REFUSED_QUARANTINE);
    rig_advance(r, TTL_US / 2);
    CHECK_OK(beat(&c));
    rig_advance(r, TTL_US / 2);
    ck_assert_uint_gt(CHECK_OK(campaign(&c)).term, f.known.term);
    CHECK_OK(reap(&c, &f.b, 0));
    ck_assert_str_eq(inbox_text(r), "y z x");
    rig_free(r);
}
END_TEST

START_TEST(a_slot_that_the_fallen_store_does_not_know_tells_of_the_fall_too)
{
    fallen f = fall_back();
    replica c = rig_replica(f.r, 3);
    CHECK_REFUSED(beat_knowing(&c, &f.known, 71), ALLOT_REFUSED_LIFE);
    check_new_life(&f, 71);
    rig_free(f.r);
}
END_TEST

START_TEST(each_of_the_three_numbers_shows_a_fall)
{
    for (int which = 0; which < 3; which++) {
        fallen f = fall_back();
        const allot_view *v = view(f.r);
        allot_floors floors = {.life = v->life, .view = v->number, .term = v->term, .token = v->token};
        CHECK_OK(beat_knowing(&f.b, &floors, 71));
        *(which == 0 ? &floors.view : which == 1 ? &floors.term : &floors.token) += 2;
        CHECK_REFUSED(beat_knowing(&f.b, &floors, 71), ALLOT_REFUSED_LIFE);
        ck_assert(lives_in(f.r, 71));
        rig_free(f.r);
    }
}
END_TEST

START_TEST(reported_numbers_below_2_53)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    uint64_t end = UINT64_C(1) << 53;
    CHECK_REFUSED(join_knowing(&a, &(allot_floors){.term = end}, 71), ALLOT_REFUSED_INVALID);
    CHECK_REFUSED(join_knowing(&a, &(allot_floors){.token = end}, 71), ALLOT_REFUSED_INVALID);
    CHECK_REFUSED(join_knowing(&a, &(allot_floors){.view = UINT64_MAX}, 71), ALLOT_REFUSED_INVALID);
    CHECK_REFUSED(beat_knowing(&a, &(allot_floors){.view = end}, 71), ALLOT_REFUSED_INVALID);
    ck_assert(lives_in(r, 0));
    rig_free(r);
}
END_TEST

Suite *life_suite(void)
{
    Suite *s = suite_create("store: life");
    TCase *c = tcase_create("all");
    tcase_add_test(c, an_empty_store_has_no_life_and_reads_give_it_none);
    tcase_add_test(c, the_first_join_begins_a_life_in_which_one_may_lead_at_once);
    tcase_add_test(c, the_first_add_begins_a_life);
    tcase_add_test(c, the_first_beat_begins_a_life_and_is_refused);
    tcase_add_test(c, a_life_needs_a_name);
    tcase_add_test(c, a_beat_of_another_life_is_refused_and_its_floors_are_kept);
    tcase_add_test(c, a_slot_that_was_not_told_the_life_yet_may_beat);
    tcase_add_test(c, new_terms_and_tokens_are_above_what_was_reported);
    tcase_add_test(c, new_terms_and_tokens_are_at_least_the_floor);
    tcase_add_test(c, a_clock_that_is_far_ahead_leaves_numbers_to_issue);
    tcase_add_test(c, a_join_that_knew_an_earlier_life_means_quarantine);
    tcase_add_test(c, quarantine_counts_from_the_creation_not_from_the_report);
    tcase_add_test(c, quarantine_lasts_the_longest_ttl);
    tcase_add_test(c, quarantine_always_waits_in_a_life_that_nobody_knew_before);
    tcase_add_test(c, quarantine_always_waits_in_a_life_that_another_began);
    tcase_add_test(c, quarantine_always_means_nothing_in_a_life_older_than_one_ttl);
    tcase_add_test(c, a_life_that_a_beat_began_waits);
    tcase_add_test(c, a_clock_set_back_does_not_lengthen_quarantine);
    tcase_add_test(c, a_beat_that_knows_more_than_the_store_begins_a_new_life);
    tcase_add_test(c, a_join_that_knows_more_than_the_store_begins_a_new_life_and_joins_it);
    tcase_add_test(c, a_slot_that_the_fallen_store_does_not_know_tells_of_the_fall_too);
    tcase_add_test(c, each_of_the_three_numbers_shows_a_fall);
    tcase_add_test(c, reported_numbers_below_2_53);
    suite_add_tcase(s, c);
    return s;
}
