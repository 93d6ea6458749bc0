/* fuzz_module.c - the check of a module's descriptor, on descriptors made of bytes.
 *
 * Bytes say how a good descriptor, its table of functions and the options that it declares are changed, field by field;
 * pointers stay NULL or valid, as module_check.h wants them. What must hold: no sanitizer speaks; a refusal has a
 * message with the path; what is taken is what was asked for, with all of its functions, and with options of which each
 * that has a default can be left out. */
#include "core/runtime/module_check.h"
#include "core/runtime/strategy_options.h"
#include "tests/fuzz/fuzz.h"

#include <allot/backend.h>
#include <allot/strategy.h>

/* ---- Bytes, taken one after the other; zeros when there are none left -------------------------------------------- */

static uint64_t take_number(input *b, unsigned count)
{
    uint64_t n = 0;
    while (count-- > 0)
        n = n << 8 | take(b);
    return n;
}

enum { TEXTS = 72 * 4, TEXT_BYTES = 40 };

/* Texts of their own, so that reading past the end of one is seen. */
typedef struct texts {
    char *of[TEXTS];
    unsigned count;
} texts;

/* NULL, one that is often right, or any bytes. */
static const char *take_text(input *b, texts *t, const char *right)
{
    uint8_t how = take(b);
    if (how < 8)
        return NULL;
    if (how < 128)
        return right;
    size_t len = 0;
    char text[TEXT_BYTES + 1];
    while (len < (size_t)(how % TEXT_BYTES) && (text[len] = (char)take(b)) != '\0')
        len++;
    text[len] = '\0';
    REQUIRE(t->count < TEXTS);
    char *copy = strdup(text);
    REQUIRE(copy != NULL);
    return t->of[t->count++] = copy;
}

/* ---- What is made of them ---------------------------------------------------------------------------------------- */

static int good_assign(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)view;
    (void)owner;
    (void)ret_error;
    return 0;
}

static int good_open(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error)
{
    (void)config;
    (void)ret_backend;
    (void)ret_error;
    return ALLOT_E_PLACE;
}

static void good_submit(allot_backend *backend, const allot_op *op)
{
    (void)backend;
    (void)op;
}

static void good_process(allot_backend *backend, const allot_sink *sink)
{
    (void)backend;
    (void)sink;
}

static int good_fd(allot_backend *backend)
{
    (void)backend;
    return -1;
}

static int64_t good_deadline(allot_backend *backend)
{
    (void)backend;
    return INT64_MAX;
}

/* A field that is right, unless a byte of 0xff says otherwise. */
static uint64_t field(input *b, uint64_t right)
{
    return take(b) == 0xff ? take_number(b, 8) : right;
}

enum { OPTIONS_MOST = 70 };

typedef struct made {
    allot_module_info info;
    allot_backend_ops backend;
    allot_strategy_ops strategy;
    allot_strategy_option options[OPTIONS_MOST];
    texts texts;
} made;

static void make_options(input *b, made *m)
{
    static const char *const names[] = {"seed", "step", "x", "a_1"};
    static const char *const values[] = {"0", "true", "up", ""};
    uint32_t count = take(b) % (OPTIONS_MOST + 1);
    for (uint32_t i = 0; i < count; i++) {
        allot_strategy_option *o = &m->options[i];
        o->name = take_text(b, &m->texts, names[take(b) % 4]);
        o->type = take(b) % 6;
        o->least = (int8_t)take(b);
        o->most = take(b) < 250 ? (int64_t)take(b) : (int64_t)take_number(b, 8);
        o->words = take_text(b, &m->texts, "up|down");
        o->fallback = take_text(b, &m->texts, values[take(b) % 4]);
        o->help = take_text(b, &m->texts, "what it is for");
    }
    m->strategy.options = take(b) == 0xff ? NULL : m->options;
    m->strategy.option_count = take(b) == 0xff && m->strategy.options == NULL ? (uint32_t)take_number(b, 4) : count;
}

/* Members one after the other, not in an initializer: the order in which bytes are taken is part of the corpus. */
static void make_ops(input *b, made *m)
{
    uint8_t lacking = take(b);
    allot_backend_ops *o = &m->backend;
    o->abi = (uint32_t)field(b, ALLOT_BACKEND_ABI);
    o->size = (uint32_t)field(b, sizeof(*o));
    o->name = take_text(b, &m->texts, "x");
    o->open = lacking & 1 ? NULL : good_open;
    o->submit = lacking & 2 ? NULL : good_submit;
    o->process = lacking & 4 ? NULL : good_process;
    o->fd = lacking & 8 ? NULL : good_fd;
    o->deadline = lacking & 16 ? NULL : good_deadline;
    o->close = lacking & 32 ? NULL : good_process;
    allot_strategy_ops *s = &m->strategy;
    s->abi = (uint32_t)field(b, ALLOT_STRATEGY_ABI);
    s->size = (uint32_t)field(b, sizeof(*s));
    s->name = take_text(b, &m->texts, "x");
    s->kind = (uint32_t)field(b, 1 + take(b) % 3u);
    s->assign = lacking & 64 ? NULL : good_assign;
    make_options(b, m);
}

