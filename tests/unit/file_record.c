/* file_record.c - the journal's lines: what is written is what is read, and nothing else is. */
#include "backends/file/record.h"
#include "backends/file/record_kinds.h"
#include "tests/unit/file_suites.h"
#include "tests/unit/random.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS = 40, TEXT_BYTES = 24, ROUNDS = 400 };

/* An op with everything that it points to. */
typedef struct sample {
    uint64_t random;
    allot_op op;
    char texts[2 * ITEMS + 4][TEXT_BYTES];
    uint32_t text_count;
    allot_new_id new_ids[ITEMS];
    allot_item items[ITEMS];
    allot_part parts[ITEMS];
    uint64_t which[ITEMS][ALLOT_SEGMENT_IDS_MAX / 64];
    allot_grant grants[4];
    allot_source sources[ITEMS];
    allot_pile piles[4];
    allot_dealt dealt[ITEMS];
    allot_uuid slots[4];
    allot_ref refs[ITEMS];
    allot_bytes ids[ITEMS];
    uint64_t segments[ITEMS];
} sample;

static uint64_t next(sample *s)
{
    return random_next(&s->random);
}

/* Small, large, and the ends of the range. */
static uint64_t number(sample *s)
{
    switch (next(s) % 5) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return next(s) % 100;
    default:
        return next(s) >> (next(s) % 64);
    }
}

static int64_t whole(sample *s)
{
    uint64_t n = number(s);
    return next(s) % 7 == 0 ? INT64_MIN : (int64_t)n;
}

static uint32_t position(sample *s)
{
    return next(s) % 3 == 0 ? ALLOT_ALL : (uint32_t)(next(s) % 1024);
}

static allot_uuid uuid(sample *s)
{
    allot_uuid u = {0};
    for (size_t i = 0; next(s) % 8 != 0 && i < sizeof(u.bytes); i++)
        u.bytes[i] = (uint8_t)next(s);
    return u;
}

/* Any bytes at all, those that the format gives a meaning more often. */
static allot_bytes text(sample *s, uint32_t min)
{
    static const char special[] = " %=>-:*\n\r\t\0\x7f" "0A";
    char *t = s->texts[s->text_count++];
    uint32_t len = min + (uint32_t)(next(s) % (TEXT_BYTES - min));
    for (uint32_t i = 0; i < len; i++)
        t[i] = (char)(next(s) % 2 == 0 ? special[next(s) % (sizeof(special) - 1)] : (int)(next(s) & 0xff));
    return (allot_bytes){t, len};
}

static allot_floors floors(sample *s)
{
    allot_floors f = {.life = uuid(s)};
    f.view = number(s);
    f.term = number(s);
    f.token = number(s);
    return f;
}

static uint32_t fill_parts(sample *s, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++)
        s->parts[i] = (allot_part){.segment = number(s), .position = position(s), .take = (uint32_t)number(s)};
    return count;
}

static void fill_recall(sample *s, uint32_t n)
{
    s->op.u.recall = (allot_op_recall){.target = uuid(s), .part_count = fill_parts(s, 0, n), .parts = s->parts};
    for (uint32_t i = 0; i < n; i++) {
        if (next(s) % 3 != 0)
            continue;
        for (uint32_t k = 0; k < ALLOT_SEGMENT_IDS_MAX / 64; k++)
            s->which[i][k] = number(s);
        s->parts[i] = (allot_part){.segment = s->parts[i].segment, .position = ALLOT_ALL, .which = s->which[i]};
    }
}

static void fill_deal(sample *s, uint32_t n)
{
    allot_op_deal *d = &s->op.u.deal;
    *d = (allot_op_deal){.slot_count = n % 5, .slots = s->slots, .source_count = n, .sources = s->sources};
    for (uint32_t i = 0; i < d->slot_count; i++)
        s->slots[i] = uuid(s);
    for (uint32_t i = 0; i < n; i++)
        s->sources[i] = (allot_source){.segment = number(s), .live = (uint32_t)number(s)};
    d->pile_count = (uint32_t)(next(s) % 5);
    d->piles = s->piles;
    for (uint32_t i = 0; i < d->pile_count; i++) {
        s->piles[i] = (allot_pile){.slot_index = (uint32_t)number(s), .ids = &s->dealt[i * 10]};
        s->piles[i].count = (uint32_t)(next(s) % 10);
        for (uint32_t k = i * 10; k < i * 10 + s->piles[i].count; k++)
            s->dealt[k] = (allot_dealt){.source = (uint32_t)number(s), .position = position(s), .id = text(s, 0)};
    }
}

