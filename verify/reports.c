#include "verify/inside.h"

#include <inttypes.h>
#include <stdio.h>

static void found_stale(checker *c, const thing *t, place ack, uint64_t token, const hold *newer)
{
    char name[THING_BYTES], where[PLACE_BYTES];
    found_two(c, RULE_STALE, ack, newer->start,
              "%s was reported under token %" PRIu64 " and accepted, when it was held under token %" PRIu64 ": %s",
              thing_text(c, t, name), token, newer->token, place_text(c, newer->start, where));
}

/* Against what was granted before the report went out. What was granted later may have been added anew. */
static void check_token(checker *c, const thing *t, uint32_t slot, place at, const line *l)
{
    char name[THING_BYTES], where[PLACE_BYTES];
    const hold *own = hold_of_token(t, l->token);
    if (own != NULL && own->slot != slot)
        found_two(c, RULE_STALE, at, own->start,
                  "%s was reported by a slot that did not hold it, and accepted: another one had token %" PRIu64 ", %s",
                  thing_text(c, t, name), l->token, place_text(c, own->start, where));
    for (const hold *h = t->holds; h != NULL; h = h->next) {
        if (h->token > l->token && h->start_us < l->since_us) {
            found_stale(c, t, at, l->token, h);
            break;
        }
    }
    if (t->reported && t->report_token == l->token)
        found_two(c, RULE_ACKS, at, t->report, "%s was reported twice under token %" PRIu64 ", and accepted: also %s",
                  thing_text(c, t, name), l->token, place_text(c, t->report, where));
}

static void take_ack(checker *c, thing *t, place at, const line *l)
{
    c->tally.acks++;
    t->accepted++;
    t->parked = false;
    t->ack_before = t->ack;
    t->ack = at;
    t->ack_sent_us = l->since_us > t->ack_sent_us ? l->since_us : t->ack_sent_us;
    t->ack_told_us = l->at_us;
    add_on_ack(t, l->since_us);
    if (l->token > t->ack_token)
        t->ack_token = l->token;
}

/* A report is told before it goes out, as unknown; the store's answer to it takes the doubt away. */
static void note_doubt(thing *t, const line *l)
{
    if (l->answer == LINE_UNKNOWN && l->token >= t->doubt_token) {
        t->doubt_token = l->token;
        t->doubt_sent_us = l->since_us;
    } else if (l->answer != LINE_UNKNOWN && l->token == t->doubt_token && l->since_us == t->doubt_sent_us) {
        t->doubt_token = 0;
    }
}

void report_take(checker *c, thing *t, uint32_t slot, place at, const line *l)
{
    if (l->answer == LINE_ACCEPTED)
        check_token(c, t, slot, at, l);
    const hold *own = hold_of_token(t, l->token);
    if (own == NULL || own->slot == slot)
        hold_end(c, t, slot, l->token, l->answer == LINE_ACCEPTED ? ENDED_FOR_GOOD : ENDED_GIVEN, l->since_us, at);
    note_doubt(t, l);
    if (l->answer != LINE_ACCEPTED)
        return;
    if (l->kind == LINE_ACKED) {
        take_ack(c, t, at, l);
    } else {
        c->tally.fails++;
        const hold *last = hold_last(t);
        t->parked = last == NULL || last->token <= l->token;
    }
    t->reported = true;
    t->report_token = l->token;
    t->report = at;
}

void report_on_hold(checker *c, thing *t, const hold *h)
{
    if (t->accepted > 0 && h->token > t->ack_token && h->start_us < t->ack_sent_us)
        found_stale(c, t, t->ack, t->ack_token, h);
}

/* One ack for each add; without any that is known, one. Each further life may have forgotten one (docs/protocol.md). */
static void check_acks(checker *c, const thing *t)
{
    char name[THING_BYTES], where[PLACE_BYTES];
    uint64_t most = (t->adds > 0 ? t->adds : 1) + (c->life_count > 0 ? c->life_count - 1 : 0);
    const hold *last = hold_last(t);
    if (t->accepted > most)
        found_two(c, RULE_ACKS, t->ack, t->ack_before,
                  "%s was acked %" PRIu32 " times, and added %" PRIu32 " times as far as told: before by %s",
                  thing_text(c, t, name), t->accepted, t->adds, place_text(c, t->ack_before, where));
    else if (t->accepted == most && last != NULL && last->token > t->ack_token && last->start_us >= t->ack_sent_us)
        found_two(c, RULE_ACKS, last->start, t->ack,
                  "%s is held again, though %s acked it, and nobody is known to have added it anew",
                  thing_text(c, t, name), place_text(c, t->ack, where));
}

static bool is_held_in_the_end(const checker *c, const hold *h)
{
    const holder *s = &c->slots[h->slot];
    return h->end_us == NEVER && (s->ended_us == NEVER || s->crashed) && s->until_us >= c->last_us;
}

static void check_nothing_lost(checker *c, const thing *t)
{
    char name[THING_BYTES], where[PLACE_BYTES];
    const hold *last = hold_last(t);
    bool done = t->accepted > 0 && (last == NULL || last->token <= t->ack_token) && t->add_us <= t->ack_told_us;
    bool in_doubt = t->doubt_token != 0 && (last == NULL || last->token <= t->doubt_token);
    if (done || in_doubt || t->parked || (last != NULL && is_held_in_the_end(c, last)) ||
        clean_between(c, t->add_us, NEVER) != CLEAN_NOT)
        return;
    if (t->accepted > 0 && t->add_us > t->ack_told_us)
        found_two(c, RULE_NOTHING_LOST, t->ack, t->first_add,
                  "%s was acked and then added again, and is not held: first added by %s", thing_text(c, t, name),
                  place_text(c, t->first_add, where));
    else if (last == NULL)
        found(c, RULE_NOTHING_LOST, t->first_add, "%s was added, and never held", thing_text(c, t, name));
    else
        found_two(c, RULE_NOTHING_LOST, t->first_add, last->start, "%s was added, and is not held any more: last by %s",
                  thing_text(c, t, name), place_text(c, last->start, where));
}

void reports_finish(checker *c, thing *t)
{
    check_acks(c, t);
    if (c->complete && t->first_add.line != 0)
        check_nothing_lost(c, t);
}
