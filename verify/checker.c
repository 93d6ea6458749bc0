#include "verify/inside.h"

#include "base/uuid_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- New and free ------------------------------------------------------------------------------------------------ */

static bool thing_has_text(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const checker *c = context;
    const thing *t = &c->things[value];
    return t->len == key_len && memcmp(c->texts.data + t->text, key, key_len) == 0;
}

static bool slot_has_uuid(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const checker *c = context;
    return key_len == sizeof(allot_uuid) && memcmp(&c->slots[value].uuid, key, key_len) == 0;
}

static bool is_life(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const checker *c = context;
    return key_len == sizeof(allot_uuid) && memcmp(&c->lives[value], key, key_len) == 0;
}

static bool grant_has_token(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const checker *c = context;
    return key_len == sizeof(uint64_t) && memcmp(&c->grants[value].token, key, key_len) == 0;
}

checker *checker_new(const char *const *names, uint32_t source_count, bool complete)
{
    checker *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->names = names;
    c->source_count = source_count;
    c->complete = complete;
    index_init(&c->thing_index, thing_has_text, c);
    index_init(&c->slot_index, slot_has_uuid, c);
    index_init(&c->grant_index, grant_has_token, c);
    index_init(&c->life_index, is_life, c);
    c->processes = calloc((size_t)source_count + 1, sizeof(*c->processes));
    if (c->processes == NULL || bytes_reserve(&c->texts, 1) != 0 ||
        thing_of(c, (allot_bytes){c->texts.data, 0}) == NULL) {
        checker_free(c);
        return NULL;
    }
    return c;
}

static void free_holds(thing *t)
{
    free(t->longest);
    while (t->holds != NULL) {
        hold *gone = t->holds;
        t->holds = gone->next;
        free(gone);
    }
}

void checker_free(checker *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->thing_count; i++)
        free_holds(&c->things[i]);
    for (size_t i = 0; i < c->finding_count; i++)
        free(c->findings[i].text);
    index_done(&c->thing_index);
    index_done(&c->slot_index);
    index_done(&c->grant_index);
    index_done(&c->life_index);
    bytes_done(&c->texts);
    free(c->processes);
    free(c->slots);
    free(c->things);
    free(c->lives);
    free(c->cleans);
    free(c->grants);
    free(c->findings);
    free(c);
}

/* ---- Processes --------------------------------------------------------------------------------------------------- */

/* A process that ended without `left` was alive at its last line, and believed no longer than its lease. Where the
 * store proves a death at once, others need not have waited for that. */
static void end_process(checker *c, process *p, int64_t by_us)
{
    for (uint32_t i = p->opened.line != 0 ? p->slots : NO_SLOT; i != NO_SLOT; i = c->slots[i].previous) {
        holder *s = &c->slots[i];
        if (s->ended_us != NEVER)
            continue;
        s->crashed = true;
        if (s->proven)
            s->ended_us = p->at_us;
        else if (by_us != NEVER)
            s->ended_us = by_us;
    }
    p->slots = NO_SLOT;
    clean_end(c, p);
}

void checker_source_end(checker *c, uint32_t source, bool growing)
{
    process *p = &c->processes[source];
    if (growing) {
        c->tally.growing++;
        return;
    }
    c->tally.torn += p->unended;
    end_process(c, p, NEVER);
}

static int hinder(checker *c, place at, const char *what)
{
    char first[PLACE_BYTES], second[PLACE_BYTES];
    snprintf(c->obstacle, sizeof(c->obstacle), "%s and %s are of different %s", place_text(c, c->first_opened, first),
             place_text(c, at, second), what);
    return 1;
}

