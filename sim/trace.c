#include "sim/world.h"

#include "base/bits.h"
#include "base/uuid_text.h"

#include <stdarg.h>
#include <string.h>

void trace_hash(world *w, uint64_t value)
{
    w->hash = (w->hash ^ value) * UINT64_C(0x100000001b3);
    w->hash ^= w->hash >> 29;
}

/* Terms and tokens count from a floor that grows with the time: they are told in microseconds of virtual time. */
static unsigned long long told(uint64_t number)
{
    return number >= FLOOR_CLOCK ? number - FLOOR_CLOCK : number;
}

static unsigned brief(const allot_uuid *u)
{
    return (unsigned)u->bytes[0] << 8 | u->bytes[1];
}

static void begin_line(const world *w, const replica *r)
{
    fprintf(w->trace, "@%.1fms ", (double)w->now_us / 1000);
    if (r == NULL)
        fputs("group: ", w->trace);
    else if (uuid_is_zero(&r->slot))
        fprintf(w->trace, "slot-%u: ", r->index);
    else
        fprintf(w->trace, "slot-%u(%04x): ", r->index, brief(&r->slot));
}

void trace_line(const world *w, const replica *r, const char *format, ...)
{
    if (w->trace == NULL)
        return;
    begin_line(w, r);
    va_list args;
    va_start(args, format);
    vfprintf(w->trace, format, args);
    va_end(args);
    fputc('\n', w->trace);
}

static const char *op_word(allot_op_kind kind)
{
    static const char *const words[ALLOT_OP_KIND_END] = {[ALLOT_OP_JOIN] = "join",
                                                         [ALLOT_OP_BEAT] = "beat",
                                                         [ALLOT_OP_LEAVE] = "leave",
                                                         [ALLOT_OP_CAMPAIGN] = "campaign",
                                                         [ALLOT_OP_RESIGN] = "resign",
                                                         [ALLOT_OP_ADD] = "add",
                                                         [ALLOT_OP_ASSIGN] = "assign",
                                                         [ALLOT_OP_DEAL] = "deal",
                                                         [ALLOT_OP_RECALL] = "recall",
                                                         [ALLOT_OP_RETIRE] = "retire",
                                                         [ALLOT_OP_REAP] = "reap",
                                                         [ALLOT_OP_PUBLISH] = "publish",
                                                         [ALLOT_OP_RELEASE] = "release",
                                                         [ALLOT_OP_ACK] = "ack",
                                                         [ALLOT_OP_FAIL] = "fail",
                                                         [ALLOT_OP_UNPARK] = "unpark",
                                                         [ALLOT_OP_CLEAN] = "clean",
                                                         [ALLOT_OP_READ_VIEW] = "read view",
                                                         [ALLOT_OP_READ_ROSTER] = "read roster",
                                                         [ALLOT_OP_READ_INBOX] = "read inbox",
                                                         [ALLOT_OP_READ_SHARE] = "read share",
                                                         [ALLOT_OP_READ_SEGMENTS] = "read segments",
                                                         [ALLOT_OP_READ_POOL] = "read pool"};
    return words[kind];
}

static const char *reason_words(allot_reason reason)
{
    static const char *const words[] = {
#define REASON_WORDS(name, text) text,
        ALLOT_REASONS(REASON_WORDS)
#undef REASON_WORDS
    };
    return words[reason];
}

static void write_ids(FILE *out, allot_bytes id, uint64_t token)
{
    fprintf(out, " %.*s", (int)id.len, id.data);
    if (token != 0)
        fprintf(out, "/%llu", told(token));
}

static void write_part(FILE *out, const allot_part *part)
{
    fprintf(out, " %llu:", (unsigned long long)part->segment);
    if (part->which == NULL)
        fprintf(out, "%d*%u", (int)part->position, part->take);
    for (uint32_t i = 0; part->which != NULL && i < ALLOT_SEGMENT_IDS_MAX; i++)
        if (bits_test(part->which, i))
            fprintf(out, "%u,", i);
}

static void write_deal(FILE *out, const allot_op_deal *deal)
{
    for (uint32_t i = 0; i < deal->source_count; i++)
        fprintf(out, " %llu(%u)", (unsigned long long)deal->sources[i].segment, deal->sources[i].live);
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        fprintf(out, " ->%04x", brief(&deal->slots[deal->piles[i].slot_index]));
        for (uint32_t k = 0; k < deal->piles[i].count; k++)
            write_ids(out, deal->piles[i].ids[k].id, 0);
    }
}

static void write_op(FILE *out, const allot_op *op)
{
    fprintf(out, "%s", op_word(op->kind));
    if (op->sequence != 0)
        fprintf(out, " #%llu", (unsigned long long)op->sequence);
    if (op->term != 0)
        fprintf(out, " in term %llu", told(op->term));
    switch (op->kind) {
    case ALLOT_OP_ADD:
        for (uint32_t i = 0; i < op->u.add.count; i++)
            write_ids(out, op->u.add.ids[i].id, 0);
        break;
    case ALLOT_OP_ASSIGN:
        for (uint32_t i = 0; i < op->u.assign.grant_count; i++)
            for (uint32_t k = 0; k < op->u.assign.grants[i].part_count; k++)
                fprintf(out, " %llu:%d*%u->%04x", (unsigned long long)op->u.assign.grants[i].parts[k].segment,
                        (int)op->u.assign.grants[i].parts[k].position, op->u.assign.grants[i].parts[k].take,
                        brief(&op->u.assign.slots[op->u.assign.grants[i].slot_index]));
        break;
    case ALLOT_OP_DEAL:
        write_deal(out, &op->u.deal);
        break;
    case ALLOT_OP_RECALL:
        for (uint32_t i = 0; i < op->u.recall.part_count; i++)
            write_part(out, &op->u.recall.parts[i]);
        fprintf(out, " of %04x", brief(&op->u.recall.target));
        break;
    case ALLOT_OP_RETIRE:
    case ALLOT_OP_REAP:
        fprintf(out, " %04x", brief(&op->u.target.target));
        break;
    case ALLOT_OP_PUBLISH:
        fprintf(out, " version %llu", (unsigned long long)op->u.publish.version);
        break;
    case ALLOT_OP_RELEASE:
    case ALLOT_OP_ACK:
    case ALLOT_OP_FAIL:
        for (uint32_t i = 0; i < op->u.items.count; i++)
            write_ids(out, op->u.items.items[i].id, op->u.items.items[i].token);
        break;
    default:
        break;
    }
}

