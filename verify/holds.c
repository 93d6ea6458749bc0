#include "verify/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Things by their texts --------------------------------------------------------------------------------------- */

thing *thing_of(checker *c, allot_bytes id)
{
    uint64_t number;
    if (index_get(&c->thing_index, id.data, id.len, &number))
        return &c->things[number];
    size_t text = c->texts.len;
    if (array_reserve((void **)&c->things, &c->thing_capacity, c->thing_count + 1, sizeof(*c->things)) != 0 ||
        bytes_append(&c->texts, id.data, id.len) != 0)
        return NULL;
    c->things[c->thing_count] = (thing){.text = text, .len = id.len};
    if (index_put(&c->thing_index, id.data, id.len, c->thing_count) != 0)
        return NULL;
    return &c->things[c->thing_count++];
}

/* ---- Two that follow each other ---------------------------------------------------------------------------------- */

static bool is_leadership(const thing *t)
{
    return t->len == 0;
}

static int64_t known_end_us(const checker *c, const hold *h)
{
    int64_t by_slot = slot_end_us(&c->slots[h->slot]);
    return h->end_us < by_slot ? h->end_us : by_slot;
}

/* How a hold ended, in words: "lost at run-a.jsonl:17", "the lease until run-a.jsonl:3". */
static void end_words(const checker *c, const hold *h, char *ret_text, size_t size)
{
    char where[PLACE_BYTES], until[INSTANT_BYTES];
    const holder *s = &c->slots[h->slot];
    instant_text(known_end_us(c, h), until);
    if (h->end_us <= slot_end_us(s))
        snprintf(ret_text, size, "until %s (%s)", until, place_text(c, h->end, where));
    else if (s->ended_us <= s->until_us)
        snprintf(ret_text, size, "until %s (%s)", until, s->crashed ? "the end of its process" : "the end of its slot");
    else
        snprintf(ret_text, size, "until %s (its lease, %s)", until, place_text(c, s->renewed, where));
}

static void found_overlap(checker *c, const thing *t, const hold *a, const hold *b)
{
    char name[THING_BYTES], where[PLACE_BYTES], since[INSTANT_BYTES], end[PLACE_BYTES + 80];
    end_words(c, a, end, sizeof(end));
    instant_text(b->start_us, since);
    if (is_leadership(t))
        found_two(c, RULE_LEADERS, b->start, a->start,
                  "leads in term %" PRIu64 " since %s, while %s led in term %" PRIu64 " %s", b->token, since,
                  place_text(c, a->start, where), a->token, end);
    else
        found_two(c, RULE_HOLDERS, b->start, a->start,
                  "%s is held under token %" PRIu64 " since %s, while %s held it under token %" PRIu64 " %s",
                  thing_text(c, t, name), b->token, since, place_text(c, a->start, where), a->token, end);
}

/* `later` came later, and has not the larger number. */
static void found_number(checker *c, const thing *t, const hold *later, const hold *earlier)
{
    char name[THING_BYTES], where[PLACE_BYTES];
    if (is_leadership(t))
        found_two(c, RULE_TERMS, later->start, earlier->start, "term %" PRIu64 " comes after term %" PRIu64 " of %s",
                  later->token, earlier->token, place_text(c, earlier->start, where));
    else
        found_two(c, RULE_TOKENS, later->start, earlier->start,
                  "token %" PRIu64 " of %s comes after token %" PRIu64 " of %s", later->token, thing_text(c, t, name),
                  earlier->token, place_text(c, earlier->start, where));
}

/* Nothing that is still to be written makes it longer. */
static bool is_over(const checker *c, const hold *h)
{
    const holder *s = &c->slots[h->slot];
    return h->end_us != NEVER || s->ended_us != NEVER || s->crashed;
}

/* In the order of their tokens, and in that of their instants: the first has to be over when the second begins. */
static bool settle_in_order(checker *c, const thing *t, hold *a, const hold *b, bool last)
{
    if (!is_over(c, a) && !last)
        return false;
    if (known_end_us(c, a) <= b->start_us)
        return true;
    clean_word word = clean_between(c, a->start_us, b->start_us);
    if (word == CLEAN_ASKED && !last)
        return false;
    a->judged = word == CLEAN_NOT;
    if (a->judged)
        found_overlap(c, t, a, b);
    return true;
}

