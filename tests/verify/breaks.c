#include "tests/verify/breaks.h"

#include "tests/unit/random.h"
#include "tests/verify/spots.h"

#define TTL_MOST_US 700000 /* of a lease, some time after it was renewed, so much is left at least */

/* A line that must not be there. */
static bool insert_broken(records *r, size_t at, record one)
{
    records_insert(r, at, one);
    r->broken = at;
    return true;
}

/* ---- Two at once ------------------------------------------------------------------------------------------------- */

/* The later one begins as early as the earlier one, which then is there as well. */
static bool begin_early(records *r, size_t i)
{
    if (i == NONE || !lasts(r, begun_before(r, i)))
        return false;
    r->all[i].since_us = record_since(&r->all[begun_before(r, i)]) + 1;
    r->broken = i;
    return true;
}

static bool two_hold(records *r, uint64_t *random)
{
    return begin_early(r, any_record(r, random, held_after_another));
}

static bool two_lead(records *r, uint64_t *random)
{
    return begin_early(r, any_record(r, random, leads_after_another));
}

/* Given up, and the next one holds it while the lease of the first still runs. */
static bool given_up_within_lease(const records *r, size_t i)
{
    const record *one = &r->all[i];
    int64_t until_us = 0, next_us = 0;
    if (one->kind != LINE_RELEASED)
        return false;
    for (size_t k = 0; k < r->count; k++) {
        const record *other = &r->all[k];
        if (other->slot == one->slot && (other->kind == LINE_RENEWED || other->kind == LINE_JOINED))
            until_us = other->until_us;
        if (other->slot == one->slot && (other->kind == LINE_FENCED || other->kind == LINE_LEFT))
            return false;
        if (k > i && next_us == 0 && other->kind == LINE_CLEANED)
            return false;
        if (k > i && next_us == 0 && other->kind == LINE_HELD && share_an_id(other, one)) {
            next_us = record_since(other);
            if (other->slot == one->slot)
                return false;
        }
    }
    return next_us != 0 && next_us < until_us && next_us < r->all[r->count - 1].at_us;
}

/* It is the process that must be alive then: one that writes a later line. */
static bool writes_after_next_hold(const records *r, size_t i)
{
    bool held = false;
    if (!given_up_within_lease(r, i))
        return false;
    for (size_t k = i + 1; k < r->count; k++) {
        const record *other = &r->all[k];
        if (other->source == r->all[i].source && other->kind == LINE_OPENED)
            return false;
        if (held && other->source == r->all[i].source)
            return true;
        held = held || (other->kind == LINE_HELD && share_an_id(other, &r->all[i]));
    }
    return false;
}

static bool not_given_up(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, writes_after_next_hold);
    if (i == NONE)
        return false;
    records_remove(r, i);
    return true;
}

/* It lasts, and its slot is granted the same again. */
static bool is_held_for_a_while(const records *r, size_t i)
{
    return r->all[i].kind == LINE_HELD && lasts(r, i);
}

static bool granted_what_it_holds(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_held_for_a_while);
    if (i == NONE)
        return false;
    record again = r->all[i];
    again.number++;
    return insert_broken(r, i + 1, again);
}

/* Lost to a clean, when another one already held it; but nobody says that there was a clean. */
static bool is_lost_to_a_clean(const records *r, size_t i)
{
    if (r->all[i].kind != LINE_LOST || !r->all[i].cleaned)
        return false;
    for (size_t k = i; k-- > 0 && r->all[k].kind != LINE_CLEANED;) {
        if (r->all[k].kind == LINE_HELD && r->all[k].slot != r->all[i].slot && share_an_id(&r->all[k], &r->all[i]) &&
            record_since(&r->all[k]) + TTL_MOST_US > record_since(&r->all[i]))
            return true;
    }
    return false;
}

