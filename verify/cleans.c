#include "verify/inside.h"

/* Told before it goes out, as unknown, and with the store's answer, under the same `since`. One without an answer may
 * have come about until its process said its last: it counts as one that did. */
static void answer_clean(clean *asked, const line *l)
{
    asked->until_us = l->answer == LINE_REFUSED ? BEFORE_ALL : l->at_us;
}

void clean_end(checker *c, process *p)
{
    if (p->clean != 0)
        c->cleans[p->clean - 1].until_us = p->at_us;
    p->clean = 0;
}

static void new_clean(checker *c, process *p, const line *l)
{
    if (array_reserve((void **)&c->cleans, &c->clean_capacity, c->clean_count + 1, sizeof(*c->cleans)) != 0) {
        c->nomem = true;
        return;
    }
    clean *asked = &c->cleans[c->clean_count++];
    *asked = (clean){.since_us = l->since_us, .until_us = NEVER};
    if (l->answer == LINE_UNKNOWN)
        p->clean = c->clean_count;
    else
        answer_clean(asked, l);
}

void clean_take(checker *c, place at, const line *l)
{
    process *p = &c->processes[at.source];
    if (p->clean != 0 && c->cleans[p->clean - 1].since_us == l->since_us) {
        answer_clean(&c->cleans[p->clean - 1], l);
        p->clean = 0;
        return;
    }
    clean_end(c, p);
    new_clean(c, p, l);
}

/* A hold that began after it was answered has nothing to do with it, and neither has a grant from before it was asked
 * for. */
clean_word clean_between(const checker *c, int64_t first_us, int64_t second_us)
{
    clean_word word = CLEAN_NOT;
    for (size_t i = c->clean_count; i-- > 0 && word != CLEAN_DONE;) {
        const clean *one = &c->cleans[i];
        if (one->since_us <= second_us && one->until_us >= first_us)
            word = one->until_us == NEVER ? CLEAN_ASKED : CLEAN_DONE;
    }
    return word;
}