static void fill_assign(sample *s, uint32_t n)
{
    allot_op_assign *a = &s->op.u.assign;
    a->slot_count = n % 5;
    a->slots = s->slots;
    for (uint32_t i = 0; i < a->slot_count; i++)
        s->slots[i] = uuid(s);
    a->grant_count = (uint32_t)(next(s) % 5);
    a->grants = s->grants;
    for (uint32_t i = 0; i < a->grant_count; i++)
        s->grants[i] = (allot_grant){.slot_index = (uint32_t)number(s),
                                     .part_count = fill_parts(s, i * 10, (uint32_t)(next(s) % 10)),
                                     .parts = &s->parts[i * 10]};
}

static void fill_items(sample *s, uint32_t n)
{
    allot_op_items *items = &s->op.u.items;
    *items = (allot_op_items){.count = n, .items = s->items, .reason = text(s, 0)};
    items->max_attempts = (uint32_t)number(s);
    items->retry_after_us = whole(s);
    for (uint32_t i = 0; i < n; i++)
        s->items[i] =
            (allot_item){.segment = number(s), .token = number(s), .position = position(s), .id = text(s, 0)};
}

static void fill_read(sample *s, uint32_t n)
{
    allot_op_read *read = &s->op.u.read;
    *read = (allot_op_read){.target = uuid(s), .cursor = number(s), .limit = (uint32_t)number(s)};
    read->reapable_only = next(s) & 1;
    read->with_payloads = next(s) & 1;
    read->segment_count = n;
    read->segments = s->segments;
    for (uint32_t i = 0; i < n; i++)
        s->segments[i] = number(s);
}

static void fill_join(sample *s)
{
    allot_op_join *join = &s->op.u.join;
    *join = (allot_op_join){.name = text(s, 0), .host = text(s, 0), .container = text(s, 0)};
    join->pid = whole(s);
    join->ttl_us = whole(s);
    join->weight = (uint32_t)number(s);
    join->quarantine_always = next(s) & 1;
    join->floors = floors(s);
    join->fresh_life = uuid(s);
}

static void fill_beat(sample *s, uint32_t n)
{
    allot_op_beat *beat = &s->op.u.beat;
    *beat = (allot_op_beat){.floors = floors(s), .fresh_life = uuid(s), .draining = next(s) & 1};
    beat->working_count = n;
    beat->working = s->refs;
    for (uint32_t i = 0; i < n; i++)
        s->refs[i] = (allot_ref){.segment = number(s), .position = position(s)};
}

static void fill_add(sample *s, uint32_t n)
{
    s->op.u.add = (allot_op_add){.count = n, .ids = s->new_ids, .fresh_life = uuid(s)};
    for (uint32_t i = 0; i < n; i++)
        s->new_ids[i] = (allot_new_id){.id = text(s, 0), .payload = text(s, 0)};
}

static void fill_publish(sample *s)
{
    allot_op_publish *publish = &s->op.u.publish;
    *publish = (allot_op_publish){.version = number(s), .settled_age = number(s), .strategy = text(s, 0)};
}