static bool never_cleaned(records *r, uint64_t *random)
{
    if (any_record(r, random, is_lost_to_a_clean) == NONE)
        return false;
    for (size_t k = r->count; k-- > 0;) {
        if (r->all[k].kind == LINE_CLEANED)
            records_remove(r, k);
    }
    return true;
}

static bool refused_cleans(records *r, uint64_t *random)
{
    if (any_record(r, random, is_lost_to_a_clean) == NONE)
        return false;
    for (size_t k = 0; k < r->count; k++) {
        if (r->all[k].kind == LINE_CLEANED && r->all[k].since_us != 0)
            r->all[k].answer = LINE_REFUSED;
    }
    return true;
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Its token or term, and those of its ends, which would not be found otherwise. */
static void renumber(records *r, size_t i, uint64_t number)
{
    const record was = r->all[i];
    for (size_t k = i; k < r->count; k++) {
        if (r->all[k].slot == was.slot && r->all[k].number == was.number && r->all[k].kind >= LINE_LEADS &&
            (r->all[k].kind == LINE_LEADS) == (was.kind == LINE_LEADS) && r->all[k].kind < LINE_ADDED)
            r->all[k].number = number;
    }
}

static bool number_again(records *r, size_t i, uint64_t less)
{
    if (i == NONE || r->all[begun_before(r, i)].number <= less)
        return false;
    renumber(r, i, r->all[begun_before(r, i)].number - less);
    r->broken = i;
    return true;
}

static bool same_token(records *r, uint64_t *random)
{
    return number_again(r, any_record(r, random, held_after_another), 0);
}

static bool smaller_token(records *r, uint64_t *random)
{
    return number_again(r, any_record(r, random, held_after_another), 1);
}

static bool same_term(records *r, uint64_t *random)
{
    return number_again(r, any_record(r, random, leads_after_another), 0);
}

static bool smaller_term(records *r, uint64_t *random)
{
    return number_again(r, any_record(r, random, leads_after_another), 1);
}

/* ---- Acks -------------------------------------------------------------------------------------------------------- */

static bool acked_twice(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_accepted_ack);
    if (i == NONE)
        return false;
    return insert_broken(r, i + 1, r->all[i]);
}

/* All adds of one id but the first are forgotten; then its second ack is one too many. */
static bool acked_without_add(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_accepted_ack), acks = 0, adds = 0;
    if (i == NONE)
        return false;
    uint32_t id = r->all[i].ids[0];
    for (size_t k = 0; k < r->count; k++) {
        record *one = &r->all[k];
        acks += is_accepted_ack(r, k) && one->ids[0] == id;
        for (uint32_t n = 0; (one->kind == LINE_ADDED || one->kind == LINE_ADDING) && n < one->id_count; n++) {
            if (one->ids[n] == id && adds++ > 0)
                one->ids[n] = 1000 + (uint32_t)k;
        }
    }
    return acks > 1;
}

/* The end of this hold comes back as an accepted ack, when another one already holds the id. */
static bool stale_report(records *r, uint64_t *random, line_kind kind)
{
    size_t later = any_record(r, random, held_after_another);
    if (later == NONE)
        return false;
    size_t earlier = begun_before(r, later);
    record ack = r->all[earlier];
    for (uint32_t n = 0; n < ack.id_count; n++) {
        for (uint32_t k = 0; k < r->all[later].id_count; k++) {
            if (ack.ids[n] == r->all[later].ids[k])
                ack.ids[0] = ack.ids[n];
        }
    }
    /* In its history behind the other's hold, before that process ends. */
    for (size_t k = earlier + 1; k < r->count; k++) {
        if (r->all[k].source == ack.source && r->all[k].kind == LINE_OPENED)
            return false;
        if (r->all[k].source == ack.source && k > later) {
            ack.kind = kind;
            ack.answer = LINE_ACCEPTED;
            ack.at_us = r->all[k].at_us;
            ack.since_us = 0;
            ack.id_count = 1;
            return insert_broken(r, k, ack);
        }
    }
    return false;
}

