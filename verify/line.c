#include "verify/line.h"

#include "base/text.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- What a line of each kind has -------------------------------------------------------------------------------- */

enum {
    KEY_EVENT = 1u << 0,
    KEY_AT = 1u << 1,
    KEY_SINCE = 1u << 2,
    KEY_SLOT = 1u << 3,
    KEY_UNTIL = 1u << 4,
    KEY_TERM = 1u << 5,
    KEY_TOKEN = 1u << 6,
    KEY_IDS = 1u << 7,
    KEY_WHY = 1u << 8,
    KEY_ANSWER = 1u << 9,
    KEY_FORMAT = 1u << 10,
    KEY_BOOT = 1u << 11,
    KEY_GROUP = 1u << 12,
    KEY_NAME = 1u << 13,
    KEY_PID = 1u << 14,
    KEY_LIFE = 1u << 15,
    KEY_PROVEN = 1u << 16
};

static const char *const keys[] = {"event",  "at",     "since", "slot",  "until", "term", "token", "ids",   "why",
                                   "answer", "format", "boot",  "group", "name",  "pid",  "life",  "proven"};

#define EVERY (KEY_EVENT | KEY_AT)

typedef struct line_form {
    const char *word;
    unsigned needed, allowed; /* beside EVERY */
} line_form;

static const line_form forms[] = {
    [LINE_OPENED] = {"opened", KEY_FORMAT | KEY_BOOT | KEY_GROUP | KEY_NAME | KEY_PID, 0},
    [LINE_JOINED] = {"joined", KEY_SLOT | KEY_UNTIL | KEY_LIFE | KEY_PROVEN, KEY_SINCE},
    [LINE_RENEWED] = {"renewed", KEY_SLOT | KEY_UNTIL, KEY_SINCE},
    [LINE_LEADS] = {"leads", KEY_SLOT | KEY_TERM, KEY_SINCE},
    [LINE_FOLLOWS] = {"follows", KEY_SLOT, KEY_SINCE},
    [LINE_HELD] = {"held", KEY_SLOT | KEY_TOKEN | KEY_IDS, KEY_SINCE},
    [LINE_RELEASED] = {"released", KEY_SLOT | KEY_TOKEN | KEY_IDS, KEY_SINCE},
    [LINE_LOST] = {"lost", KEY_SLOT | KEY_TOKEN | KEY_WHY | KEY_IDS, KEY_SINCE},
    [LINE_ACKED] = {"acked", KEY_SLOT | KEY_TOKEN | KEY_ANSWER | KEY_IDS, KEY_SINCE},
    [LINE_FAILED] = {"failed", KEY_SLOT | KEY_TOKEN | KEY_ANSWER | KEY_IDS, KEY_SINCE},
    [LINE_ADDED] = {"added", KEY_IDS, KEY_SINCE},
    [LINE_FENCED] = {"fenced", KEY_SLOT | KEY_WHY, KEY_SINCE},
    [LINE_LEFT] = {"left", KEY_SLOT | KEY_WHY, KEY_SINCE},
    [LINE_ADDING] = {"adding", KEY_IDS, 0},
    [LINE_CLEANED] = {"cleaned", KEY_ANSWER, KEY_SINCE},
};

