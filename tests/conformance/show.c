#include "tests/conformance/show.h"

#include "base/bits.h"
#include "base/uuid_text.h"

#define U(x) ((unsigned long long)(x))

const char *show_kind(allot_op_kind kind)
{
    static const char *const kinds[] = {
        "?",      "join",   "beat",      "leave",       "campaign",   "resign",     "add",           "assign",
        "deal",   "recall", "retire",    "reap",        "publish",    "release",    "ack",           "fail",
        "unpark", "clean",  "read view", "read roster", "read inbox", "read share", "read segments", "read pool"};
    return kind < ALLOT_OP_KIND_END ? kinds[kind] : "?";
}

static void show_uuid(FILE *to, const char *name, const allot_uuid *u)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(u, text);
    if (!uuid_is_zero(u))
        fprintf(to, " %s %.8s", name, text);
}

static void show_floors(FILE *to, const allot_floors *f)
{
    show_uuid(to, "life", &f->life);
    fprintf(to, " floors %llu/%llu/%llu", U(f->view), U(f->term), U(f->token));
}

static void show_parts(FILE *to, const allot_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fprintf(to, " %llu", U(parts[i].segment));
        for (uint32_t k = 0; parts[i].which != NULL && k < ALLOT_SEGMENT_IDS_MAX; k++)
            if (bits_test(parts[i].which, k))
                fprintf(to, "[%u]", k);
        if (parts[i].position != ALLOT_ALL)
            fprintf(to, "[%u]", parts[i].position);
        else if (parts[i].take != 0)
            fprintf(to, "(%u)", parts[i].take);
    }
}

static void show_assign(FILE *to, const allot_op_assign *assign)
{
    for (uint32_t i = 0; i < assign->grant_count; i++) {
        show_uuid(to, "; to", &assign->slots[assign->grants[i].slot_index]);
        show_parts(to, assign->grants[i].parts, assign->grants[i].part_count);
    }
}

static void show_deal(FILE *to, const allot_op_deal *deal)
{
    for (uint32_t i = 0; i < deal->source_count; i++)
        fprintf(to, " %llu(%u)", U(deal->sources[i].segment), deal->sources[i].live);
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        const allot_pile *pile = &deal->piles[i];
        show_uuid(to, "; to", &deal->slots[pile->slot_index]);
        for (uint32_t k = 0; k < pile->count; k++)
            fprintf(to, " %llu[%u] %.*s", U(deal->sources[pile->ids[k].source].segment), pile->ids[k].position,
                    (int)pile->ids[k].id.len, pile->ids[k].id.data);
    }
}

static void show_items(FILE *to, const allot_op_items *items)
{
    for (uint32_t i = 0; i < items->count; i++)
        fprintf(to, " %llu[%d]@%llu %.*s", U(items->items[i].segment), (int)items->items[i].position,
                U(items->items[i].token), (int)items->items[i].id.len, items->items[i].id.data);
}

static void show_rest(FILE *to, const allot_op *op)
{
    if (op->kind == ALLOT_OP_JOIN)
        show_floors(to, &op->u.join.floors);
    else if (op->kind == ALLOT_OP_BEAT)
        show_floors(to, &op->u.beat.floors);
    else if (op->kind == ALLOT_OP_ADD)
        for (uint32_t i = 0; i < op->u.add.count; i++)
            fprintf(to, " %.*s", (int)op->u.add.ids[i].id.len, op->u.add.ids[i].id.data);
    else if (op->kind == ALLOT_OP_ASSIGN)
        show_assign(to, &op->u.assign);
    else if (op->kind == ALLOT_OP_DEAL)
        show_deal(to, &op->u.deal);
    else if (op->kind == ALLOT_OP_RECALL)
        show_parts(to, op->u.recall.parts, op->u.recall.part_count);
    else if (op->kind == ALLOT_OP_RETIRE || op->kind == ALLOT_OP_REAP)
        show_uuid(to, "target", &op->u.target.target);
    else if (op->kind == ALLOT_OP_PUBLISH)
        fprintf(to, " version %llu", U(op->u.publish.version));
    else if (op->kind == ALLOT_OP_RELEASE || op->kind == ALLOT_OP_ACK || op->kind == ALLOT_OP_FAIL)
        show_items(to, &op->u.items);
}