static bool stale_ack(records *r, uint64_t *random)
{
    return stale_report(r, random, LINE_ACKED);
}

static bool stale_failure(records *r, uint64_t *random)
{
    return stale_report(r, random, LINE_FAILED);
}

static bool ack_of_another(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_accepted_ack);
    if (i == NONE)
        return false;
    for (size_t k = i + 1; k < r->count; k++) {
        if (r->all[k].kind == LINE_RENEWED && r->all[k].source != r->all[i].source) {
            record ack = r->all[i];
            ack.source = r->all[k].source;
            ack.slot = r->all[k].slot;
            ack.at_us = r->all[k].at_us;
            ack.since_us = 0;
            records_remove(r, i);
            return insert_broken(r, k, ack); /* behind the renewal, which has moved up */
        }
    }
    return false;
}

/* ---- Leases ------------------------------------------------------------------------------------------------------ */

static bool is_renewed(const records *r, size_t i)
{
    return r->all[i].kind == LINE_RENEWED;
}

/* Where its slot was told the lease that it renews. */
static size_t lease_before(const records *r, size_t i)
{
    size_t k = i;
    while (r->all[--k].slot != r->all[i].slot || (r->all[k].kind != LINE_RENEWED && r->all[k].kind != LINE_JOINED))
        continue;
    return k;
}

/* The lease before it had ended already. */
static bool late_renewal(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_renewed);
    if (i == NONE)
        return false;
    size_t k = lease_before(r, i);
    r->all[k].until_us = record_since(&r->all[i]) - 1 - random_below(random, 1000);
    r->broken = k; /* beside one of a longer lease before it, it is what is found */
    return true;
}

static bool shorter_lease(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_renewed);
    if (i == NONE)
        return false;
    size_t k = lease_before(r, i);
    r->all[i].until_us = r->all[k].until_us - 1;
    r->broken = i;
    return true;
}

static bool is_over_in_its_process(const records *r, size_t i)
{
    return r->all[i].kind == LINE_FENCED || r->all[i].kind == LINE_LEFT;
}

static bool renewed_when_over(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_over_in_its_process);
    if (i == NONE)
        return false;
    record one = r->all[i];
    one.kind = LINE_RENEWED;
    one.until_us = one.at_us + 5000000;
    return insert_broken(r, i + 1, one);
}

static bool is_held(const records *r, size_t i)
{
    return r->all[i].kind == LINE_HELD;
}

/* Its slot had been fenced. */
static bool held_without_lease(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_held);
    if (i == NONE)
        return false;
    record fenced = {.source = r->all[i].source,
                     .kind = random_below(random, 2) == 0 ? LINE_FENCED : LINE_LEFT,
                     .slot = r->all[i].slot,
                     .at_us = record_since(&r->all[i])};
    if (joined_of(r, fenced.slot)->at_us >= fenced.at_us)
        return false;
    r->all[i].since_us = 0;
    records_insert(r, i, fenced);
    r->broken = i + 1;
    return true;
}

/* ---- The story --------------------------------------------------------------------------------------------------- */

static bool is_joined_and_used(const records *r, size_t i)
{
    size_t k = next_of_source(r, i);
    return r->all[i].kind == LINE_JOINED && k != NONE && r->all[k].slot == r->all[i].slot &&
           r->all[k].kind != LINE_OPENED;
}

static bool never_joined(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_joined_and_used);
    if (i == NONE)
        return false;
    records_remove(r, i);
    return true;
}

static bool is_joined(const records *r, size_t i)
{
    return r->all[i].kind == LINE_JOINED;
}

static bool joined_twice(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_joined);
    if (i == NONE)
        return false;
    return insert_broken(r, i + 1, r->all[i]);
}

