#include "cli/history_file.h"

#include "cli/exits.h"
#include "cli/json.h"
#include "cli/moments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT 1
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static void key_string(json *j, const char *key, const char *value)
{
    json_key(j, key);
    json_string(j, value);
}

static void key_unsigned(json *j, const char *key, uint64_t n)
{
    json_key(j, key);
    json_unsigned(j, n);
}

static void key_signed(json *j, const char *key, int64_t n)
{
    json_key(j, key);
    json_signed(j, n);
}

/* Under the lock, so that the instants of a history grow. `since_us` 0: now. */
static json begin(history_file *h, const char *word, int64_t since_us)
{
    json j = {.out = &h->out};
    int64_t now_us = boot_now_us();
    json_object(&j);
    key_string(&j, "event", word);
    key_signed(&j, "at", now_us);
    if (since_us != 0 && since_us < now_us)
        key_signed(&j, "since", since_us);
    return j;
}

static json begin_of_slot(history_file *h, const char *word, int64_t since_us, const allot_uuid *slot)
{
    json j = begin(h, word, since_us);
    json_key(&j, "slot");
    json_uuid(&j, slot);
    return j;
}

static void end(history_file *h, json *j)
{
    json_object_end(j);
    output_text(&h->out, "\n");
    output_flush(&h->out);
    if (h->out.error != 0)
        eventfd_write(h->failed_fd, 1);
}

/* ---- Ids --------------------------------------------------------------------------------------------------------- */

/* How many from the first on have its token: one line says it for all of them. */
static size_t alike(const allot_id *ids, size_t count)
{
    size_t n = 1;
    while (n < count && ids[n].token == ids[0].token)
        n++;
    return n;
}

/* `key`, one more key, with `value`; NULL: none. */
static void ids_lines(history_file *h, const char *word, int64_t since_us, const allot_uuid *slot, const char *key,
                      const char *value, const allot_id *ids, size_t count)
{
    for (size_t done = 0, n; done < count; done += n) {
        n = alike(ids + done, count - done);
        json j = begin_of_slot(h, word, since_us, slot);
        key_unsigned(&j, "token", ids[done].token);
        if (key != NULL)
            key_string(&j, key, value);
        json_key(&j, "ids");
        json_array(&j);
        for (size_t i = done; i < done + n; i++)
            json_bytes(&j, ids[i].id);
        json_array_end(&j);
        end(h, &j);
    }
}

