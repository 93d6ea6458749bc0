/* hammer_check.c - the invariants over the histories of all processes. */
#include "tests/conformance/hammer.h"

#include "base/uuid_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of one id. */
typedef struct fate {
    uint32_t sent, confirmed, undone;
    uint32_t ack_sent, ack_accepted, ack_refused;
    uint64_t accepted_token, largest_token;
    uint32_t in_pool;
} fate;

typedef struct check {
    const hammer *h;
    uint32_t processes;
    fate *fates;                   /* by process << 16 | count */
    hammer_record *terms, *grants; /* all of a kind, sorted by number */
    size_t term_count, grant_count;
    char *text;
    size_t text_bytes;
} check;

static const char *broken(check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *broken(check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->text, c->text_bytes, format, args);
    va_end(args);
    return c->text;
}

static void learn(check *c, const hammer_record *r)
{
    fate *f = &c->fates[r->id];
    switch (r->what) {
    case HAMMER_ADD_SENT:
        f->sent++;
        break;
    case HAMMER_ADD_CONFIRMED:
        f->confirmed++;
        break;
    case HAMMER_ADD_UNDONE:
        f->undone++;
        break;
    case HAMMER_ACK_SENT:
        f->ack_sent++;
        break;
    case HAMMER_ACK_REFUSED:
        f->ack_refused++;
        break;
    case HAMMER_ACK_ACCEPTED:
        f->ack_accepted++;
        f->accepted_token = r->number;
        break;
    case HAMMER_OWNED:
        if (f->largest_token < r->number)
            f->largest_token = r->number;
        c->grants[c->grant_count++] = *r;
        break;
    case HAMMER_TERM_WON:
        c->terms[c->term_count++] = *r;
        break;
    }
}

static int by_number(const void *a, const void *b)
{
    const hammer_record *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return memcmp(&x->slot, &y->slot, sizeof(x->slot));
}

static const char *check_fate(check *c, uint32_t id)
{
    const fate *f = &c->fates[id];
    char name[32];
    hammer_id_text(id, name);
    if (f->in_pool > 1)
        return broken(c, "I2: %s is in %u places", name, f->in_pool);
    if (f->in_pool > 0 && f->sent == 0)
        return broken(c, "%s is in the pool, and nobody added it", name);
    if (f->in_pool > 0 && f->undone > 0)
        return broken(c, "%s is in the pool, although its add was not done", name);
    if (f->ack_accepted > 1)
        return broken(c, "I4: %u acks of %s were accepted", f->ack_accepted, name);
    if (f->ack_accepted > 0 && f->in_pool > 0)
        return broken(c, "I4: %s is in the pool after its ack was accepted", name);
    if (f->ack_accepted > 0 && f->accepted_token < f->largest_token)
        return broken(c, "I4: an ack of %s was accepted with token %llu, and %llu had been issued", name,
                      (unsigned long long)f->accepted_token, (unsigned long long)f->largest_token);
    bool maybe_acked = f->ack_sent > f->ack_accepted + f->ack_refused;
    if (f->confirmed > 0 && f->in_pool == 0 && f->ack_accepted == 0 && !maybe_acked)
        return broken(c, "I5: %s was confirmed, nobody acked it, and it is not in the pool", name);
    return NULL;
}

/* Numbers issued to two, or a larger one before a smaller one. */
static const char *check_terms(check *c)
{
    for (size_t i = 1; i < c->term_count; i++) {
        const hammer_record *small = &c->terms[i - 1], *large = &c->terms[i];
        if (small->number == large->number && !uuid_equal(&small->slot, &large->slot))
            return broken(c, "I1: term %llu was won by two slots", (unsigned long long)large->number);
        if (small->number < large->number && small->from_us > large->until_us)
            return broken(c, "I7: term %llu was won after term %llu", (unsigned long long)small->number,
                          (unsigned long long)large->number);
    }
    return NULL;
}

static const char *check_tokens(check *c)
{
    for (size_t i = 1; i < c->grant_count; i++)
        if (c->grants[i - 1].number == c->grants[i].number && !uuid_equal(&c->grants[i - 1].slot, &c->grants[i].slot))
            return broken(c, "I7: token %llu was granted to two slots", (unsigned long long)c->grants[i].number);
    return NULL;
}

static int by_id_and_number(const void *a, const void *b)
{
    const hammer_record *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return by_number(a, b);
}

/* A slot that still sees its share under the old token, after another has seen the id under a newer one. */
static const char *check_order_of_grants(check *c)
{
    qsort(c->grants, c->grant_count, sizeof(*c->grants), by_id_and_number);
    for (size_t i = 1; i < c->grant_count; i++) {
        const hammer_record *old = &c->grants[i - 1], *new = &c->grants[i];
        if (old->id == new->id && old->number < new->number && old->from_us > new->until_us)
            return broken(c, "I4: an id was owned under token %llu after it was under %llu",
                          (unsigned long long)old->number, (unsigned long long)new->number);
    }
    return NULL;
}

static const char *check_all(check *c)
{
    qsort(c->terms, c->term_count, sizeof(*c->terms), by_number);
    qsort(c->grants, c->grant_count, sizeof(*c->grants), by_number);
    const char *what = check_terms(c);
    if (what == NULL)
        what = check_tokens(c);
    if (what == NULL)
        what = check_order_of_grants(c);
    for (uint32_t id = 0; what == NULL && id < c->processes << 16; id++)
        what = check_fate(c, id);
    return what;
}

const char *hammer_check(const hammer *h, uint32_t processes, const allot_pool_id *pool, size_t pool_count,
                         char *ret_text, size_t text_bytes)
{
    size_t records = 0;
    for (uint32_t i = 0; i < processes; i++)
        records += atomic_load(&h->histories[i].count);
    check c = {.h = h, .processes = processes, .text = ret_text, .text_bytes = text_bytes};
    c.fates = calloc((size_t)processes << 16, sizeof(*c.fates));
    c.terms = calloc(records + 1, sizeof(*c.terms));
    c.grants = calloc(records + 1, sizeof(*c.grants));
    const char *what = "out of memory";
    if (c.fates != NULL && c.terms != NULL && c.grants != NULL) {
        for (uint32_t i = 0; i < processes; i++)
            for (uint32_t k = 0; k < atomic_load(&h->histories[i].count); k++)
                learn(&c, &h->histories[i].records[k]);
        what = NULL;
        for (size_t i = 0; i < pool_count && what == NULL; i++) {
            uint32_t id;
            if (!hammer_id_from(pool[i].id, &id) || id >> 16 >= processes)
                what = broken(&c, "%.*s is in the pool, and nobody added it", (int)pool[i].id.len, pool[i].id.data);
            else
                c.fates[id].in_pool++;
        }
        if (what == NULL)
            what = check_all(&c);
    }
    free(c.fates);
    free(c.terms);
    free(c.grants);
    return what;
}
