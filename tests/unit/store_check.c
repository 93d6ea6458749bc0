/* store_check.c - that store_check, on which the other tests rely, does find what is wrong. */
#include "backends/store/internal.h"
#include "tests/unit/rig.h"

/* A store with something of everything, and handles on its inside. */
typedef struct patient {
    rig *r;
    store *s;
    store_slot *a, *b;
    store_segment *inbox, *owned, *owned_next;
    store_parked *parked;
    store_session *session;
} patient;

static patient patient_new(void)
{
    patient p = {.r = rig_new()};
    rig *r = p.r;
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "u v w"));
    CHECK_OK(add(r, "x y z"));
    CHECK_OK(add(r, "p q r s"));
    CHECK_OK(assign_whole(&a, &b, "x"));
    CHECK_OK(assign_whole(&a, &b, "p"));
    CHECK_OK(recall(&a, &b, "y"));
    CHECK_OK(fail_ids(&b, "p", 0, 5));
    CHECK_OK(fail_ids(&b, "q", 0, 9));
    allot_op op = loose_op(r, ALLOT_OP_UNPARK);
    allot_bytes nothing = {"nothing", 7};
    op.session = rig_uuid(0x5e56);
    op.not_after_us++;
    op.u.unpark = (allot_op_unpark){.count = 1, .ids = &nothing};
    CHECK_OK(rig_apply(r, &op));
    p.s = r->s;
    p.a = store_slot_find(p.s, &a.slot);
    p.b = store_slot_find(p.s, &b.slot);
    p.inbox = store_segment_find(p.s, 1);
    p.owned = store_segment_find(p.s, 2);
    p.owned_next = store_segment_find(p.s, 3);
    p.parked = numbered_find(&p.s->parked, 1);
    p.session = p.s->first_session;
    return p;
}

static int check_now(const patient *p)
{
    allot_error error = {0};
    int rc = store_check(p->s, &error);
    ck_assert((rc == 0) == (error.message[0] == '\0'));
    return rc;
}

/* Sets a field, expects the check to find it, and sets it back. */
#define BREAK(p, field, wrong)                                                                                         \
    do {                                                                                                               \
        __typeof__(field) right = (field);                                                                             \
        (field) = (wrong);                                                                                             \
        ck_assert_msg(check_now(&(p)) == ALLOT_E_DAMAGED, "not found: %s = %s", #field, #wrong);                       \
        (field) = right;                                                                                               \
        ck_assert_int_eq(check_now(&(p)), 0);                                                                          \
    } while (0)

START_TEST(wrong_slots_are_found)
{
    patient p = patient_new();
    BREAK(p, p.a->id.bytes[0], 7);
    BREAK(p, p.a->age, 9);
    BREAK(p, p.a->state, 0);
    BREAK(p, p.a->state, ALLOT_SLOT_RETIRED);
    BREAK(p, p.b->ids, 1);
    BREAK(p, p.b->recalls, 0);
    BREAK(p, p.b->segments, 1);
    BREAK(p, p.b->last, p.owned);
    BREAK(p, p.b->first, p.inbox);
    BREAK(p, p.s->slots.count, 1);
    BREAK(p, p.s->slot_index.count, 3);
    BREAK(p, p.s->longest_ttl_us, 1);
    BREAK(p, p.s->leader, p.b->id);
    BREAK(p, p.s->leader, rig_uuid(9));
    BREAK(p, p.s->term, 0);
    rig_free(p.r);
}
END_TEST

START_TEST(wrong_segments_are_found)
{
    patient p = patient_new();
    BREAK(p, p.owned->owner, p.a);
    BREAK(p, p.owned->owner, NULL);
    BREAK(p, p.owned->inbox_order, 1);
    BREAK(p, p.owned->token, 0);
    BREAK(p, p.owned->token, p.s->token + 1);
    BREAK(p, p.owned->live, 2);
    BREAK(p, p.owned->recalled, 0);
    BREAK(p, p.owned->number, 5);
    BREAK(p, p.owned->done[0], 1);
    BREAK(p, p.owned->recalls[0], 3);
    BREAK(p, p.owned_next->recalls[0], 1); /* of an id that is done */
    BREAK(p, p.owned_next->prev, NULL);
    BREAK(p, p.inbox->inbox_order, 0);
    BREAK(p, p.inbox->inbox_order, 2);
    BREAK(p, p.inbox->token, 1);
    BREAK(p, p.inbox->ids[0], 'x');
    BREAK(p, p.s->segment, 2);
    BREAK(p, p.s->inbox_order, 0);
    BREAK(p, p.s->inbox_ids, 2);
    BREAK(p, p.s->placed_ids, 4);
    BREAK(p, p.s->ids.count, 4);
    rig_free(p.r);
}
END_TEST

START_TEST(wrong_parked_ids_failures_and_sessions_are_found)
{
    patient p = patient_new();
    BREAK(p, p.parked->order, 2);
    BREAK(p, p.parked->due_us, INT64_MAX);
    BREAK(p, p.parked->heap_at, 1);
    BREAK(p, p.parked->heap_at, 77);
    BREAK(p, p.parked->text[0], 'u');
    BREAK(p, p.s->parked_order, 1);
    BREAK(p, p.s->first_fail->attempts, 0);
    BREAK(p, p.s->first_fail->text[0], 'k');
    BREAK(p, p.s->fails.count, 1);
    BREAK(p, p.session->not_after_us, INT64_MAX);
    BREAK(p, p.session->id.bytes[0], 1);
    BREAK(p, p.session->memory.outcomes[0].sequence, 99);
    BREAK(p, p.a->memory.outcomes[0].sequence, 99);
    BREAK(p, p.a->memory.outcomes[p.a->memory.count - 1].sequence, 1000);
    BREAK(p, p.s->sessions.count, 1);
    rig_free(p.r);
}
END_TEST

Suite *check_suite(void)
{
    Suite *s = suite_create("store: check");
    TCase *c = tcase_create("all");
    tcase_add_test(c, wrong_slots_are_found);
    tcase_add_test(c, wrong_segments_are_found);
    tcase_add_test(c, wrong_parked_ids_failures_and_sessions_are_found);
    suite_add_tcase(s, c);
    return s;
}