void history_file_released(history_file *h, const allot_uuid *slot, const allot_id *ids, size_t count)
{
    if (h->path == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    ids_lines(h, "released", 0, slot, NULL, NULL, ids, count);
    pthread_mutex_unlock(&h->lock);
}

void history_file_reported(history_file *h, history_report report, history_answer answer, int64_t since_us,
                           const allot_uuid *slot, const allot_id *ids, size_t count)
{
    static const char *const answers[] = {
        [HISTORY_UNKNOWN] = "unknown", [HISTORY_ACCEPTED] = "accepted", [HISTORY_REFUSED] = "refused"};
    if (h->path == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    ids_lines(h, report == HISTORY_ACKED ? "acked" : "failed", since_us, slot, "answer", answers[answer], ids, count);
    pthread_mutex_unlock(&h->lock);
}

void history_file_added(history_file *h, const allot_new *ids, size_t count)
{
    if (h->path == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    for (size_t done = 0; done < count; done += ALLOT_SEGMENT_IDS_MAX) {
        json j = begin(h, "added", 0);
        json_key(&j, "ids");
        json_array(&j);
        for (size_t i = done; i < count && i < done + ALLOT_SEGMENT_IDS_MAX; i++)
            json_bytes(&j, ids[i].id);
        json_array_end(&j);
        end(h, &j);
    }
    pthread_mutex_unlock(&h->lock);
}

/* ---- Leases and events ------------------------------------------------------------------------------------------- */

void history_file_lease(void *user, const allot_lease *lease)
{
    history_file *h = user;
    pthread_mutex_lock(&h->lock);
    bool first = memcmp(&h->slot, &lease->slot, sizeof(h->slot)) != 0;
    json j = begin_of_slot(h, first ? "joined" : "renewed", lease->since_us, &lease->slot);
    key_signed(&j, "until", lease->until_us);
    if (first) {
        json_key(&j, "life");
        json_uuid(&j, &lease->life);
        json_key(&j, "proven");
        json_bool(&j, lease->death_is_proven);
    }
    end(h, &j);
    h->slot = lease->slot;
    pthread_mutex_unlock(&h->lock);
}

static void end_line(history_file *h, const char *word, int64_t since_us, const allot_event *event)
{
    json j = begin_of_slot(h, word, since_us, &event->slot);
    key_string(&j, "why", allot_why_word(event->why));
    end(h, &j);
}

static void event_lines(history_file *h, int64_t since_us, const allot_event *event)
{
    json j;
    bool leased = memcmp(&h->slot, &event->slot, sizeof(h->slot)) == 0;
    switch (event->type) {
    case ALLOT_EVENT_LEADER:
        j = begin_of_slot(h, "leads", since_us, &event->slot);
        key_unsigned(&j, "term", event->term);
        end(h, &j);
        break;
    case ALLOT_EVENT_FOLLOWER:
        j = begin_of_slot(h, "follows", since_us, &event->slot);
        end(h, &j);
        break;
    case ALLOT_EVENT_GAINED:
        ids_lines(h, "held", since_us, &event->slot, NULL, NULL, event->ids, event->count);
        break;
    case ALLOT_EVENT_LOST:
        ids_lines(h, "lost", since_us, &event->slot, "why", allot_why_word(event->why), event->ids, event->count);
        break;
    case ALLOT_EVENT_FENCED:
        end_line(h, "fenced", since_us, event);
        break;
    case ALLOT_EVENT_LEFT: /* also of one that had no slot yet */
        if (leased)
            end_line(h, "left", since_us, event);
        break;
    default:
        break;
    }
}

void history_file_event(history_file *h, const allot_event *event)
{
    if (h->path == NULL)
        return;
    int64_t since_us = boot_us_of(event->mono_ns);
    pthread_mutex_lock(&h->lock);
    event_lines(h, since_us, event);
    pthread_mutex_unlock(&h->lock);
}

bool history_file_failed(history_file *h)
{
    if (h->path == NULL)
        return false;
    pthread_mutex_lock(&h->lock);
    bool failed = h->out.error != 0;
    pthread_mutex_unlock(&h->lock);
    return failed;
}

/* ---- Open and end ------------------------------------------------------------------------------------------------ */

static bool read_boot_id(char ret_text[ALLOT_UUID_TEXT_BYTES])
{
    allot_uuid uuid;
    int fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, ret_text, ALLOT_UUID_TEXT_BYTES - 1) : -1;
    if (fd >= 0)
        close(fd);
    ret_text[ALLOT_UUID_TEXT_BYTES - 1] = '\0';
    return n == (ssize_t)ALLOT_UUID_TEXT_BYTES - 1 && allot_uuid_parse(ret_text, &uuid) == ALLOT_OK;
}

/* What was torn by a kill gets an end: what follows is a line of its own. */
static int end_torn_line(int fd, off_t size)
{
    char last = '\n';
    if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
        return errno;
    return last == '\n' || write(fd, "\n", 1) == 1 ? 0 : errno;
}

/* Two that write into one file would tear each other's story apart; and that a file is written again proves that its
 * process before is gone. */
static int open_alone(const char *path, int *ret_fd)
{
    struct stat about;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(CODE_FAILED, "%s: %s", path, strerror(errno));
    int code = CODE_OK, error = 0;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        code = fail(CODE_FAILED, "%s: a history is a regular file, and this is none", path);
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        code =
            fail(CODE_FAILED, "%s: another process is writing its history there: each needs a file of its own", path);
    else if ((error = end_torn_line(fd, about.st_size)) != 0)
        code = fail(CODE_FAILED, "%s: %s", path, strerror(error));
    if (code == CODE_OK)
        *ret_fd = fd;
    else
        close(fd);
    return code;
}

static void opened_line(history_file *h, const char *boot, const config *c)
{
    json j = begin(h, "opened", 0);
    key_unsigned(&j, "format", FORMAT);
    key_string(&j, "boot", boot);
    key_string(&j, "group", c->group);
    key_string(&j, "name", c->slot.name);
    key_signed(&j, "pid", getpid());
    end(h, &j);
}

int history_file_open(history_file *h, const char *path, const config *c)
{
    char boot[ALLOT_UUID_TEXT_BYTES];
    *h = (history_file){.failed_fd = -1};
    if (path == NULL)
        return CODE_OK;
    if (!read_boot_id(boot))
        return fail(CODE_FAILED, "no history can be written: %s cannot be read", BOOT_ID_PATH);
    int code = open_alone(path, &h->out.fd);
    if (code != CODE_OK)
        return code;
    h->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (h->failed_fd < 0) {
        close(h->out.fd);
        return fail(CODE_FAILED, "no descriptor for an eventfd: %s", strerror(errno));
    }
    h->path = path;
    pthread_mutex_init(&h->lock, NULL);
    opened_line(h, boot, c);
    return CODE_OK;
}

int history_file_end(history_file *h, int code)
{
    if (h->path == NULL)
        return code;
    output_flush(&h->out);
    bytes_done(&h->out.text);
    if (h->out.error != 0)
        code = fail(code == CODE_OK ? CODE_FAILED : code, "%s: %s", h->path, strerror(h->out.error));
    close(h->out.fd);
    close(h->failed_fd);
    pthread_mutex_destroy(&h->lock);
    *h = (history_file){.failed_fd = -1};
    return code;
}
