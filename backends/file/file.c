#include "backends/file/file.h"

#include "backends/file/handle.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROCESS_US 10000 /* about how long one call works when there is more to do */
#define COMPACT_ABOVE_BYTES (INT64_C(4) << 20)

/* ---- clocks ----------------------------------------------------------------------------------------------------- */

static int64_t clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t boot_us(void *user)
{
    (void)user;
    return clock_us(CLOCK_BOOTTIME);
}

static int64_t real_us(void *user)
{
    (void)user;
    return clock_us(CLOCK_REALTIME);
}

int64_t file_now_us(const allot_backend *b)
{
    return b->clock.boot_us(b->clock.user);
}

/* ---- options ---------------------------------------------------------------------------------------------------- */

static int bad_value(const allot_option *option, const char *wanted, allot_error *ret_error)
{
    return file_error(ret_error, ALLOT_E_INVALID, "file.%s: '%s' is not %s", option->key, option->value, wanted);
}

static int take_fsync(const allot_option *option, file_options *options, allot_error *ret_error)
{
    if (strcmp(option->value, "pool") == 0)
        options->fsync = FILE_FSYNC_POOL;
    else if (strcmp(option->value, "always") == 0)
        options->fsync = FILE_FSYNC_ALWAYS;
    else if (strcmp(option->value, "never") == 0)
        options->fsync = FILE_FSYNC_NEVER;
    else
        return bad_value(option, "pool, always or never", ret_error);
    return 0;
}

static int take_option(const allot_option *option, file_options *options, allot_error *ret_error)
{
    if (strcmp(option->key, "path") == 0) {
        options->path = option->value;
        return 0;
    }
    if (strcmp(option->key, "fsync") == 0)
        return take_fsync(option, options, ret_error);
    if (strcmp(option->key, "force") == 0) {
        options->force = strcmp(option->value, "true") == 0;
        if (!options->force && strcmp(option->value, "false") != 0)
            return bad_value(option, "true or false", ret_error);
        return 0;
    }
    if (strcmp(option->key, "boot_id") == 0) {
        if (!uuid_from_text(option->value, strlen(option->value), &options->boot_id))
            return bad_value(option, "a UUID", ret_error);
        return 0;
    }
    if (strcmp(option->key, "compact_above") == 0) {
        char *end;
        options->compact_above = strtoll(option->value, &end, 10);
        if (options->compact_above <= 0 || *end != '\0')
            return bad_value(option, "a number of bytes", ret_error);
        return 0;
    }
    return file_error(ret_error, ALLOT_E_INVALID, "file.%s: unknown option; known are path, fsync and force",
                      option->key);
}

static int read_boot_id(allot_uuid *ret_boot, allot_error *ret_error)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n != (ssize_t)sizeof(text) - 1 || !uuid_from_text(text, (size_t)n, ret_boot))
        return file_error(ret_error, ALLOT_E_SYSTEM, "/proc/sys/kernel/random/boot_id cannot be read; mount /proc");
    return 0;
}

static int take_options(const allot_backend_config *config, file_options *ret_options, allot_error *ret_error)
{
    file_options options = {.path = "./.allot", .compact_above = COMPACT_ABOVE_BYTES};
    if (config->size < sizeof(*config))
        return file_error(ret_error, ALLOT_E_INVALID, "config.size: %u, expected at least %zu", config->size,
                          sizeof(*config));
    if (config->group == NULL)
        return file_error(ret_error, ALLOT_E_INVALID, "group: is missing");
    for (uint32_t i = 0; i < config->option_count; i++) {
        int rc = take_option(&config->options[i], &options, ret_error);
        if (rc != 0)
            return rc;
    }
    if (uuid_is_zero(&options.boot_id)) {
        int rc = read_boot_id(&options.boot_id, ret_error);
        if (rc != 0)
            return rc;
    }
    *ret_options = options;
    return 0;
}

/* ---- open and close --------------------------------------------------------------------------------------------- */

static void free_handle(allot_backend *b)
{
    bool owner = getpid() == b->owner;
    if (owner)
        file_image_drop(&b->rewrite, &b->place);
    else if (b->rewrite.fd >= 0)
        close(b->rewrite.fd); /* the file is the parent's */
    bytes_done(&b->rewrite.text);
    file_death_done(&b->death);
    file_watch_close(&b->watch);
    file_lock_done(&b->lock, owner);
    file_state_done(&b->state);
    file_place_close(&b->place);
    file_batch_done(&b->batch);
    file_lane_done(&b->control);
    file_lane_done(&b->bulk);
    bytes_done(&b->notes);
    free(b);
}

static allot_backend *new_handle(const allot_backend_config *config, const file_options *options)
{
    allot_backend *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->owner = getpid();
    b->read_only = config->read_only;
    b->fsync = options->fsync;
    b->compact_above = options->compact_above;
    b->clock = config->clock;
    if (b->clock.boot_us == NULL)
        b->clock.boot_us = boot_us;
    if (b->clock.real_us == NULL)
        b->clock.real_us = real_us;
    b->place = (file_place){.group = -1, .slots = -1, .bells = -1};
    b->watch = (file_watch){.fd = -1, .group_wd = -1, .own_wd = -1, .slots_wd = -1};
    file_death_init(&b->death);
    file_image_init(&b->rewrite);
    file_state_init(&b->state, &options->boot_id, &b->notes);
    file_lock_init(&b->lock, (uint64_t)clock_us(CLOCK_MONOTONIC) ^ (uint64_t)getpid() << 32 ^ (uintptr_t)b);
    if (file_lane_init(&b->control) == 0 && file_lane_init(&b->bulk) == 0)
        return b;
    free_handle(b);
    return NULL;
}

