#include "core/runtime/modules.h"

#include "core/runtime/builtin.h"
#include "core/runtime/fail.h"

#include <allot/module.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 64 };

/* ---- where it lies ----------------------------------------------------------------------------------------------- */

static bool name_is_valid(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= NAME_MAX_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* The directory `allot` beside this library (or, linked in statically, beside the program). */
static int default_directory(char *ret_path, size_t bytes)
{
    Dl_info info;
    char library[PATH_MAX];
    static const char here = 0; /* any address of this library */
    if (dladdr(&here, &info) == 0 || info.dli_fname == NULL || realpath(info.dli_fname, library) == NULL)
        return -1;
    char *slash = strrchr(library, '/');
    *slash = '\0';
    int len = snprintf(ret_path, bytes, "%s/allot", library);
    return len > 0 && (size_t)len < bytes ? 0 : -1;
}

/* ---- who may have changed it ------------------------------------------------------------------------------------- */

/* Ours or root's. A directory that others can write to is good enough when it is sticky: what lies in it is then looked
 * at in its turn, and only its owner can put another thing in its place. */
static int check_mode(const char *path, const struct stat *st, allot_error *ret_error)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return fail(ret_error, ALLOT_E_MODULE, "%s belongs to user %u; it has to belong to root or to user %u", path,
                    (unsigned)st->st_uid, (unsigned)geteuid());
    bool shared = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (shared && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0))
        return fail(ret_error, ALLOT_E_MODULE, "%s can be written by others (mode %04o): chmod go-w", path,
                    (unsigned)(st->st_mode & 07777));
    return ALLOT_OK;
}

/* `directory` has no symbolic links in it: from the root on, each one. */
static int check_directories(const char *directory, allot_error *ret_error)
{
    char path[PATH_MAX];
    size_t len = strlen(directory);
    int code = ALLOT_OK;
    for (size_t i = 0; i <= len && code == ALLOT_OK; i++) {
        struct stat st;
        if (i > 0 && directory[i] != '/' && directory[i] != '\0')
            continue;
        snprintf(path, sizeof(path), "%.*s", i == 0 ? 1 : (int)i, directory);
        code = stat(path, &st) == 0 ? check_mode(path, &st, ret_error)
                                    : fail(ret_error, ALLOT_E_MODULE, "%s: %s", path, strerror(errno));
    }
    return code;
}

/* Opens the file; what is loaded later is what was looked at here. A descriptor, or a negative code. */
static int open_file(const char *path, allot_error *ret_error)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(ret_error, ALLOT_E_MODULE, "%s: %s", path, strerror(errno));
    int code = ALLOT_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        code = fail(ret_error, ALLOT_E_MODULE, "%s is not a regular file", path);
    else
        code = check_mode(path, &st, ret_error);
    if (code == ALLOT_OK)
        return fd;
    close(fd);
    return code;
}

/* ---- what it is -------------------------------------------------------------------------------------------------- */

static int check_number(const char *path, const char *field, uint64_t is, uint64_t expected, allot_error *ret_error)
{
    if (is == expected)
        return ALLOT_OK;
    return fail(ret_error, ALLOT_E_MODULE, "%s: its %s is %" PRIu64 ", this library's %" PRIu64, path, field, is,
                expected);
}

/* Field by field, because a wrong one says that the ones behind it may lie elsewhere. */
static int check_info(const char *path, const allot_module_info *info, const char *name, allot_error *ret_error)
{
    if (info == NULL)
        return fail(ret_error, ALLOT_E_MODULE, "%s describes nothing", path);
    int code = check_number(path, "magic", info->magic, ALLOT_MODULE_MAGIC, ret_error);
    if (code == ALLOT_OK)
        code = check_number(path, "abi", info->abi, ALLOT_MODULE_ABI, ret_error);
    if (code == ALLOT_OK)
        code = check_number(path, "size", info->size, sizeof(*info), ret_error);
    if (code == ALLOT_OK)
        code = check_number(path, "kind", info->kind, ALLOT_MODULE_BACKEND, ret_error);
    if (code != ALLOT_OK)
        return code;
    if (info->name == NULL || strcmp(info->name, name) != 0)
        return fail(ret_error, ALLOT_E_MODULE, "%s: its name is '%.64s', expected was '%s'", path,
                    info->name == NULL ? "" : info->name, name);
    return info->ops != NULL ? ALLOT_OK : fail(ret_error, ALLOT_E_MODULE, "%s has no ops", path);
}

