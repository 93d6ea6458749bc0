/* Opening a history: who may write where. */
#include "base/uuid_text.h"
#include "cli/exits.h"
#include "cli/history_file.h"
#include "cli/moments.h"
#include "verify/line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define LOCK_TRIES 20
#define FIRST_LINE_BYTES 2048 /* no `opened` is longer */

bool history_boot_id(allot_uuid *ret_boot)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    int fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[sizeof(text) - 1] = '\0';
    return n == (ssize_t)sizeof(text) - 1 && allot_uuid_parse(text, ret_boot) == ALLOT_OK;
}

/* What was torn by a kill gets an end: what follows is a line of its own. */
static int end_torn_line(int fd, off_t size)
{
    char last = '\n';
    if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
        return errno;
    return last == '\n' || write(fd, "\n", 1) == 1 ? 0 : errno;
}

/* NULL, or why what is there cannot be gone on with. */
static const char *check_opened(const line *first, const allot_uuid *boot, const char *group)
{
    if (first->kind != LINE_OPENED)
        return "there is something in it, and it is no history";
    if (!uuid_equal(&first->boot, boot))
        return "the history in it is of another boot of the machine, with which nothing of this one compares";
    return strcmp(first->group, group) == 0 ? NULL : "the history in it is of another group";
}

/* Nobody's file is spoiled, and no history that could never be verified is made. */
static int check_first_line(int fd, const char *path, const allot_uuid *boot, const char *group)
{
    char text[FIRST_LINE_BYTES];
    line first = {.kind = 0};
    const char *wrong = NULL;
    ssize_t n = pread(fd, text, sizeof(text), 0);
    if (n < 0)
        return fail(CODE_FAILED, "%s: %s", path, strerror(errno));
    const char *end = memchr(text, '\n', (size_t)n);
    if (line_read(&first, text, end != NULL ? (size_t)(end - text) : (size_t)n, &wrong) != 0)
        first.kind = 0;
    const char *why = check_opened(&first, boot, group);
    line_done(&first);
    return why == NULL ? CODE_OK : fail(CODE_FAILED, "%s: %s: name another file", path, why);
}

/* Whoever reads histories looks for a moment whether they are locked. */
static bool lock_alone(int fd)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static int check_file(int fd, const char *path, const allot_uuid *boot, const char *group)
{
    struct stat about;
    int error;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return fail(CODE_FAILED, "%s: a history is a regular file, and this is none", path);
    if (!lock_alone(fd))
        return fail(CODE_FAILED, "%s: another process is writing its history there: each needs a file of its own",
                    path);
    if (fstat(fd, &about) != 0) /* again: now nobody else writes */
        return fail(CODE_FAILED, "%s: %s", path, strerror(errno));
    int code = about.st_size > 0 ? check_first_line(fd, path, boot, group) : CODE_OK;
    if (code == CODE_OK && (error = end_torn_line(fd, about.st_size)) != 0)
        code = fail(CODE_FAILED, "%s: %s", path, strerror(error));
    return code;
}

/* Two that write into one file would tear each other's story apart; and that a file is written again proves that its
 * process before is gone. */
static int open_alone(const char *path, const allot_uuid *boot, const char *group, int *ret_fd)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return fail(CODE_FAILED, "%s: %s", path, strerror(errno));
    int code = check_file(fd, path, boot, group);
    if (code == CODE_OK)
        *ret_fd = fd;
    else
        close(fd);
    return code;
}

int history_file_open(history_file *h, const char *path, const config *c)
{
    allot_uuid boot;
    *h = (history_file){.failed_fd = -1};
    if (path == NULL)
        return CODE_OK;
    if (!history_boot_id(&boot))
        return fail(CODE_FAILED, "no history can be written: %s cannot be read", BOOT_ID_PATH);
    int code = open_alone(path, &boot, c->group, &h->out.fd);
    if (code != CODE_OK)
        return code;
    h->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (h->failed_fd < 0) {
        close(h->out.fd);
        return fail(CODE_FAILED, "no descriptor for an eventfd: %s", strerror(errno));
    }
    h->path = path;
    pthread_mutex_init(&h->lock, NULL);
    history_file_opened(h, &boot, c);
    return h->out.error == 0 ? CODE_OK : history_file_end(h, CODE_FAILED);
}