/* And was granted it once: not again under the same token. */
static bool ends_what_it_held(const records *r, size_t i)
{
    size_t grants = 0;
    for (size_t k = 0; k < r->count; k++)
        grants += r->all[k].kind == LINE_HELD && r->all[k].number == r->all[i].number;
    return (r->all[i].kind == LINE_RELEASED || r->all[i].kind == LINE_ACKED) && grants == 1;
}

/* The line that said of its beginning is not there. */
static bool never_begun(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, ends_what_it_held), k = i;
    if (i == NONE)
        return false;
    while (r->all[--k].kind != LINE_HELD || r->all[k].number != r->all[i].number)
        continue;
    records_remove(r, k);
    r->broken = i - 1;
    return true;
}

static bool other_slot(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_renewed);
    if (i == NONE)
        return false;
    r->all[i].slot += 100000;
    r->broken = i;
    return true;
}

/* The next process in its file has a slot of its own. */
static bool is_opened_again(const records *r, size_t i)
{
    if (r->all[i].kind != LINE_OPENED)
        return false;
    for (size_t k = i; k-- > 0;) {
        if (r->all[k].source == r->all[i].source)
            return r->all[k].kind != LINE_OPENED;
    }
    return false;
}

static bool slot_of_the_last_process(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_opened_again), k = i;
    if (i == NONE)
        return false;
    while (r->all[--k].source != r->all[i].source)
        continue;
    record late = {.source = r->all[i].source,
                   .kind = random_below(random, 2) == 0 ? LINE_FOLLOWS : LINE_FENCED,
                   .slot = r->all[k].slot,
                   .at_us = r->all[i].at_us};
    return insert_broken(r, i + 1, late);
}

/* A renewal before it, by another one whose process is still the same then. */
static size_t renewed_by_another(const records *r, size_t i)
{
    for (size_t k = i; k-- > 0;) {
        if (r->all[k].source == r->all[i].source)
            continue;
        if (r->all[k].kind == LINE_OPENED)
            return NONE;
        if (r->all[k].kind == LINE_RENEWED)
            return k;
    }
    return NONE;
}

static bool is_held_beside_another(const records *r, size_t i)
{
    return r->all[i].kind == LINE_HELD && renewed_by_another(r, i) != NONE;
}

/* What one holds another one ends. */
static bool ended_by_another(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_held_beside_another);
    if (i == NONE)
        return false;
    const record *another = &r->all[renewed_by_another(r, i)];
    record end = r->all[i];
    end.kind = random_below(random, 2) == 0 ? LINE_RELEASED : LINE_LOST;
    end.source = another->source;
    end.slot = another->slot;
    end.since_us = 0;
    return insert_broken(r, i + 1, end);
}

static bool unknown_token(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_held);
    if (i == NONE)
        return false;
    record end = r->all[i];
    end.kind = random_below(random, 2) == 0 ? LINE_RELEASED : LINE_LOST;
    end.number += 1000000;
    end.since_us = 0;
    return insert_broken(r, i + 1, end);
}

/* ---- Instants ---------------------------------------------------------------------------------------------------- */

static bool is_followed(const records *r, size_t i)
{
    size_t k = next_of_source(r, i);
    return k != NONE && r->all[k].at_us > r->all[i].at_us;
}

static bool backwards(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_followed);
    if (i == NONE)
        return false;
    size_t k = next_of_source(r, i);
    r->all[k].at_us = r->all[i].at_us - 1 - random_below(random, 1000);
    r->all[k].since_us = 0;
    r->broken = k;
    return true;
}

static bool before_its_time(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_held);
    if (i == NONE)
        return false;
    r->all[i].since_us = r->all[i].at_us + 1 + random_below(random, 1000);
    r->broken = i;
    return true;
}

/* ---- Nothing lost ------------------------------------------------------------------------------------------------ */

static bool is_added(const records *r, size_t i)
{
    return r->all[i].kind == LINE_ADDED && !is_cleaned_between(r, i, r->count);
}