static int check_ops(const char *path, const allot_backend_ops *ops, allot_error *ret_error)
{
    int code = check_number(path, "backend abi", ops->abi, ALLOT_BACKEND_ABI, ret_error);
    if (code == ALLOT_OK)
        code = check_number(path, "backend size", ops->size, sizeof(*ops), ret_error);
    if (code != ALLOT_OK)
        return code;
    if (ops->name == NULL || !ops->open || !ops->submit || !ops->process || !ops->fd || !ops->deadline || !ops->close)
        return fail(ret_error, ALLOT_E_MODULE, "%s: a required function of its ops is missing", path);
    return ALLOT_OK;
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

/* What was loaded stays: its code may be needed until the process ends. Loading the same file again is the same. */
static int load(const char *path, int fd, const char *name, const allot_backend_ops **ret_ops, allot_error *ret_error)
{
    char loaded[64];
    snprintf(loaded, sizeof(loaded), "/proc/self/fd/%d", fd);
    void *handle = dlopen(loaded, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return fail(ret_error, ALLOT_E_MODULE, "%s cannot be loaded: %s", path, dlerror());
    const allot_module_info *(*describe)(void) = NULL;
    void *symbol = dlsym(handle, "allot_module");
    memcpy(&describe, &symbol, sizeof(describe));
    int code = symbol == NULL ? fail(ret_error, ALLOT_E_MODULE, "%s exports no allot_module()", path) : ALLOT_OK;
    const allot_module_info *info = code == ALLOT_OK ? describe() : NULL;
    if (code == ALLOT_OK)
        code = check_info(path, info, name, ret_error);
    if (code == ALLOT_OK)
        code = check_ops(path, info->ops, ret_error);
    if (code == ALLOT_OK)
        *ret_ops = info->ops;
    else
        dlclose(handle);
    return code;
}

static int find_file(const char *directory, const char *name, char *ret_path, size_t bytes, allot_error *ret_error)
{
    char real[PATH_MAX];
    if (realpath(directory, real) == NULL)
        return fail(ret_error, ALLOT_E_MODULE, "the module directory %s: %s", directory, strerror(errno));
    int len = snprintf(ret_path, bytes, "%s/allot_backend_%s.so", real, name);
    if (len < 0 || (size_t)len >= bytes)
        return fail(ret_error, ALLOT_E_MODULE, "the module directory %s has too long a name", real);
    return check_directories(real, ret_error);
}

static int load_backend(const char *name, const char *directory, const allot_backend_ops **ret_ops,
                        allot_error *ret_error)
{
    char path[PATH_MAX];
    int code = find_file(directory, name, path, sizeof(path), ret_error);
    if (code != ALLOT_OK)
        return code;
    int fd = open_file(path, ret_error);
    if (fd < 0)
        return fd;
    code = load(path, fd, name, ret_ops, ret_error);
    close(fd);
    return code;
}

int modules_backend(const char *name, const char *directory, const allot_backend_ops **ret_ops, allot_error *ret_error)
{
    char beside[PATH_MAX];
    allot_error builtin = {0}, error = {0};
    int code = builtin_backend(name, ret_ops, &builtin);
    if (code == ALLOT_OK)
        return code;
    if (!name_is_valid(name))
        return fail(ret_error, ALLOT_E_MODULE, "%s", builtin.message);
    if (directory == NULL && default_directory(beside, sizeof(beside)) != 0)
        return fail(ret_error, ALLOT_E_MODULE, "%s", builtin.message);
    code = load_backend(name, directory != NULL ? directory : beside, ret_ops, &error);
    if (code == ALLOT_OK)
        return code;
    return fail(ret_error, code, "%.160s; and no module: %.300s", builtin.message, error.message);
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