/* Histories of two groups have nothing to do with each other; and the clock of one boot says nothing of another one. */
static int take_opened(checker *c, place at, const line *l)
{
    process *p = &c->processes[at.source];
    if (c->first_opened.line == 0) {
        c->first_opened = at;
        c->boot = l->boot;
        memcpy(c->group, l->group, sizeof(c->group));
    }
    if (!uuid_equal(&c->boot, &l->boot))
        return hinder(c, at, "boots of the machine (or of different machines): their instants cannot be compared");
    if (strcmp(c->group, l->group) != 0)
        return hinder(c, at, "groups");
    end_process(c, p, l->at_us);
    *p = (process){.opened = at, .at_us = p->at_us, .slots = NO_SLOT};
    c->tally.processes++;
    return 0;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static void take_id(checker *c, place at, const line *l, uint32_t slot, thing *t)
{
    switch (l->kind) {
    case LINE_HELD:
        c->tally.grants++;
        hold_begin(c, t, slot, l->token, l->since_us, at);
        break;
    case LINE_RELEASED:
    case LINE_LOST:
        hold_end(c, t, slot, l->token, l->kind == LINE_LOST ? ENDED_FOR_GOOD : ENDED_GIVEN, l->since_us, at);
        break;
    case LINE_ACKED:
    case LINE_FAILED:
        report_take(c, t, slot, at, l);
        break;
    default: /* LINE_ADDING, LINE_ADDED */
        c->tally.adds += l->kind == LINE_ADDED;
        add_take(t, at, l);
        break;
    }
}

static int take_ids(checker *c, place at, const line *l, uint32_t slot)
{
    for (uint32_t i = 0; i < l->id_count; i++) {
        thing *t = thing_of(c, l->ids[i]);
        if (t == NULL)
            return -1;
        take_id(c, at, l, slot, t);
    }
    return 0;
}

static int take_of_slot(checker *c, place at, const line *l)
{
    holder *s = slot_of(c, at, l);
    if (s == NULL)
        return 0;
    uint32_t number = (uint32_t)(s - c->slots);
    if (l->kind == LINE_HELD || l->kind == LINE_LEADS)
        slot_check_lease(c, at, l, s);
    if (l->kind == LINE_HELD)
        token_take(c, number, l->token, at);
    switch (l->kind) {
    case LINE_RENEWED:
        slot_renew(c, at, l, s);
        return 0;
    case LINE_LEADS:
        c->tally.terms++;
        hold_begin(c, &c->things[0], number, l->term, l->since_us, at);
        return 0;
    case LINE_FOLLOWS:
        hold_end_of_slot(c, &c->things[0], number, l->since_us, at);
        return 0;
    case LINE_FENCED:
    case LINE_LEFT:
        s->ended_us = l->since_us < s->ended_us ? l->since_us : s->ended_us;
        return 0;
    default:
        return take_ids(c, at, l, number);
    }
}

/* A line that was torn by a kill has no end, and the next process begins a line of its own. */
static void check_torn(checker *c, process *p, const line *l)
{
    bool again = l != NULL && l->kind == LINE_OPENED;
    if (p->torn.line != 0 && !again)
        found(c, RULE_FORM, p->torn, "%s", p->why);
    c->tally.torn += p->torn.line != 0 && again;
    p->torn.line = 0;
}

static void check_instants(checker *c, place at, const line *l)
{
    char now[INSTANT_BYTES], before[INSTANT_BYTES];
    process *p = &c->processes[at.source];
    if (l->at_us < p->at_us)
        found(c, RULE_TIME, at, "written at %s, after a line of %s", instant_text(l->at_us, now),
              instant_text(p->at_us, before));
    if (l->since_us > l->at_us)
        found(c, RULE_TIME, at, "written at %s of what came about at %s", instant_text(l->at_us, now),
              instant_text(l->since_us, before));
    if (l->at_us > p->at_us)
        p->at_us = l->at_us;
    if (l->at_us > c->last_us)
        c->last_us = l->at_us;
}

static int take(checker *c, place at, const line *l)
{
    if (l->kind == LINE_OPENED)
        return take_opened(c, at, l);
    if (c->processes[at.source].opened.line == 0) {
        found(c, RULE_FORM, at, "%s before any process has opened this history", line_word(l->kind));
        return 0;
    }
    if (l->kind == LINE_JOINED)
        return slot_join(c, at, l);
    if (l->kind == LINE_ADDING || l->kind == LINE_ADDED)
        return take_ids(c, at, l, NO_SLOT);
    if (l->kind != LINE_CLEANED)
        return take_of_slot(c, at, l);
    clean_take(c, at, l);
    return 0;
}

int checker_take(checker *c, place at, const line *l)
{
    c->tally.lines++;
    check_torn(c, &c->processes[at.source], l);
    int code = take(c, at, l);
    if (code == 0)
        check_instants(c, at, l);
    return code == 0 && c->nomem ? -1 : code;
}

int checker_take_wrong(checker *c, place at, const char *why, bool cut, bool ended)
{
    process *p = &c->processes[at.source];
    check_torn(c, p, NULL);
    if (!cut) {
        found(c, RULE_FORM, at, "%s", why);
    } else if (!ended && p->opened.line != 0) {
        p->unended = true;
    } else {
        p->torn = at;
        p->why = why;
    }
    return c->nomem ? -1 : 0;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static void finish_source(checker *c, uint32_t source)
{
    process *p = &c->processes[source];
    check_torn(c, p, NULL);
    if (p->opened.line == 0)
        found(c, RULE_FORM, (place){source, 0}, "there is nothing in it");
}

int checker_finish(checker *c)
{
    for (uint32_t i = 0; i < c->source_count; i++)
        finish_source(c, i);
    if (c->complete && c->life_count > 1)
        found(c, RULE_NOTHING_LOST, c->first_opened,
              "the store lost its data meanwhile (%zu lives): what was added before cannot be accounted for",
              c->life_count);
    for (size_t i = 0; i < c->thing_count && !c->nomem; i++) {
        holds_finish(c, &c->things[i]);
        if (i > 0)
            reports_finish(c, &c->things[i]);
    }
    c->tally.ids = c->thing_count - 1;
    findings_sort(c);
    return c->nomem ? -1 : 0;
}

const tally *checker_tally(const checker *c)
{
    return &c->tally;
}

size_t checker_finding_count(const checker *c)
{
    return c->finding_count;
}

const finding *checker_finding_at(const checker *c, size_t index)
{
    return &c->findings[index];
}

const char *checker_obstacle(const checker *c)
{
    return c->obstacle;
}