static bool never_held(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_added);
    if (i == NONE)
        return false;
    r->all[i].ids[random_below(random, r->all[i].id_count)] = 5000;
    r->broken = i;
    return true;
}

/* That one of its ids was added since the pool was emptied last. */
static bool is_confirmed(const records *r, size_t i)
{
    bool confirmed = false;
    for (size_t k = 0; k < r->count; k++) {
        if (r->all[k].kind == LINE_CLEANED)
            confirmed = false;
        else if (r->all[k].kind == LINE_ADDED && share_an_id(&r->all[k], &r->all[i]))
            confirmed = true;
    }
    return confirmed;
}

/* The last hold of an id, of one that lives on, ends, and nobody gets it any more. */
static bool is_held_for_good(const records *r, size_t i)
{
    const record *one = &r->all[i];
    if (one->kind != LINE_HELD || is_cleaned_between(r, i, r->count) || !is_confirmed(r, i))
        return false;
    for (size_t k = i + 1; k < r->count; k++) {
        const record *other = &r->all[k];
        if (other->kind >= LINE_HELD && other->kind < LINE_ADDED && share_an_id(other, one))
            return false;
        if (other->source == one->source && (other->kind == LINE_OPENED || other->kind == LINE_FENCED))
            return false;
    }
    return true;
}

static bool given_up_in_the_end(records *r, uint64_t *random)
{
    size_t i = any_record(r, random, is_held_for_good);
    if (i == NONE)
        return false;
    record one = r->all[i];
    one.kind = LINE_RELEASED;
    one.at_us = r->all[r->count - 1].at_us + 1;
    one.since_us = 0;
    records_add(r, one);
    return true;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static const break_kind kinds[] = {
    {"two hold an id", RULE_HOLDERS, two_hold},
    {"a slot is granted what it holds", RULE_HOLDERS, granted_what_it_holds},
    {"an id is cleaned, and nobody says so", RULE_HOLDERS, never_cleaned},
    {"a clean was refused", RULE_HOLDERS, refused_cleans},
    {"an id is not given up", RULE_HOLDERS, not_given_up},
    {"two lead", RULE_LEADERS, two_lead},
    {"a token is issued twice", RULE_TOKENS, same_token},
    {"a token is smaller", RULE_TOKENS, smaller_token},
    {"a term is issued twice", RULE_TERMS, same_term},
    {"a term is smaller", RULE_TERMS, smaller_term},
    {"an ack is accepted twice", RULE_ACKS, acked_twice},
    {"an id is acked twice, and was added once", RULE_ACKS, acked_without_add},
    {"an ack is stale", RULE_STALE, stale_ack},
    {"a failure is stale", RULE_STALE, stale_failure},
    {"an ack is another one's", RULE_STALE, ack_of_another},
    {"a lease is renewed when it was over", RULE_LEASE, late_renewal},
    {"a lease becomes shorter", RULE_LEASE, shorter_lease},
    {"a lease is renewed when its slot was over", RULE_LEASE, renewed_when_over},
    {"an id is held by a slot that is over", RULE_LEASE, held_without_lease},
    {"a slot never joined", RULE_STORY, never_joined},
    {"a slot joins twice", RULE_STORY, joined_twice},
    {"what ends never began", RULE_STORY, never_begun},
    {"a line is of no slot here", RULE_STORY, other_slot},
    {"a slot speaks in the next process of its history", RULE_STORY, slot_of_the_last_process},
    {"another one ends a hold", RULE_STORY, ended_by_another},
    {"a hold ends that nobody began", RULE_STORY, unknown_token},
    {"time goes back", RULE_TIME, backwards},
    {"a line is from before its time", RULE_TIME, before_its_time},
    {"an id is added, and never held", RULE_NOTHING_LOST, never_held},
    {"an id is given up, and nobody gets it", RULE_NOTHING_LOST, given_up_in_the_end},
};

const break_kind *break_at(size_t index)
{
    return index < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[index] : NULL;
}
