#include "core/runtime/modules.h"

#include "base/text.h"
#include "core/runtime/builtin.h"
#include "core/runtime/fail.h"
#include "core/runtime/module_check.h"
#include "core/runtime/module_file.h"

#include <dlfcn.h>
#include <string.h>

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

/* The message names the file under a name that says nothing to people. */
static int cannot_be_loaded(const module_file *file, allot_error *ret_error)
{
    const char *message = dlerror();
    size_t len = strlen(file->loaded_as);
    if (message != NULL && strncmp(message, file->loaded_as, len) == 0 && strncmp(message + len, ": ", 2) == 0)
        message += len + 2;
    return fail(ret_error, ALLOT_E_MODULE, "%s cannot be loaded: %s", file->path,
                message != NULL ? message : "the loader does not say why");
}

/* Once it works it stays: its code may be needed until the process ends. The same file again is the same. */
static int load(const module_file *file, uint32_t kind, const char *name, const void **ret_ops, allot_error *ret_error)
{
    void *handle = dlopen(file->loaded_as, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return cannot_be_loaded(file, ret_error);
    const allot_module_info *(*describe)(void) = NULL;
    void *symbol = dlsym(handle, "allot_module");
    memcpy(&describe, &symbol, sizeof(describe));
    const allot_module_info *info = NULL;
    int code;
    if (symbol == NULL) {
        code = fail(ret_error, ALLOT_E_MODULE, "%s exports no function allot_module()", file->path);
    } else {
        info = describe();
        code = module_check(file->path, info, kind, name, ret_error);
    }
    if (code == ALLOT_OK)
        *ret_ops = info->ops;
    else
        dlclose(handle);
    return code;
}

/* What cannot be found is perhaps misspelt: then it helps to know what there is. */
static int not_found(uint32_t kind, const char *name, const allot_error *why, allot_error *ret_error)
{
    char names[256];
    builtin_names(kind, names, sizeof(names));
    return fail(ret_error, ALLOT_E_MODULE, "there is no %s '%s'; built in: %s; and no module: %.300s",
                module_kind_word(kind), name, names, why->message);
}

/* Of a kind that is not built in. */
static int find(uint32_t kind, const char *name, const char *directory, const void **ret_ops, allot_error *ret_error)
{
    module_file file;
    allot_error why = {0};
    if (!text_is_module(name))
        return fail(ret_error, ALLOT_E_MODULE,
                    "'%.80s' is no name of a %s: that has 1 to %d characters out of a-z 0-9 _ -", name,
                    module_kind_word(kind), TEXT_MODULE_BYTES_MAX);
    int code = module_file_open(&file, kind, name, directory, &why);
    if (code == ALLOT_E_NOT_FOUND)
        return not_found(kind, name, &why, ret_error);
    if (code != ALLOT_OK)
        return fail(ret_error, code, "%s", why.message);
    code = load(&file, kind, name, ret_ops, ret_error);
    module_file_close(&file);
    return code;
}

/* ---- By name ----------------------------------------------------------------------------------------------------- */

int modules_backend(const char *name, const char *directory, const allot_backend_ops **ret_ops, allot_error *ret_error)
{
    const void *ops = builtin_backend(name);
    int code = ops != NULL ? ALLOT_OK : find(ALLOT_MODULE_BACKEND, name, directory, &ops, ret_error);
    if (code == ALLOT_OK)
        *ret_ops = ops;
    return code;
}

int modules_strategy(const char *name, const char *directory, const allot_strategy_ops **ret_ops,
                     allot_error *ret_error)
{
    const void *ops = builtin_strategy(name);
    int code = ops != NULL ? ALLOT_OK : find(ALLOT_MODULE_STRATEGY, name, directory, &ops, ret_error);
    if (code == ALLOT_OK)
        *ret_ops = ops;
    return code;
}

int modules_open(const allot_options *options, const hooks *hooked, bool read_only, call *ret_backend,
                 allot_error *ret_error)
{
    const allot_backend_ops *ops = hooked->backend;
    int code = ops != NULL ? ALLOT_OK : modules_backend(options->backend, options->modules, &ops, ret_error);
    if (code != ALLOT_OK)
        return code;
    const allot_backend_config config = {.size = sizeof(config),
                                         .group = options->group,
                                         .option_count = options->backend_option_count,
                                         .options = options->backend_options,
                                         .read_only = read_only,
                                         .shared = options->shared,
                                         .clock = hooked->clock};
    return call_open(ret_backend, ops, &config, ret_error);
}
