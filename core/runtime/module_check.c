#include "core/runtime/module_check.h"

#include "core/runtime/fail.h"
#include "core/runtime/strategy_options.h"

#include <allot/backend.h>
#include <allot/strategy.h>

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

const char *module_kind_word(uint32_t kind)
{
    switch (kind) {
    case ALLOT_MODULE_BACKEND:
        return "backend";
    case ALLOT_MODULE_STRATEGY:
        return "strategy";
    default:
        return "module";
    }
}

static const char *with_article(uint32_t kind)
{
    return kind == ALLOT_MODULE_BACKEND ? "a backend" : "a strategy";
}

/* ---- The descriptor ---------------------------------------------------------------------------------------------- */

static int check_number(const char *path, const char *field, uint64_t is, uint64_t expected, allot_error *ret_error)
{
    if (is == expected)
        return ALLOT_OK;
    return fail(ret_error, ALLOT_E_MODULE, "%s: its %s is %" PRIu64 ", this library's is %" PRIu64, path, field, is,
                expected);
}

static int check_kind(const char *path, uint32_t is, uint32_t wanted, allot_error *ret_error)
{
    if (is == wanted)
        return ALLOT_OK;
    if (is != ALLOT_MODULE_BACKEND && is != ALLOT_MODULE_STRATEGY)
        return fail(ret_error, ALLOT_E_MODULE, "%s: its kind is %" PRIu32 ", which is none; %s (%" PRIu32 ") is wanted",
                    path, is, with_article(wanted), wanted);
    return fail(ret_error, ALLOT_E_MODULE, "%s: it is %s, %s is wanted", path, with_article(is), with_article(wanted));
}

static int check_name(const char *path, const char *field, const char *is, const char *expected, allot_error *ret_error)
{
    if (is == NULL)
        return fail(ret_error, ALLOT_E_MODULE, "%s: %s is missing, expected was '%s'", path, field, expected);
    if (strcmp(is, expected) != 0)
        return fail(ret_error, ALLOT_E_MODULE, "%s: %s is '%.64s', expected was '%s'", path, field, is, expected);
    return ALLOT_OK;
}

/* Field by field, because a wrong one says that the ones behind it may lie elsewhere. */
static int check_info(const char *path, const allot_module_info *info, uint32_t kind, const char *name,
                      allot_error *ret_error)
{
    if (info == NULL)
        return fail(ret_error, ALLOT_E_MODULE, "%s: allot_module() returns no descriptor", path);
    if (info->magic != ALLOT_MODULE_MAGIC)
        return fail(ret_error, ALLOT_E_MODULE, "%s: its magic is 0x%016" PRIx64 ", this library's is 0x%016" PRIx64,
                    path, info->magic, ALLOT_MODULE_MAGIC);
    int code = check_number(path, "abi", info->abi, ALLOT_MODULE_ABI, ret_error);
    if (code == ALLOT_OK)
        code = check_number(path, "size", info->size, sizeof(*info), ret_error);
    if (code == ALLOT_OK)
        code = check_kind(path, info->kind, kind, ret_error);
    if (code == ALLOT_OK)
        code = check_name(path, "its name", info->name, name, ret_error);
    if (code == ALLOT_OK && info->ops == NULL)
        code = fail(ret_error, ALLOT_E_MODULE, "%s: it has no ops", path);
    return code;
}

/* ---- The tables of functions ------------------------------------------------------------------------------------- */

/* A function that each table must have. */
typedef struct method {
    const char *name;
    bool there;
} method;

static int check_methods(const char *path, const method *methods, size_t count, allot_error *ret_error)
{
    for (size_t i = 0; i < count; i++)
        if (!methods[i].there)
            return fail(ret_error, ALLOT_E_MODULE, "%s: its ops lack the function %s()", path, methods[i].name);
    return ALLOT_OK;
}

/* What both tables begin with. */
typedef struct table_head {
    uint32_t abi, size;
    const char *name;
} table_head;

static int check_head(const char *path, table_head is, table_head expected, allot_error *ret_error)
{
    int code = check_number(path, "ops' abi", is.abi, expected.abi, ret_error);
    if (code == ALLOT_OK)
        code = check_number(path, "ops' size", is.size, expected.size, ret_error);
    return code == ALLOT_OK ? check_name(path, "its ops' name", is.name, expected.name, ret_error) : code;
}

static int check_backend(const char *path, const allot_backend_ops *ops, const char *name, allot_error *ret_error)
{
    int code = check_head(path, (table_head){ops->abi, ops->size, ops->name},
                          (table_head){ALLOT_BACKEND_ABI, sizeof(*ops), name}, ret_error);
    if (code != ALLOT_OK)
        return code;
    const method methods[] = {{"open", ops->open != NULL},         {"submit", ops->submit != NULL},
                              {"process", ops->process != NULL},   {"fd", ops->fd != NULL},
                              {"deadline", ops->deadline != NULL}, {"close", ops->close != NULL}};
    return check_methods(path, methods, sizeof(methods) / sizeof(methods[0]), ret_error);
}

static int check_strategy(const char *path, const allot_strategy_ops *ops, const char *name, allot_error *ret_error)
{
    int code = check_head(path, (table_head){ops->abi, ops->size, ops->name},
                          (table_head){ALLOT_STRATEGY_ABI, sizeof(*ops), name}, ret_error);
    if (code == ALLOT_OK && (ops->kind < ALLOT_STRATEGY_COUNTS || ops->kind > ALLOT_STRATEGY_IDS))
        code = fail(ret_error, ALLOT_E_MODULE, "%s: its strategy's kind is %" PRIu32 "; it has to be from %d to %d",
                    path, ops->kind, ALLOT_STRATEGY_COUNTS, ALLOT_STRATEGY_IDS);
    const method assign = {"assign", ops->assign != NULL};
    if (code == ALLOT_OK)
        code = check_methods(path, &assign, 1, ret_error);
    return code == ALLOT_OK ? strategy_options_check(path, ops, ret_error) : code;
}

int module_check(const char *path, const allot_module_info *info, uint32_t kind, const char *name,
                 allot_error *ret_error)
{
    int code = check_info(path, info, kind, name, ret_error);
    if (code != ALLOT_OK)
        return code;
    return kind == ALLOT_MODULE_BACKEND ? check_backend(path, info->ops, name, ret_error)
                                        : check_strategy(path, info->ops, name, ret_error);
}