static bool settle_out_of_order(checker *c, const thing *t, hold *a, const hold *b, bool last)
{
    bool apart = known_end_us(c, b) <= a->start_us || a->slot == b->slot;
    if (!apart && !is_over(c, b) && !last)
        return false;
    a->judged = true;
    if (apart)
        found_number(c, t, a, b);
    else
        found_overlap(c, t, a, b);
    return true;
}

/* Whether everything is known that can be said of two that follow each other. A slot that wrote nothing of an end yet
 * may have learnt of it long ago, or have a longer lease than it has told: so that has to be waited for, until nothing
 * can come any more (`last`). */
static bool settle(checker *c, const thing *t, hold *a, const hold *b, bool last)
{
    if (a->judged)
        return true;
    return a->start_us <= b->start_us ? settle_in_order(c, t, a, b, last) : settle_out_of_order(c, t, a, b, last);
}

static bool overlap(const checker *c, const hold *first, const hold *second)
{
    return known_end_us(c, first) > second->start_us &&
           clean_between(c, first->start_us, second->start_us) == CLEAN_NOT;
}

/* One that is written late comes between those that are settled. The one of these that lasted longest stands for all
 * of them. */
static void compare_late(checker *c, const thing *t, const hold *late)
{
    const hold *before = t->longest;
    bool next_tells = late->next != NULL && late->start_us > late->next->start_us;
    if (before == NULL)
        return;
    if (late->token < before->token) {
        if (late->start_us >= before->start_us && !next_tells)
            found_number(c, t, late, before);
    } else if (late->start_us < before->start_us) {
        found_number(c, t, before, late);
    } else if (overlap(c, before, late)) {
        found_overlap(c, t, before, late);
    }
}

/* One of a smaller token had to be over before it. */
static void compare_forgotten(checker *c, const thing *t, const hold *gone)
{
    const hold *behind = t->longest;
    if (behind != NULL && gone->token < behind->token && gone->start_us < behind->start_us && overlap(c, gone, behind))
        found_overlap(c, t, gone, behind);
}

static void forget(checker *c, thing *t, hold *gone)
{
    compare_forgotten(c, t, gone);
    if (!gone->judged && (t->longest == NULL || known_end_us(c, gone) > known_end_us(c, t->longest))) {
        free(t->longest);
        t->longest = gone;
    } else {
        free(gone);
    }
}

/* What is settled beside its successor says nothing more to anybody, unless that comes very late. */
static void forget_settled(checker *c, thing *t)
{
    while (t->holds != NULL && t->holds->next != NULL && settle(c, t, t->holds, t->holds->next, false)) {
        hold *gone = t->holds;
        t->holds = gone->next;
        forget(c, t, gone);
    }
}

/* ---- Begin and end ----------------------------------------------------------------------------------------------- */

static hold *of_token(const thing *t, uint64_t token)
{
    if (t->last == NULL || t->last->token <= token)
        return t->last != NULL && t->last->token == token ? t->last : NULL;
    hold *h = t->holds;
    while (h != NULL && h->token < token)
        h = h->next;
    return h != NULL && h->token == token ? h : NULL;
}

const hold *hold_of_token(const thing *t, uint64_t token)
{
    return of_token(t, token);
}

const hold *hold_last(const thing *t)
{
    return t->last;
}

static bool is_token_of(const checker *c, uint32_t slot, uint64_t token)
{
    uint64_t number;
    return index_get(&c->grant_index, &token, sizeof(token), &number) && c->grants[number].slot == slot;
}

void token_take(checker *c, uint32_t slot, uint64_t token, place at)
{
    uint64_t number;
    char where[PLACE_BYTES];
    if (index_get(&c->grant_index, &token, sizeof(token), &number)) {
        const grant *before = &c->grants[number];
        if (before->slot != slot)
            found_two(c, RULE_TOKENS, at, before->at, "token %" PRIu64 " was granted to another slot: %s", token,
                      place_text(c, before->at, where));
        return;
    }
    if (array_reserve((void **)&c->grants, &c->grant_capacity, c->grant_count + 1, sizeof(*c->grants)) != 0 ||
        index_put(&c->grant_index, &token, sizeof(token), c->grant_count) != 0) {
        c->nomem = true;
        return;
    }
    c->grants[c->grant_count++] = (grant){.token = token, .slot = slot, .at = at};
}

