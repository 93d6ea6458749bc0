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

static bool is_over(const checker *c, const hold *h)
{
    return h->end_us != NEVER || c->slots[h->slot].ended_us != NEVER;
}

/* In the order of their tokens, and in that of their instants: the first has to be over when the second begins. */
static bool settle_in_order(checker *c, const thing *t, hold *a, const hold *b, bool last)
{
    if (known_end_us(c, a) <= b->start_us || a->slot == b->slot)
        return true;
    if (!is_over(c, a) && !last)
        return false;
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
 * may have learnt of it long ago: so that has to be waited for, until nothing can come any more (`last`). The end of a
 * lease need not: should it be renewed afterwards, that is a finding of its own. */
static bool settle(checker *c, const thing *t, hold *a, const hold *b, bool last)
{
    if (a->judged)
        return true;
    return a->start_us <= b->start_us ? settle_in_order(c, t, a, b, last) : settle_out_of_order(c, t, a, b, last);
}

/* What is settled beside its successor says nothing more to anybody. */
static void forget_settled(checker *c, thing *t)
{
    while (t->holds != NULL && t->holds->next != NULL && settle(c, t, t->holds, t->holds->next, false)) {
        hold *gone = t->holds;
        t->holds = gone->next;
        free(gone);
    }
}

/* ---- Begin and end ----------------------------------------------------------------------------------------------- */

const hold *hold_of_token(const thing *t, uint64_t token)
{
    const hold *h = t->holds;
    while (h != NULL && h->token < token)
        h = h->next;
    return h != NULL && h->token == token ? h : NULL;
}

const hold *hold_last(const thing *t)
{
    const hold *h = t->holds;
    while (h != NULL && h->next != NULL)
        h = h->next;
    return h;
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

/* The same grant, told anew: what was to be given up was not. */
static bool is_resumed(hold *h, uint32_t slot)
{
    if (h->slot != slot || h->next != NULL)
        return false;
    h->end_us = NEVER;
    return true;
}

void hold_begin(checker *c, thing *t, uint32_t slot, uint64_t token, int64_t start_us, place at)
{
    hold **link = &t->holds;
    while (*link != NULL && (*link)->token < token)
        link = &(*link)->next;
    if (*link != NULL && (*link)->token == token) {
        if (!is_resumed(*link, slot))
            found_twice(c, t, *link, at);
        return;
    }
    hold *h = malloc(sizeof(*h));
    if (h == NULL) {
        c->nomem = true;
        return;
    }
    *h = (hold){
        .next = *link, .token = token, .start_us = start_us, .end_us = NEVER, .slot = slot, .start = at, .end = at};
    *link = h;
    t->parked = t->parked && token < t->report_token;
    report_on_hold(c, t, h);
    forget_settled(c, t);
}

static void end_now(hold *h, int64_t end_us, place at)
{
    h->end_us = end_us;
    h->end = at;
}

void hold_end(checker *c, thing *t, uint32_t slot, uint64_t token, int64_t end_us, place at)
{
    char name[THING_BYTES];
    hold *h = t->holds;
    while (h != NULL && h->token < token)
        h = h->next;
    bool there = h != NULL && h->token == token, forgotten = !there && h != NULL && h == t->holds;
    if ((!there && !forgotten) || (there && h->slot != slot))
        found(c, RULE_STORY, at, "%s under token %" PRIu64 " ends, and was not seen to begin", thing_text(c, t, name),
              token);
    else if (there && h->end_us == NEVER) /* else it is told twice: released, and then lost with everything else */
        end_now(h, end_us, at);
    forget_settled(c, t);
}

void hold_end_of_slot(checker *c, thing *t, uint32_t slot, int64_t end_us, place at)
{
    for (hold *h = t->holds; h != NULL; h = h->next) {
        if (h->slot == slot && h->end_us == NEVER)
            end_now(h, end_us, at);
    }
    forget_settled(c, t);
}

/* No process says anything any more: whatever has no end lasts as long as its slot. */
void holds_finish(checker *c, thing *t)
{
    for (hold *h = t->holds; h != NULL && h->next != NULL; h = h->next)
        settle(c, t, h, h->next, true);
}
