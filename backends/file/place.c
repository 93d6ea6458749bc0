#include "backends/file/place.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int file_error(allot_error *ret_error, int code, const char *format, ...)
{
    if (ret_error == NULL)
        return code;
    ret_error->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(ret_error->message, sizeof(ret_error->message), format, args);
    va_end(args);
    return code;
}

static const char *remedy_of(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return "; free some space there";
    case EROFS:
        return "; mount it writable, or choose another path";
    case EACCES:
    case EPERM:
        return "; run as the owner of that directory, or choose another path";
    case EMFILE:
    case ENFILE:
        return "; raise the limit of open files (ulimit -n)";
    case EFBIG:
        return "; raise the limit of file sizes (ulimit -f)";
    case ELOOP:
        return "; it must not be a symbolic link";
    case ENOENT:
        return "; it was removed while in use: start again";
    default:
        return "";
    }
}

int file_place_error(const file_place *place, const char *name, const char *what, int number, int code,
                     allot_error *ret_error)
{
    return file_error(ret_error, code, "%s%s%s: %s: %s%s", place->shown, name[0] == '\0' ? "" : "/", name, what,
                      strerror(number), remedy_of(number));
}

int file_place_file(int dir, const char *name, int flags)
{
    struct stat st;
    int fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int file_write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* ZFS is not part of the kernel's headers. */
#define ZFS_MAGIC 0x2fc12fc1

/* File systems on which flock, rename and inotify are those of one kernel. */
static bool is_local(const struct statfs *fs)
{
    static const unsigned long known[] = {EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
                                          OVERLAYFS_SUPER_MAGIC, ZFS_MAGIC,       F2FS_SUPER_MAGIC};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (((unsigned long)fs->f_type & 0xffffffff) == known[i])
            return true;
    return false;
}

/* The directory must be ours alone: whoever can write here can forge every answer. */
static int check_directory(int fd, const char *shown, allot_error *ret_error)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return file_error(ret_error, ALLOT_E_SYSTEM, "%s: %s", shown, strerror(errno));
    if (st.st_uid != geteuid())
        return file_error(ret_error, ALLOT_E_PLACE,
                          "%s: belongs to user %lu, this process runs as user %lu; run as its owner, or choose another "
                          "path", shown, (unsigned long)st.st_uid, (unsigned long)geteuid());
    if ((st.st_mode & 077) != 0)
        return file_error(ret_error, ALLOT_E_PLACE,
                          "%s: open to others (mode %04o); make it private with chmod 700 %s, or choose another path",
                          shown, (unsigned)st.st_mode & 07777, shown);
    return 0;
}

static int open_failed(int parent, const char *name, const char *shown, allot_error *ret_error)
{
    int number = errno;
    struct stat st;
    if (number == ENOENT)
        return file_error(ret_error, ALLOT_E_NOT_FOUND, "no group here: %s does not exist", shown);
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        return file_error(ret_error, ALLOT_E_PLACE, "%s: is a symbolic link; give the path that it leads to", shown);
    const char *remedy = number == ENOTDIR ? "; choose another path" : remedy_of(number);
    return file_error(ret_error, ALLOT_E_PLACE, "%s: cannot be opened: %s%s", shown, strerror(number), remedy);
}

/* Opens, and where wished creates, one directory and checks that it is ours. */
static int open_directory(int parent, const char *name, const char *shown, bool create, int *ret_fd,
                          allot_error *ret_error)
{
    if (create && mkdirat(parent, name, 0700) != 0 && errno != EEXIST) {
        int number = errno;
        const char *remedy = number == ENOENT ? "; create the directory above it first" : remedy_of(number);
        return file_error(ret_error, ALLOT_E_PLACE, "%s: cannot be created: %s%s", shown, strerror(number), remedy);
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return open_failed(parent, name, shown, ret_error);
    int rc = check_directory(fd, shown, ret_error);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

static int check_file_system(int fd, const char *shown, allot_error *ret_error)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0)
        return file_error(ret_error, ALLOT_E_SYSTEM, "%s: %s", shown, strerror(errno));
    if (is_local(&fs))
        return 0;
    return file_error(ret_error, ALLOT_E_PLACE,
                      "%s: lies on a file system (type 0x%lx) that is not known to be local; choose a local path, or "
                      "set force: true if only this machine uses it", shown, (unsigned long)fs.f_type & 0xffffffff);
}

static void show(char shown[FILE_SHOWN_BYTES], const char *path, const char *group)
{
    size_t keep = FILE_SHOWN_BYTES - 1 - 4 - (group == NULL ? 0 : strlen(group));
    size_t len = strlen(path);
    const char *dots = len > keep ? "..." : "";
    snprintf(shown, FILE_SHOWN_BYTES, "%s%.*s%s%s", dots, (int)keep, len > keep ? path + len - keep : path,
             group == NULL ? "" : "/", group == NULL ? "" : group);
}

/* The path without the slashes at its end: behind them O_NOFOLLOW would not look at the last component. */
static int trimmed_path(const char *path, char ret_path[4096], allot_error *ret_error)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len == 0 || len >= 4096)
        return file_error(ret_error, ALLOT_E_INVALID, "path: must have 1 to 4095 bytes");
    memcpy(ret_path, path, len);
    ret_path[len] = '\0';
    return 0;
}

static int open_inside(file_place *place, bool create, allot_error *ret_error)
{
    char shown[FILE_SHOWN_BYTES + 8];
    snprintf(shown, sizeof(shown), "%s/slots", place->shown);
    int rc = open_directory(place->group, "slots", shown, create, &place->slots, ret_error);
    if (rc != 0)
        return rc;
    snprintf(shown, sizeof(shown), "%s/bells", place->shown);
    return open_directory(place->group, "bells", shown, create, &place->bells, ret_error);
}

int file_place_open(const file_place_wish *wish, file_place *ret_place, allot_error *ret_error)
{
    char path[4096];
    char shown[FILE_SHOWN_BYTES];
    file_place place = {.group = -1, .slots = -1, .bells = -1};
    int above = -1;
    if (!text_is_group(wish->group))
        return file_error(ret_error, ALLOT_E_INVALID,
                          "group: must be 1 to %u of A-Z a-z 0-9 _ - . and not begin with .", ALLOT_GROUP_BYTES_MAX);
    int rc = trimmed_path(wish->path, path, ret_error);
    if (rc != 0)
        return rc;
    show(shown, path, NULL);
    show(place.shown, path, wish->group);
    rc = open_directory(AT_FDCWD, path, shown, wish->create, &above, ret_error);
    if (rc == 0 && !wish->force)
        rc = check_file_system(above, shown, ret_error);
    if (rc == 0)
        rc = open_directory(above, wish->group, place.shown, wish->create, &place.group, ret_error);
    if (rc == 0)
        rc = open_inside(&place, wish->create, ret_error);
    if (above >= 0)
        close(above);
    if (rc != 0) {
        file_place_close(&place);
        return rc;
    }
    *ret_place = place;
    return 0;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void file_place_close(file_place *place)
{
    close_one(&place->bells);
    close_one(&place->slots);
    close_one(&place->group);
}
