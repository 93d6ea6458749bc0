#include "base/uuid_text.h"
#include "verify/inside.h"

int64_t slot_end_us(const holder *s)
{
    return s->ended_us < s->until_us ? s->ended_us : s->until_us;
}

static int keep_life(checker *c, const allot_uuid *life)
{
    uint64_t number;
    if (index_get(&c->life_index, life, sizeof(*life), &number))
        return 0;
    if (array_reserve((void **)&c->lives, &c->life_capacity, c->life_count + 1, sizeof(*c->lives)) != 0)
        return -1;
    c->lives[c->life_count] = *life;
    if (index_put(&c->life_index, life, sizeof(*life), c->life_count) != 0)
        return -1;
    c->life_count++;
    return 0;
}

int slot_join(checker *c, place at, const line *l)
{
    uint64_t number;
    char where[PLACE_BYTES];
    if (index_get(&c->slot_index, &l->slot, sizeof(l->slot), &number)) {
        found_two(c, RULE_STORY, at, c->slots[number].joined, "this slot has joined before: %s",
                  place_text(c, c->slots[number].joined, where));
        return 0;
    }
    if (keep_life(c, &l->life) != 0 ||
        array_reserve((void **)&c->slots, &c->slot_capacity, c->slot_count + 1, sizeof(*c->slots)) != 0)
        return -1;
    process *p = &c->processes[at.source];
    c->slots[c->slot_count] = (holder){.uuid = l->slot,
                                       .joined = at,
                                       .renewed = at,
                                       .until_us = l->until_us,
                                       .ended_us = NEVER,
                                       .previous = p->slots,
                                       .proven = l->proven};
    if (index_put(&c->slot_index, &l->slot, sizeof(l->slot), c->slot_count) != 0)
        return -1;
    p->slots = (uint32_t)c->slot_count++;
    c->tally.slots++;
    return 0;
}

holder *slot_of(checker *c, place at, const line *l)
{
    uint64_t number;
    if (index_get(&c->slot_index, &l->slot, sizeof(l->slot), &number)) {
        holder *s = &c->slots[number];
        if (s->joined.source == at.source && s->joined.line > c->processes[at.source].opened.line)
            return s;
    }
    found(c, RULE_STORY, at, "%s of a slot that has not joined here", line_word(l->kind));
    return NULL;
}

void slot_renew(checker *c, place at, const line *l, holder *s)
{
    char until[INSTANT_BYTES], since[INSTANT_BYTES], where[PLACE_BYTES];
    if (s->ended_us != NEVER || l->since_us >= s->until_us)
        found_two(c, RULE_LEASE, at, s->renewed, "the lease is renewed at %s, and was over at %s: %s",
                  instant_text(l->since_us, since), instant_text(slot_end_us(s), until),
                  place_text(c, s->renewed, where));
    else if (l->until_us < s->until_us)
        found_two(c, RULE_LEASE, at, s->renewed, "the lease is made shorter than it was by %s",
                  place_text(c, s->renewed, where));
    if (l->until_us > s->until_us) {
        s->until_us = l->until_us;
        s->renewed = at;
    }
}

void slot_check_lease(checker *c, place at, const line *l, const holder *s)
{
    char until[INSTANT_BYTES], since[INSTANT_BYTES], where[PLACE_BYTES];
    if (l->since_us >= slot_end_us(s))
        found_two(c, RULE_LEASE, at, s->renewed, "%s since %s, when the lease was over at %s: %s", line_word(l->kind),
                  instant_text(l->since_us, since), instant_text(slot_end_us(s), until),
                  place_text(c, s->renewed, where));
}