static void fill(sample *s, allot_op_kind kind, uint64_t seed)
{
    memset(s, 0, sizeof(*s));
    s->random = seed;
    s->op = (allot_op){.kind = kind, .slot = uuid(s), .sequence = number(s), .not_after_us = whole(s)};
    s->op.term = number(s);
    s->op.session = next(s) % 2 == 0 ? s->op.slot : uuid(s);
    uint32_t n = (uint32_t)(next(s) % ITEMS);
    switch (file_fields_of(kind)) {
    case FILE_FIELDS_NONE:
        break;
    case FILE_FIELDS_JOIN:
        fill_join(s);
        break;
    case FILE_FIELDS_BEAT:
        fill_beat(s, n);
        break;
    case FILE_FIELDS_ADD:
        fill_add(s, n);
        break;
    case FILE_FIELDS_ASSIGN:
        fill_assign(s, n);
        break;
    case FILE_FIELDS_RECALL:
        fill_recall(s, n);
        break;
    case FILE_FIELDS_DEAL:
        fill_deal(s, n);
        break;
    case FILE_FIELDS_TARGET:
        s->op.u.target = (allot_op_target){.target = uuid(s), .max_attempts = (uint32_t)number(s)};
        break;
    case FILE_FIELDS_PUBLISH:
        fill_publish(s);
        break;
    case FILE_FIELDS_ITEMS:
        fill_items(s, n);
        break;
    case FILE_FIELDS_UNPARK:
        s->op.u.unpark = (allot_op_unpark){.count = n, .ids = s->ids};
        for (uint32_t i = 0; i < n; i++)
            s->ids[i] = text(s, 0);
        break;
    case FILE_FIELDS_READ:
        fill_read(s, n);
        break;
    }
}

/* ---- comparing, field by field ---------------------------------------------------------------------------------- */

#define SAME(field) ck_assert(memcmp(&(a->field), &(b->field), sizeof(a->field)) == 0)