static void found_twice(checker *c, const thing *t, const hold *before, place at)
{
    char name[THING_BYTES], where[PLACE_BYTES];
    if (is_leadership(t))
        found_two(c, RULE_TERMS, at, before->start, "term %" PRIu64 " is there twice: also %s", before->token,
                  place_text(c, before->start, where));
    else
        found_two(c, RULE_TOKENS, at, before->start, "token %" PRIu64 " of %s is there twice: also %s", before->token,
                  thing_text(c, t, name), place_text(c, before->start, where));
}

/* The same grant, told anew, goes on: the store had not taken what was to be given up, or reported. False: not so. */
static bool resume(hold *h, uint32_t slot)
{
    if (h->slot != slot || h->next != NULL || h->end_us == NEVER || !h->given)
        return false;
    h->end_us = NEVER;
    return true;
}

/* Behind which one it belongs; NULL: before all. *ret_same: the one that has its token. */
static hold *place_before(const thing *t, uint64_t token, hold **ret_same)
{
    hold *before = NULL;
    *ret_same = of_token(t, token);
    if (t->last != NULL && t->last->token < token)
        return t->last;
    for (hold *h = t->holds; h != NULL && h->token < token; h = h->next)
        before = h;
    return before;
}

static void insert(thing *t, hold *before, hold *h)
{
    hold **link = before != NULL ? &before->next : &t->holds;
    h->next = *link;
    *link = h;
    if (h->next == NULL)
        t->last = h;
}

void hold_begin(checker *c, thing *t, uint32_t slot, uint64_t token, int64_t start_us, place at)
{
    hold *same, *before = place_before(t, token, &same);
    if (same != NULL) {
        /* of two slots with one token, all ids are told at once: token_take */
        if (!resume(same, slot) && (same->slot == slot || is_leadership(t)))
            found_twice(c, t, same, at);
        return;
    }
    hold *h = malloc(sizeof(*h));
    if (h == NULL) {
        c->nomem = true;
        return;
    }
    *h = (hold){.token = token, .start_us = start_us, .end_us = NEVER, .slot = slot, .start = at, .end = at};
    insert(t, before, h);
    t->parked = t->parked && token < t->report_token;
    report_on_hold(c, t, h);
    compare_late(c, t, h);
    forget_settled(c, t);
}

static void end_now(hold *h, hold_end_kind how, int64_t end_us, place at)
{
    if (h->end_us == NEVER) { /* else it is told twice: released, and then lost with everything else */
        h->end_us = end_us;
        h->end = at;
        h->given = true;
    }
    h->given = h->given && how == ENDED_GIVEN;
}

void hold_end(checker *c, thing *t, uint32_t slot, uint64_t token, hold_end_kind how, int64_t end_us, place at)
{
    char name[THING_BYTES];
    hold *h = of_token(t, token);
    bool forgotten = h == NULL && t->holds != NULL && token < t->holds->token && is_token_of(c, slot, token);
    if (h != NULL && h->slot == slot)
        end_now(h, how, end_us, at);
    else if (!forgotten)
        found(c, RULE_STORY, at, "%s under token %" PRIu64 " ends, and was not seen to begin", thing_text(c, t, name),
              token);
    forget_settled(c, t);
}

void hold_end_of_slot(checker *c, thing *t, uint32_t slot, int64_t end_us, place at)
{
    for (hold *h = t->holds; h != NULL; h = h->next) {
        if (h->slot == slot && h->end_us == NEVER)
            end_now(h, ENDED_FOR_GOOD, end_us, at);
    }
    forget_settled(c, t);
}

/* No process says anything any more: whatever has no end lasts as long as its slot. */
void holds_finish(checker *c, thing *t)
{
    for (hold *h = t->holds; h != NULL && h->next != NULL; h = h->next) {
        settle(c, t, h, h->next, true);
        compare_forgotten(c, t, h);
    }
}