void show_op(FILE *to, const allot_op *op)
{
    fprintf(to, "%s", show_kind(op->kind));
    show_uuid(to, "slot", &op->slot);
    if (!uuid_equal(&op->slot, &op->session))
        show_uuid(to, "session", &op->session);
    if (op->sequence != 0)
        fprintf(to, " #%llu", U(op->sequence));
    if (op->term != 0)
        fprintf(to, " term %llu", U(op->term));
    show_rest(to, op);
    fprintf(to, "\n");
}

static void show_view(FILE *to, const allot_view *v)
{
    fprintf(to, "\n    view %llu", U(v->number));
    show_uuid(to, "life", &v->life);
    show_uuid(to, "leader", &v->leader);
    fprintf(to, " term %llu led for %lld, ranks %llu %llu, slots %llu, reapable %llu, expiry %lld, version %llu",
            U(v->term), (long long)v->led_for_us, U(v->leader_rank), U(v->rank), U(v->slots), U(v->reapable),
            (long long)v->next_expiry_us, U(v->version));
    fprintf(
        to,
        "\n    revisions %llu %llu %llu, token %llu, ids %llu = %llu + %llu + %llu, due %lld, ages %llu %llu, at %lld",
        U(v->roster_rev), U(v->inbox_rev), U(v->share_rev), U(v->token), U(v->total), U(v->inbox), U(v->placed),
        U(v->parked), (long long)v->next_due_us, U(v->settled_age), U(v->age), (long long)v->store_us);
}

static void show_lists(FILE *to, const allot_answer *a)
{
    for (uint32_t i = 0; i < a->slot_count; i++) {
        const allot_slot_info *s = &a->slots[i];
        show_uuid(to, "\n    slot", &s->slot);
        fprintf(to, " state %d age %llu expires %lld ids %llu recalls %llu rev %llu segments %u draining %d",
                (int)s->state, U(s->age), (long long)s->expires_in_us, U(s->ids), U(s->recalls), U(s->share_rev),
                s->segments, s->draining);
    }
    for (uint32_t i = 0; i < a->segment_count; i++)
        fprintf(to, "\n    segment %llu@%llu order %llu live %u recalled %u", U(a->segments[i].segment),
                U(a->segments[i].token), U(a->segments[i].order), a->segments[i].live, a->segments[i].recalled);
    for (uint32_t i = 0; i < a->body_count; i++) {
        fprintf(to, "\n    body %llu@%llu done %llx recalled %llx:", U(a->bodies[i].segment), U(a->bodies[i].token),
                U(a->bodies[i].done[0]), U(a->bodies[i].recalled[0]));
        for (uint32_t k = 0; k < a->bodies[i].count; k++)
            fprintf(to, " %.*s", (int)a->bodies[i].ids[k].id.len, a->bodies[i].ids[k].id.data);
    }
    for (uint32_t i = 0; i < a->id_count; i++)
        fprintf(to, "\n    id %.*s place %d token %llu attempts %u due %lld", (int)a->ids[i].id.len, a->ids[i].id.data,
                (int)a->ids[i].place, U(a->ids[i].token), a->ids[i].attempts, (long long)a->ids[i].due_in_us);
}

void show_answer(FILE *to, const char *whose, const allot_answer *a)
{
    const allot_outcome *o = &a->outcome;
    fprintf(to, "  %s: status %d reason %d count %llu skipped %llu more %llu term %llu wait %lld refused %llx%s%s",
            whose, (int)o->status, (int)o->reason, U(o->count), U(o->skipped), U(o->more), U(o->term),
            (long long)o->wait_us, U(o->refused[0]), a->message != NULL ? " " : "",
            a->message != NULL ? a->message : "");
    if (a->view != NULL)
        show_view(to, a->view);
    show_lists(to, a);
    fprintf(to, "\n");
}