static int file_open(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error)
{
    file_options options;
    allot_error no_inotify;
    int rc = take_options(config, &options, ret_error);
    if (rc != 0)
        return rc;
    allot_backend *b = new_handle(config, &options);
    if (b == NULL)
        return file_error(ret_error, ALLOT_E_NOMEM, "out of memory");
    file_place_wish wish = {
        .path = options.path, .group = config->group, .create = !config->read_only, .force = options.force};
    rc = file_place_open(&wish, &b->place, ret_error);
    if (rc == 0 && !b->read_only && file_watch_open(&b->watch, &b->place, &no_inotify) != 0)
        file_note(b, no_inotify.message);
    b->death.all = !b->read_only;
    if (rc == 0)
        rc = file_round_first(b, ret_error);
    if (rc != 0) {
        free_handle(b);
        return rc;
    }
    *ret_backend = b;
    return 0;
}

static void file_close(allot_backend *b, const allot_sink *sink)
{
    if (b == NULL)
        return;
    if (getpid() == b->owner) {
        file_answer_waiting(b, ALLOT_STATUS_UNAVAILABLE, "the store was closed", sink);
        file_answer_notes(b, sink);
    }
    free_handle(b);
}

/* ---- work ------------------------------------------------------------------------------------------------------- */

static void file_submit(allot_backend *b, const allot_op *op)
{
    bool control = op->kind >= ALLOT_OP_JOIN && op->kind <= ALLOT_OP_RESIGN;
    file_entry entry = {.op = op};
    if (__builtin_add_overflow(file_now_us(b), op->timeout_us, &entry.deadline_us))
        entry.deadline_us = INT64_MAX;
    bool taken = file_lane_push(control ? &b->control : &b->bulk, entry);
    assert(taken); /* there was no memory for a hundred ops on end, more than a session may have unanswered */
    (void)taken;
}

static bool is_leading(const allot_backend *b)
{
    if (b->state.store == NULL || b->death.own_fd < 0)
        return false;
    allot_uuid leader = store_leader(b->state.store);
    return uuid_equal(&leader, &b->death.own);
}

static void file_process(allot_backend *b, const allot_sink *sink)
{
    if (getpid() != b->owner) {
        file_answer_waiting(b, ALLOT_STATUS_UNKNOWN, "this handle was opened before a fork", sink);
        return;
    }
    file_watch_drain(&b->watch, &b->place, &b->death, is_leading(b), file_now_us(b));
    file_death_look(&b->death, &b->place, b->state.fresh ? NULL : b->state.store, file_now_us(b));
    int64_t begun_us = clock_us(CLOCK_MONOTONIC);
    while (file_round_is_wanted(b) && file_round(b, sink) && clock_us(CLOCK_MONOTONIC) - begun_us < PROCESS_US)
        continue;
    file_rewrite_step(b);
    file_answer_notes(b, sink);
    file_answer_hints(b, sink);
}

static int file_fd(allot_backend *b)
{
    return b->watch.fd;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t head_deadline(const file_lane *lane)
{
    const file_entry *head = file_lane_head(lane);
    return head == NULL ? INT64_MAX : head->deadline_us;
}

static int64_t file_deadline(allot_backend *b)
{
    int64_t now_us = file_now_us(b);
    int64_t first = file_death_deadline(&b->death);
    bool rewriting = b->rewrite.fd >= 0 && !file_image_is_written(&b->rewrite);
    if (rewriting || (b->rewrite_due && b->rewrite.fd < 0 && b->state.store != NULL))
        first = now_us;
    if (!file_round_is_wanted(b))
        return file_round_has_duties(b) ? earlier(first, b->duties_from_us) : first;
    int64_t turn_us = now_us;
    if (b->lock.pause_us > 0)
        turn_us = earlier(b->lock.retry_at_us, earlier(head_deadline(&b->control), head_deadline(&b->bulk)));
    else if (b->control.count == 0 && b->rest_until_us > now_us)
        turn_us = b->rest_until_us;
    return earlier(first, turn_us);
}

const allot_backend_ops file_backend_ops = {
    .abi = ALLOT_BACKEND_ABI,
    .size = sizeof(allot_backend_ops),
    .name = "file",
    .capabilities = ALLOT_CAP_SERVER_CLOCK | ALLOT_CAP_HINTS | ALLOT_CAP_DETECTS_DEATH | ALLOT_CAP_SURVIVES_RESTART |
                    ALLOT_CAP_LINEARIZABLE,
    .open = file_open,
    .submit = file_submit,
    .process = file_process,
    .fd = file_fd,
    .deadline = file_deadline,
    .close = file_close,
};