/* A table of one kind is never behind a descriptor that says the other: then pointers would not be valid. */
static void make_info(input *b, made *m, uint32_t kind)
{
    m->info.magic = field(b, ALLOT_MODULE_MAGIC);
    m->info.abi = (uint32_t)field(b, ALLOT_MODULE_ABI);
    m->info.size = (uint32_t)field(b, sizeof(m->info));
    m->info.kind = (uint32_t)field(b, kind);
    m->info.name = take_text(b, &m->texts, "x");
    m->info.version = take_text(b, &m->texts, "1");
    m->info.ops = m->info.kind == ALLOT_MODULE_BACKEND ? (const void *)&m->backend : &m->strategy;
    if (take(b) == 0xff)
        m->info.ops = NULL;
}

/* ---- What must hold ---------------------------------------------------------------------------------------------- */

static void check_taken(const made *m, uint32_t kind)
{
    REQUIRE(m->info.magic == ALLOT_MODULE_MAGIC && m->info.abi == ALLOT_MODULE_ABI && m->info.kind == kind);
    REQUIRE(m->info.size == sizeof(m->info) && strcmp(m->info.name, "x") == 0);
    if (kind == ALLOT_MODULE_BACKEND) {
        const allot_backend_ops *o = m->info.ops;
        REQUIRE(o->abi == ALLOT_BACKEND_ABI && o->size == sizeof(*o) && strcmp(o->name, "x") == 0);
        REQUIRE(o->open && o->submit && o->process && o->fd && o->deadline && o->close);
        return;
    }
    const allot_strategy_ops *o = m->info.ops;
    REQUIRE(o->abi == ALLOT_STRATEGY_ABI && o->size == sizeof(*o) && strcmp(o->name, "x") == 0 && o->assign != NULL);
    REQUIRE(o->kind >= ALLOT_STRATEGY_COUNTS && o->kind <= ALLOT_STRATEGY_IDS);
    REQUIRE(o->option_count <= STRATEGY_OPTIONS_MAX);
}

/* With nothing given, and with what bytes say. */
static void read_options(input *b, made *m)
{
    allot_strategy_value values[STRATEGY_OPTIONS_MAX];
    allot_option given[4];
    allot_error error = {0};
    bool needed = false;
    for (uint32_t i = 0; i < m->strategy.option_count; i++)
        needed |= m->options[i].fallback == NULL;
    int code = strategy_options_read(&m->strategy, NULL, 0, values, &error);
    REQUIRE((code == ALLOT_OK) == !needed);
    uint32_t count = take(b) % 5;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t which = take(b) % (m->strategy.option_count + 1);
        const char *key = which < m->strategy.option_count ? m->options[which].name : "sed";
        const char *value = take_text(b, &m->texts, "1");
        given[i] = (allot_option){.key = key, .value = value != NULL ? value : ""};
    }
    code = strategy_options_read(&m->strategy, given, count, values, &error);
    REQUIRE(code == ALLOT_OK || (code == ALLOT_E_INVALID && error.message[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input b = {.data = data, .left = size};
    made *m = calloc(1, sizeof(*m));
    REQUIRE(m != NULL);
    allot_error error = {0};
    uint32_t kind = take(&b) % 2 == 0 ? ALLOT_MODULE_STRATEGY : ALLOT_MODULE_BACKEND;
    make_ops(&b, m);
    make_info(&b, m, kind);
    int code = module_check("/path", take(&b) == 0xff ? NULL : &m->info, kind, "x", &error);
    REQUIRE(code == ALLOT_OK || code == ALLOT_E_MODULE);
    REQUIRE(code == ALLOT_OK || strncmp(error.message, "/path", 5) == 0);
    if (code == ALLOT_OK)
        check_taken(m, kind);
    if (code == ALLOT_OK && kind == ALLOT_MODULE_STRATEGY)
        read_options(&b, m);
    for (unsigned i = 0; i < m->texts.count; i++)
        free(m->texts.of[i]);
    free(m);
    return 0;
}