static const char *const answers[] = {"unknown", "accepted", "refused"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *line_word(line_kind kind)
{
    return (size_t)kind < COUNT(forms) && forms[kind].word != NULL ? forms[kind].word : "none";
}

const char *line_answer_word(line_answer answer)
{
    return answers[(size_t)answer < COUNT(answers) ? answer : LINE_UNKNOWN];
}

/* ---- The parts of JSON that a line is made of -------------------------------------------------------------------- */

#define NO_MEMORY (-2)
#define WHY_BYTES_MAX 15u

typedef struct cursor {
    const char *at, *end;
    const char *wrong;
    bool cut; /* it went wrong where the text ended */
} cursor;

static int refuse(cursor *c, const char *why)
{
    c->wrong = why;
    c->cut = c->at == c->end;
    return -1;
}

static bool take(cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static int expect(cursor *c, const char *wanted, const char *why)
{
    size_t len = strlen(wanted), left = (size_t)(c->end - c->at);
    if (left < len && memcmp(c->at, wanted, left) == 0)
        c->at = c->end;
    if (left < len || memcmp(c->at, wanted, len) != 0)
        return refuse(c, why);
    c->at += len;
    return 0;
}

/* A text of at most `most` bytes into `ret_text`. Of the escapes those of the quote and the backslash: nothing else has
 * to be escaped in what can be written here (DESIGN §10). */
static int read_text(cursor *c, char *ret_text, uint32_t most, uint32_t *ret_len)
{
    uint32_t len = 0;
    if (!take(c, '"'))
        return refuse(c, "a text is expected");
    while (c->at != c->end && *c->at != '"') {
        char byte = *c->at++;
        if (byte == '\\' && (c->at == c->end || ((byte = *c->at++) != '"' && byte != '\\')))
            return refuse(c, "a text has an escape that none of these lines has");
        if (len == most)
            return refuse(c, "a text is too long");
        ret_text[len++] = byte;
    }
    if (!take(c, '"'))
        return refuse(c, "a text does not end");
    if (!text_is_valid((allot_bytes){ret_text, len}, most))
        return refuse(c, "a text is not UTF-8, or has control characters");
    *ret_len = len;
    return 0;
}

static int read_string(cursor *c, char *ret_text, uint32_t most)
{
    uint32_t len;
    int code = read_text(c, ret_text, most, &len);
    if (code == 0)
        ret_text[len] = '\0';
    return code;
}

static int read_number(cursor *c, uint64_t *ret_number)
{
    uint64_t n = 0;
    const char *start = c->at;
    for (; c->at != c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*c->at - '0'), &n))
            return refuse(c, "a number is too large");
    }
    if (c->at == start || (*start == '0' && c->at - start > 1))
        return refuse(c, "a number is expected");
    *ret_number = n;
    return 0;
}

static int read_instant(cursor *c, int64_t *ret_us)
{
    uint64_t n;
    int code = read_number(c, &n);
    if (code != 0)
        return code;
    if (n > INT64_MAX)
        return refuse(c, "a number is too large");
    *ret_us = (int64_t)n;
    return 0;
}

static int read_uuid(cursor *c, allot_uuid *ret_uuid)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    int code = read_string(c, text, sizeof(text) - 1);
    if (code == 0 && !uuid_from_text(text, strlen(text), ret_uuid))
        code = refuse(c, "a UUID is expected");
    return code;
}

