#include "core/runtime/module_file.h"

#include "core/runtime/fail.h"
#include "core/runtime/module_check.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Where it lies ----------------------------------------------------------------------------------------------- */

/* The directory `allot` beside this library (or, linked in statically, beside the program). */
static int default_directory(char *ret_path, size_t bytes, allot_error *ret_error)
{
    Dl_info info;
    char library[PATH_MAX];
    static const char here = 0; /* any address of this library */
    if (dladdr(&here, &info) == 0 || info.dli_fname == NULL)
        info.dli_fname = "";
    /* A program that was found in PATH is called by its bare name. */
    if (realpath(strchr(info.dli_fname, '/') != NULL ? info.dli_fname : "/proc/self/exe", library) == NULL)
        return fail(ret_error, ALLOT_E_MODULE, "the directory of this library, beside which modules lie, is unknown");
    *strrchr(library, '/') = '\0';
    int len = snprintf(ret_path, bytes, "%s/allot", library);
    if (len < 0 || (size_t)len >= bytes)
        return fail(ret_error, ALLOT_E_MODULE, "the directory %s has too long a name", library);
    return ALLOT_OK;
}

/* Without symbolic links. */
static int real_directory(const char *directory, char ret_real[PATH_MAX], allot_error *ret_error)
{
    char beside[PATH_MAX];
    int code = directory != NULL ? ALLOT_OK : default_directory(beside, sizeof(beside), ret_error);
    if (code != ALLOT_OK)
        return code;
    const char *named = directory != NULL ? directory : beside;
    if (realpath(named, ret_real) != NULL)
        return ALLOT_OK;
    /* The one that nobody named need not be there. */
    code = directory == NULL && errno == ENOENT ? ALLOT_E_NOT_FOUND : ALLOT_E_MODULE;
    return fail(ret_error, code, "the module directory %s: %s", named, strerror(errno));
}

/* ---- Who may have changed it ------------------------------------------------------------------------------------- */

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

/* ---- Whether it is whole ----------------------------------------------------------------------------------------- */

/* The loader maps what the header promises, and dies of a signal where the file ends before. What else it does not
 * like, it says. */
static int check_image(const module_file *file, const struct stat *st, allot_error *ret_error)
{
    ElfW(Ehdr) header;
    if (pread(file->fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return fail(ret_error, ALLOT_E_MODULE, "%s cannot be loaded: it is no shared object (ELF)", file->path);
    if (header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) || header.e_type != ET_DYN ||
        header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phoff > INT32_MAX)
        return fail(ret_error, ALLOT_E_MODULE, "%s cannot be loaded: it is no shared object for this machine",
                    file->path);
    uint64_t needed = header.e_phoff + (uint64_t)header.e_phnum * sizeof(ElfW(Phdr));
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) part;
        if (pread(file->fd, &part, sizeof(part), (off_t)(header.e_phoff + i * sizeof(part))) != (ssize_t)sizeof(part))
            break; /* `needed` says so */
        uint64_t end = part.p_filesz > UINT64_MAX - part.p_offset ? UINT64_MAX : part.p_offset + part.p_filesz;
        if (part.p_type == PT_LOAD && end > needed)
            needed = end;
    }
    if (needed <= (uint64_t)st->st_size)
        return ALLOT_OK;
    return fail(ret_error, ALLOT_E_MODULE,
                "%s cannot be loaded: it is cut off after %" PRIu64 " of at least %" PRIu64 " bytes", file->path,
                (uint64_t)st->st_size, needed);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

/* /proc/self/fd/N, with N among the loaded names more than once in the course of time: so the file's device and inode
 * are written into the slashes before it, "/." for each bit that is set. */
static void name_for_loader(module_file *file, const struct stat *st)
{
    const uint64_t numbers[] = {(uint64_t)st->st_dev, (uint64_t)st->st_ino};
    int len = snprintf(file->loaded_as, sizeof(file->loaded_as), "/proc/self/fd");
    for (int i = 0; i < 128; i++) {
        bool set = (numbers[i / 64] >> (i % 64) & 1) != 0;
        len += snprintf(file->loaded_as + len, sizeof(file->loaded_as) - (size_t)len, set ? "/." : "/");
    }
    snprintf(file->loaded_as + len, sizeof(file->loaded_as) - (size_t)len, "/%d", file->fd);
}

/* What is loaded later is what was looked at here. */
static int open_file(module_file *file, allot_error *ret_error)
{
    struct stat st;
    file->fd = open(file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0 && errno == ELOOP)
        return fail(ret_error, ALLOT_E_MODULE, "%s is a symbolic link; it has to be the file itself", file->path);
    if (file->fd < 0)
        return fail(ret_error, errno == ENOENT ? ALLOT_E_NOT_FOUND : ALLOT_E_MODULE, "%s: %s", file->path,
                    strerror(errno));
    int code = ALLOT_OK;
    if (fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode))
        code = fail(ret_error, ALLOT_E_MODULE, "%s is not a regular file", file->path);
    if (code == ALLOT_OK)
        code = check_mode(file->path, &st, ret_error);
    if (code == ALLOT_OK)
        code = check_image(file, &st, ret_error);
    if (code != ALLOT_OK) {
        close(file->fd);
        return code;
    }
    name_for_loader(file, &st);
    return ALLOT_OK;
}

int module_file_open(module_file *file, uint32_t kind, const char *name, const char *directory, allot_error *ret_error)
{
    char real[PATH_MAX];
    int code = real_directory(directory, real, ret_error);
    if (code != ALLOT_OK)
        return code;
    int len = snprintf(file->path, sizeof(file->path), "%s/allot_%s_%s.so", strcmp(real, "/") == 0 ? "" : real,
                       module_kind_word(kind), name);
    if (len < 0 || (size_t)len >= sizeof(file->path))
        return fail(ret_error, ALLOT_E_MODULE, "the module directory %s has too long a name", real);
    code = check_directories(real, ret_error);
    return code == ALLOT_OK ? open_file(file, ret_error) : code;
}

void module_file_close(module_file *file)
{
    close(file->fd);
}