static void same_text(allot_bytes a, allot_bytes b)
{
    ck_assert_uint_eq(a.len, b.len);
    ck_assert(a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void same_parts(const allot_part *a, const allot_part *b, uint32_t count)
{
    for (; count > 0; a++, b++, count--) {
        SAME(segment);
        SAME(position);
        SAME(take);
        ck_assert((a->which == NULL) == (b->which == NULL));
        if (a->which != NULL)
            ck_assert_mem_eq(a->which, b->which, ALLOT_SEGMENT_IDS_MAX / 8);
    }
}

static void same_deal(const allot_op_deal *a, const allot_op_deal *b)
{
    SAME(slot_count);
    SAME(source_count);
    SAME(pile_count);
    for (uint32_t i = 0; i < a->slot_count; i++)
        SAME(slots[i]);
    for (uint32_t i = 0; i < a->source_count; i++) {
        SAME(sources[i].segment);
        SAME(sources[i].live);
    }
    for (uint32_t i = 0; i < a->pile_count; i++) {
        SAME(piles[i].slot_index);
        SAME(piles[i].count);
        for (uint32_t k = 0; k < a->piles[i].count; k++) {
            SAME(piles[i].ids[k].source);
            SAME(piles[i].ids[k].position);
            same_text(a->piles[i].ids[k].id, b->piles[i].ids[k].id);
        }
    }
}

static void same_assign(const allot_op_assign *a, const allot_op_assign *b)
{
    SAME(slot_count);
    SAME(grant_count);
    for (uint32_t i = 0; i < a->slot_count; i++)
        SAME(slots[i]);
    for (uint32_t i = 0; i < a->grant_count; i++) {
        SAME(grants[i].slot_index);
        SAME(grants[i].part_count);
        same_parts(a->grants[i].parts, b->grants[i].parts, a->grants[i].part_count);
    }
}

static void same_items(const allot_op_items *a, const allot_op_items *b)
{
    SAME(count);
    SAME(max_attempts);
    SAME(retry_after_us);
    same_text(a->reason, b->reason);
    for (uint32_t i = 0; i < a->count; i++) {
        SAME(items[i].segment);
        SAME(items[i].token);
        SAME(items[i].position);
        same_text(a->items[i].id, b->items[i].id);
    }
}

static void same_join(const allot_op_join *a, const allot_op_join *b)
{
    same_text(a->name, b->name);
    same_text(a->host, b->host);
    same_text(a->container, b->container);
    SAME(pid);
    SAME(ttl_us);
    SAME(weight);
    SAME(quarantine_always);
    SAME(floors);
    SAME(fresh_life);
}

static void same_beat(const allot_op_beat *a, const allot_op_beat *b)
{
    SAME(floors);
    SAME(fresh_life);
    SAME(draining);
    SAME(working_count);
    for (uint32_t i = 0; i < a->working_count; i++) {
        SAME(working[i].segment);
        SAME(working[i].position);
    }
}

static void same_add(const allot_op_add *a, const allot_op_add *b)
{
    SAME(count);
    SAME(fresh_life);
    for (uint32_t i = 0; i < a->count; i++) {
        same_text(a->ids[i].id, b->ids[i].id);
        same_text(a->ids[i].payload, b->ids[i].payload);
    }
}

static void same_read(const allot_op_read *a, const allot_op_read *b)
{
    SAME(target);
    SAME(cursor);
    SAME(limit);
    SAME(reapable_only);
    SAME(with_payloads);
    SAME(segment_count);
    for (uint32_t i = 0; i < a->segment_count; i++)
        SAME(segments[i]);
}

static void same_fields(const allot_op *a, const allot_op *b)
{
    switch (file_fields_of(a->kind)) {
    case FILE_FIELDS_NONE:
        break;
    case FILE_FIELDS_JOIN:
        same_join(&a->u.join, &b->u.join);
        break;
    case FILE_FIELDS_BEAT:
        same_beat(&a->u.beat, &b->u.beat);
        break;
    case FILE_FIELDS_ADD:
        same_add(&a->u.add, &b->u.add);
        break;
    case FILE_FIELDS_ASSIGN:
        same_assign(&a->u.assign, &b->u.assign);
        break;
    case FILE_FIELDS_DEAL:
        same_deal(&a->u.deal, &b->u.deal);
        break;
    case FILE_FIELDS_RECALL:
        SAME(u.recall.target);
        SAME(u.recall.part_count);
        same_parts(a->u.recall.parts, b->u.recall.parts, a->u.recall.part_count);
        break;
    case FILE_FIELDS_TARGET:
        SAME(u.target.target);
        SAME(u.target.max_attempts);
        break;
    case FILE_FIELDS_PUBLISH:
        SAME(u.publish.version);
        SAME(u.publish.settled_age);
        same_text(a->u.publish.strategy, b->u.publish.strategy);
        break;
    case FILE_FIELDS_ITEMS:
        same_items(&a->u.items, &b->u.items);
        break;
    case FILE_FIELDS_UNPARK:
        SAME(u.unpark.count);
        for (uint32_t i = 0; i < a->u.unpark.count; i++)
            same_text(a->u.unpark.ids[i], b->u.unpark.ids[i]);
        break;
    case FILE_FIELDS_READ:
        same_read(&a->u.read, &b->u.read);
        break;
    }
}

static void same_op(const allot_op *a, const allot_op *b)
{
    SAME(kind);
    SAME(slot);
    SAME(session);
    SAME(sequence);
    SAME(not_after_us);
    SAME(term);
    same_fields(a, b);
}

START_TEST(every_kind_comes_back)
{
    sample *s = calloc(1, sizeof(*s));
    bytes line = {0};
    file_space space = {0};
    ck_assert_ptr_nonnull(s);
    for (int round = 0; round < ROUNDS; round++) {
        file_record back;
        fill(s, (allot_op_kind)_i, (uint64_t)round * 31 + (uint64_t)_i);
        file_record record = {.kind = FILE_RECORD_OP, .moment = {whole(s), number(s)}, .op = &s->op};
        line.len = 0;
        ck_assert_int_eq(file_record_encode(&record, &line), 0);
        ck_assert_ptr_null(memchr(line.data, '\n', line.len));
        ck_assert_ptr_null(memchr(line.data, '\0', line.len));
        ck_assert_int_eq(file_record_decode(line.data, line.len, &space, &back), 0);
        ck_assert_int_eq(back.kind, FILE_RECORD_OP);
        ck_assert_int_eq(back.moment.clock_us, record.moment.clock_us);
        ck_assert_uint_eq(back.moment.floor, record.moment.floor);
        same_op(&s->op, back.op);
    }
    bytes_done(&line);
    file_space_done(&space);
    free(s);
}
END_TEST

START_TEST(deaths_and_boots_come_back)
{
    bytes line = {0};
    file_space space = {0};
    for (int kind = FILE_RECORD_DEAD; kind <= FILE_RECORD_BOOT; kind++) {
        file_record record = {.kind = (file_record_kind)kind, .moment = {-5, 7}, .uuid = {{1, 2, 3}}}, back;
        line.len = 0;
        ck_assert_int_eq(file_record_encode(&record, &line), 0);
        ck_assert_int_eq(file_record_decode(line.data, line.len, &space, &back), 0);
        ck_assert_int_eq(back.kind, kind);
        ck_assert_int_eq(back.moment.clock_us, -5);
        ck_assert_mem_eq(&back.uuid, &record.uuid, sizeof(back.uuid));
    }
    bytes_done(&line);
    file_space_done(&space);
}
END_TEST

START_TEST(ids_are_plain_text)
{
    static const char zurich[] = "Z\xc3\xbcrich-7";
    allot_new_id ids[] = {{.id = {zurich, sizeof(zurich) - 1}}, {.id = {"a b", 3}, .payload = {"{\"k\": 1}", 8}}};
    allot_op op = {.kind = ALLOT_OP_ADD, .u.add = {.count = 2, .ids = ids}};
    file_record record = {.kind = FILE_RECORD_OP, .op = &op};
    bytes line = {0};
    ck_assert_int_eq(file_record_encode(&record, &line), 0);
    ck_assert_int_eq(bytes_append(&line, "", 1), 0);
    ck_assert_str_eq(line.data, "0 0 add - - 0 0 0 - Z\xc3\xbcrich-7 a%20b ={\"k\":%201}");
    bytes_done(&line);
}
END_TEST

START_TEST(deals_and_recalls_are_plain_text)
{
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64] = {5};
    allot_part parts[] = {{.segment = 3, .position = ALLOT_ALL, .which = which}, {.segment = 4, .take = 7}};
    allot_op recall = {.kind = ALLOT_OP_RECALL, .u.recall = {.part_count = 2, .parts = parts}};
    allot_source source = {.segment = 6, .live = 2};
    allot_dealt ids[] = {{.id = {"a:b", 3}}, {.position = 1, .id = {"=c d", 4}}};
    allot_pile piles[] = {{.count = 1, .ids = ids}, {.slot_index = 1, .count = 1, .ids = ids + 1}};
    allot_op deal = {.kind = ALLOT_OP_DEAL,
                     .u.deal = {.source_count = 1, .sources = &source, .pile_count = 2, .piles = piles}};
    file_record record = {.kind = FILE_RECORD_OP, .op = &deal};
    bytes line = {0};
    ck_assert_int_eq(file_record_encode(&record, &line), 0);
    ck_assert_int_eq(bytes_append(&line, "", 1), 0);
    ck_assert_str_eq(line.data, "0 0 deal - - 0 0 0 <6:2 >0 0:0:a:b >1 0:1:=c%20d");
    record.op = &recall;
    bytes_clear(&line);
    ck_assert_int_eq(file_record_encode(&record, &line), 0);
    ck_assert_int_eq(bytes_append(&line, "", 1), 0);
    ck_assert_int_eq(strncmp(line.data, "0 0 recall - - 0 0 0 - 3:=00000000000000050", 43), 0);
    ck_assert_str_eq(strrchr(line.data, ' '), " 4:0:7");
    bytes_done(&line);
}
END_TEST

static int decode_text(const char *text)
{
    char line[256];
    file_space space = {0};
    file_record record;
    size_t len = strlen(text);
    ck_assert_uint_lt(len, sizeof(line));
    memcpy(line, text, len);
    int rc = file_record_decode(line, len, &space, &record);
    file_space_done(&space);
    return rc;
}

/* A leading '=' of a text is written as %3D, and a payload that is empty is not written. */
START_TEST(a_payload_is_told_from_a_text)
{
    static const char *const bad[] = {"1 2 unpark - - 0 0 0 =a", "1 2 add - - 0 0 0 - =a", "1 2 add - - 0 0 0 - a =",
                                      "1 2 add - - 0 0 0 - a =b =c", "1 2 publish - - 0 0 0 1 1 =x"};
    ck_assert_int_eq(decode_text("1 2 unpark - - 0 0 0 %3Da"), 0);
    ck_assert_int_eq(decode_text("1 2 add - - 0 0 0 - a =b %3Dc =d"), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(decode_text(bad[i]) == ALLOT_E_DAMAGED, "%s", bad[i]);
}
END_TEST

START_TEST(a_word_is_whole_and_nothing_more)
{
    static const char *const good[] = {"1 2 recall - - 0 0 0 - 1:2:3", "1 2 beat - - 0 0 0 - 0 0 0 - 5 0 1:2",
                                       "1 2 deal - - 0 0 0 - <1:2 >0 0:1:", "1 2 ack - - 0 0 0 % 0 0 1:*:3 a"};
    static const char *const bad[] = {"1 2 recall - - 0 0 0 - 1:2:3:", "1 2 beat - - 0 0 0 - 0 0 0 - 5 0 1:2:",
                                      "1 2 deal - - 0 0 0 - <1:2: >0 0:1:", "1 2 ack - - 0 0 0 % 0 0 1:*:3: a",
                                      "1 2 beat - - 0 0 0 - 0 0 0 - 5 0 1:*:", "1 2 leave - = 0 0 0"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(decode_text(good[i]) == 0, "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(decode_text(bad[i]) == ALLOT_E_DAMAGED, "%s", bad[i]);
}
END_TEST

/* A line that was changed is read as something or refused, but never read past its end; what is read can be written. */
START_TEST(changed_lines_do_no_harm)
{
    sample *s = calloc(1, sizeof(*s));
    bytes line = {0}, again = {0};
    file_space space = {0};
    ck_assert_ptr_nonnull(s);
    int refused = 0;
    for (int round = 0; round < ROUNDS * 10; round++) {
        file_record back;
        fill(s, (allot_op_kind)_i, (uint64_t)round);
        file_record record = {.kind = FILE_RECORD_OP, .op = &s->op};
        line.len = again.len = 0;
        ck_assert_int_eq(file_record_encode(&record, &line), 0);
        for (uint64_t n = next(s) % 4 + 1; n > 0; n--)
            line.data[next(s) % line.len] = " >=:%*-0aZ\x01"[next(s) % 11];
        line.len -= next(s) % 4 == 0 ? next(s) % line.len : 0;
        /* A block of its own, so that a sanitizer sees one byte too many. */
        char *alone = malloc(line.len);
        ck_assert_ptr_nonnull(alone);
        memcpy(alone, line.data, line.len);
        int rc = file_record_decode(alone, line.len, &space, &back);
        ck_assert(rc == 0 || rc == ALLOT_E_DAMAGED);
        refused += rc != 0;
        if (rc == 0)
            ck_assert_int_eq(file_record_encode(&back, &again), 0);
        free(alone);
    }
    ck_assert_int_gt(refused, 0);
    bytes_done(&line);
    bytes_done(&again);
    file_space_done(&space);
    free(s);
}
END_TEST

Suite *file_record_suite(void)
{
    Suite *suite = suite_create("file records");
    TCase *c = tcase_create("codec");
    tcase_add_loop_test(c, every_kind_comes_back, 1, ALLOT_OP_KIND_END);
    tcase_add_loop_test(c, changed_lines_do_no_harm, 1, ALLOT_OP_KIND_END);
    tcase_add_test(c, a_payload_is_told_from_a_text);
    tcase_add_test(c, a_word_is_whole_and_nothing_more);
    tcase_add_test(c, deaths_and_boots_come_back);
    tcase_add_test(c, ids_are_plain_text);
    tcase_add_test(c, deals_and_recalls_are_plain_text);
    suite_add_tcase(suite, c);
    return suite;
}