static int read_bool(cursor *c, bool *ret_flag)
{
    *ret_flag = c->at != c->end && *c->at == 't';
    return expect(c, *ret_flag ? "true" : "false", "true or false is expected");
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* The text of an id has no place yet: the buffer grows. So offsets first, see place_ids. */
static int read_id(cursor *c, line *l)
{
    uint32_t len;
    if (bytes_reserve(&l->text, ALLOT_ID_BYTES_MAX) != 0 ||
        array_reserve((void **)&l->ids, &l->id_capacity, (size_t)l->id_count + 1, sizeof(*l->ids)) != 0)
        return NO_MEMORY;
    int code = read_text(c, l->text.data + l->text.len, ALLOT_ID_BYTES_MAX, &len);
    if (code != 0)
        return code;
    if (len == 0)
        return refuse(c, "an id is empty");
    l->text.len += len;
    l->ids[l->id_count++].len = len;
    return 0;
}

static void place_ids(line *l)
{
    const char *at = l->text.data;
    for (uint32_t i = 0; i < l->id_count; i++) {
        l->ids[i].data = at;
        at += l->ids[i].len;
    }
}

static int read_ids(cursor *c, line *l)
{
    if (!take(c, '['))
        return refuse(c, "a list of ids is expected");
    do {
        int code = read_id(c, l);
        if (code != 0)
            return code;
    } while (take(c, ','));
    place_ids(l);
    return take(c, ']') ? 0 : refuse(c, "a list does not end");
}

static int read_event(cursor *c, line *l)
{
    char word[16];
    int code = read_string(c, word, sizeof(word) - 1);
    for (size_t i = 1; code == 0 && i < COUNT(forms); i++) {
        if (strcmp(forms[i].word, word) == 0) {
            l->kind = (line_kind)i;
            return 0;
        }
    }
    return code == 0 ? refuse(c, "there is no such event") : code;
}

static int read_answer(cursor *c, line *l)
{
    char word[16];
    int code = read_string(c, word, sizeof(word) - 1);
    for (size_t i = 0; code == 0 && i < COUNT(answers); i++) {
        if (strcmp(answers[i], word) == 0) {
            l->answer = (line_answer)i;
            return 0;
        }
    }
    return code == 0 ? refuse(c, "an answer is accepted, refused or unknown") : code;
}

/* For people: nobody is believed because of it. */
static int read_past_text(cursor *c, uint32_t most)
{
    char text[ALLOT_NAME_BYTES_MAX + 1];
    assert(most < sizeof(text));
    return read_string(c, text, most);
}

static int read_past_number(cursor *c)
{
    uint64_t number;
    return read_number(c, &number);
}

static int read_format(cursor *c)
{
    uint64_t format;
    int code = read_number(c, &format);
    return code == 0 && format != LINE_FORMAT ? refuse(c, "a format of another version of allot") : code;
}

static int read_value(cursor *c, unsigned key, line *l)
{
    switch (key) {
    case KEY_EVENT:
        return read_event(c, l);
    case KEY_AT:
        return read_instant(c, &l->at_us);
    case KEY_SINCE:
        return read_instant(c, &l->since_us);
    case KEY_UNTIL:
        return read_instant(c, &l->until_us);
    case KEY_SLOT:
        return read_uuid(c, &l->slot);
    case KEY_BOOT:
        return read_uuid(c, &l->boot);
    case KEY_LIFE:
        return read_uuid(c, &l->life);
    case KEY_TERM:
        return read_number(c, &l->term);
    case KEY_TOKEN:
        return read_number(c, &l->token);
    case KEY_PID:
        return read_past_number(c);
    case KEY_FORMAT:
        return read_format(c);
    case KEY_GROUP:
        return read_string(c, l->group, sizeof(l->group) - 1);
    case KEY_NAME:
        return read_past_text(c, ALLOT_NAME_BYTES_MAX);
    case KEY_WHY:
        return read_past_text(c, WHY_BYTES_MAX);
    case KEY_ANSWER:
        return read_answer(c, l);
    case KEY_PROVEN:
        return read_bool(c, &l->proven);
    default:
        return read_ids(c, l);
    }
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static int read_member(cursor *c, line *l, unsigned *seen)
{
    char name[16];
    int code = read_string(c, name, sizeof(name) - 1);
    if (code != 0)
        return code;
    unsigned key = 0;
    for (size_t i = 0; i < COUNT(keys); i++)
        key |= strcmp(keys[i], name) == 0 ? 1u << i : 0;
    if (key == 0)
        return refuse(c, "a key that no line has");
    if ((*seen & key) != 0)
        return refuse(c, "a key is there twice");
    *seen |= key;
    code = expect(c, ":", "a colon is expected");
    return code == 0 ? read_value(c, key, l) : code;
}

static int check_form(cursor *c, line *l, unsigned seen)
{
    if ((seen & EVERY) != EVERY)
        return refuse(c, "a line has an event and an instant");
    const line_form *form = &forms[l->kind];
    unsigned needed = EVERY | form->needed;
    if ((seen & needed) != needed)
        return refuse(c, "a key is missing that a line of this event has");
    if ((seen & ~(needed | form->allowed)) != 0)
        return refuse(c, "a key that a line of this event does not have");
    if ((seen & KEY_SINCE) == 0)
        l->since_us = l->at_us;
    return 0;
}

static int read_object(cursor *c, line *l)
{
    unsigned seen = 0;
    int code;
    if (!take(c, '{'))
        return refuse(c, "an object is expected");
    do {
        code = read_member(c, l, &seen);
        if (code != 0)
            return code;
    } while (take(c, ','));
    if (!take(c, '}') || c->at != c->end)
        return refuse(c, "the object does not end with the line");
    code = check_form(c, l, seen);
    c->cut = false; /* the object has an end */
    return code;
}

int line_read(line *l, const char *text, size_t len, const char **ret_wrong)
{
    cursor c = {.at = text, .end = text + len};
    bytes kept = l->text;
    kept.len = 0;
    *l = (line){.ids = l->ids, .id_capacity = l->id_capacity, .text = kept};
    int code = read_object(&c, l);
    if (code == -1)
        *ret_wrong = c.wrong;
    l->cut = code == -1 && c.cut;
    return code;
}

void line_done(line *l)
{
    free(l->ids);
    bytes_done(&l->text);
    *l = (line){.kind = 0};
}
