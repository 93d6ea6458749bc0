/* Adding what is in the pool already changes nothing, and nobody is told of each id whether it was: so an add counts as
 * one that brought the id in only if it is the first one, or if an ack since the last that counted made room for it. */
#include "verify/inside.h"

static void count(thing *t, const add *one)
{
    /* what was acked before anybody is known to have added it came in unseen */
    t->adds += t->adds == 0 && t->accepted > 0 ? 2 : 1;
    t->counted = *one;
}

void add_on_ack(thing *t, int64_t stopped_us)
{
    const add waiting = t->waiting;
    if (waiting.until_us > stopped_us && stopped_us >= t->counted.since_us) {
        count(t, &waiting);
        t->waiting = (add){.until_us = 0};
    }
}

static void new_add(thing *t, add one)
{
    if (t->adds == 0) {
        count(t, &one);
        return;
    }
    if (one.until_us >= t->waiting.until_us)
        t->waiting = one;
    if (t->accepted > 0)
        add_on_ack(t, t->ack_sent_us);
}

/* What this process had asked for is confirmed: the line before, which was not written before it began to ask. */
static bool confirm(add *asked, place at, const line *l)
{
    if (asked->until_us != NEVER || asked->source != at.source || asked->since_us < l->since_us)
        return false;
    asked->until_us = l->at_us;
    return true;
}

void add_take(thing *t, place at, const line *l)
{
    bool confirmed = l->kind == LINE_ADDED;
    if (confirmed && t->first_add.line == 0)
        t->first_add = at;
    if (confirmed && l->since_us > t->add_us)
        t->add_us = l->since_us;
    if (!confirmed || (!confirm(&t->waiting, at, l) && !(t->adds > 0 && confirm(&t->counted, at, l))))
        new_add(t, (add){.since_us = l->since_us, .until_us = confirmed ? l->at_us : NEVER, .source = at.source});
}