static void write_view(FILE *out, const allot_view *v)
{
    fprintf(out,
            "; view %llu of %04x: leader %04x, term %llu, version %llu, roster %llu, inbox %llu, share %llu, ids "
            "%llu+%llu+%llu",
            (unsigned long long)v->number, brief(&v->life), brief(&v->leader), told(v->term),
            (unsigned long long)v->version, (unsigned long long)v->roster_rev, (unsigned long long)v->inbox_rev,
            (unsigned long long)v->share_rev, (unsigned long long)v->inbox, (unsigned long long)v->placed,
            (unsigned long long)v->parked);
}

static void write_answer(FILE *out, const allot_answer *a)
{
    const allot_outcome *o = &a->outcome;
    if (o->status == ALLOT_STATUS_REFUSED)
        fprintf(out, " refused: %s", reason_words(o->reason));
    else if (o->status == ALLOT_STATUS_OK)
        fprintf(out, " ok");
    else
        fprintf(out, " %s", o->status == ALLOT_STATUS_UNKNOWN ? "unknown" : "unavailable");
    if (o->count + o->skipped + o->more != 0)
        fprintf(out, " %llu, %llu skipped, %llu more", (unsigned long long)o->count, (unsigned long long)o->skipped,
                (unsigned long long)o->more);
    if (o->term != 0)
        fprintf(out, ", term %llu", told(o->term));
    if (a->view != NULL)
        write_view(out, a->view);
    for (uint32_t i = 0; i < a->slot_count; i++)
        fprintf(out, " %04x(%llu ids, %llu recalls, state %d%s%s)", brief(&a->slots[i].slot),
                (unsigned long long)a->slots[i].ids, (unsigned long long)a->slots[i].recalls, (int)a->slots[i].state,
                a->slots[i].expires_in_us <= 0 ? ", expired" : "", a->slots[i].draining ? ", draining" : "");
    for (uint32_t i = 0; i < a->segment_count; i++)
        fprintf(out, " %llu/%llu(%u)", (unsigned long long)a->segments[i].segment, told(a->segments[i].token),
                a->segments[i].live);
}

/* What changes something, or goes wrong. */
static bool is_story(const char *how, const allot_op *op, const allot_answer *answer)
{
    bool plain = answer != NULL && answer->outcome.status == ALLOT_STATUS_OK;
    if (strcmp(how, "sends") == 0)
        return false;
    if (strcmp(how, "hears") == 0)
        return !plain && op->sequence != 0;
    return !plain || (op->kind != ALLOT_OP_BEAT && op->kind < ALLOT_OP_READ_VIEW);
}

void trace_op(world *w, const flight *f, const char *how, const allot_answer *answer)
{
    const allot_op *op = f->op;
    if (answer != NULL)
        trace_hash(w, (uint64_t)answer->outcome.status << 8 ^ answer->outcome.count << 16 ^ answer->outcome.term);
    if (w->trace == NULL || (w->depth == TRACE_STORY && !is_story(how, op, answer)))
        return;
    begin_line(w, f->outside != NULL ? NULL : &w->replicas[f->replica]);
    if (f->outside == NULL && f->incarnation != w->replicas[f->replica].incarnation)
        fprintf(w->trace, "(former %04x) ", brief(&op->slot));
    fprintf(w->trace, "%s ", how);
    write_op(w->trace, op);
    if (answer != NULL) {
        fputs(":", w->trace);
        write_answer(w->trace, answer);
    }
    fputc('\n', w->trace);
}

static const char *tell_word(allot_event_type type)
{
    static const char *const words[] = {"?",     "joined",  "leader",     "follower", "gained", "recalled", "lost",
                                        "split", "at risk", "store down", "store up", "fenced", "left",     "note"};
    return words[type];
}

void trace_tell(world *w, const replica *r, const engine_tell *tell)
{
    trace_hash(w, (uint64_t)tell->type << 32 ^ tell->term ^ tell->count ^ tell->version << 8);
    if (w->trace == NULL)
        return;
    begin_line(w, r);
    fprintf(w->trace, "%s", tell_word(tell->type));
    if (tell->type == ALLOT_EVENT_LEADER || tell->type == ALLOT_EVENT_FOLLOWER)
        fprintf(w->trace, ", %04x, term %llu", brief(&tell->leader), told(tell->term));
    if (tell->type == ALLOT_EVENT_SPLIT)
        fprintf(w->trace, ", version %llu", (unsigned long long)tell->version);
    if (tell->why != ALLOT_WHY_NONE)
        fprintf(w->trace, ", why %d", (int)tell->why);
    for (uint32_t i = 0; tell->ids != NULL && i < tell->ids->count; i++)
        if (bits_test(tell->which, i))
            write_ids(w->trace, tell->ids->ids[i].id, tell->ids->token);
    if (tell->message != NULL)
        fprintf(w->trace, ": %s", tell->message);
    fputc('\n', w->trace);
}
