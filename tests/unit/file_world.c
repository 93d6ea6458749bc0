#include "tests/unit/file_world.h"

#include "backends/file/file.h"
#include "backends/file/state.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPTIONS_MAX = 8, NAMES_MAX = 512 };

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    abort();
}

void file_world_make(file_world *w)
{
    *w = (file_world){.base = "/tmp/allot-file-XXXXXX"};
    if (mkdtemp(w->base) == NULL)
        fail(w->base, strerror(errno));
    snprintf(w->path, sizeof(w->path), "%s/store", w->base);
    snprintf(w->group, sizeof(w->group), "%s/g", w->path);
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(name);
}

void file_world_remove(file_world *w)
{
    nftw(w->base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *file_world_name(file_world *w, char ret_name[256], const char *name)
{
    snprintf(ret_name, 256, "%s/%s", w->group, name);
    return ret_name;
}

int file_world_try(file_world *w, bool read_only, const char *const *options, driver **ret_driver,
                   allot_error *ret_error)
{
    allot_option list[OPTIONS_MAX] = {{"path", w->path}};
    uint32_t count = 1;
    for (; options != NULL && *options != NULL; options += 2)
        list[count++] = (allot_option){options[0], options[1]};
    allot_backend_config config = {
        .size = sizeof(config), .group = "g", .option_count = count, .options = list, .read_only = read_only};
    return driver_open(&file_backend_ops, &config, ret_driver, ret_error);
}

driver *file_world_open(file_world *w, const char *const *options)
{
    allot_error error = {0};
    driver *d = NULL;
    if (file_world_try(w, false, options, &d, &error) != 0)
        fail("open", error.message);
    return d;
}

static int emit(void *user, const char *line, size_t len)
{
    bytes *out = user;
    return bytes_append(out, line, len) != 0 || bytes_append(out, "\n", 1) != 0 ? ALLOT_E_NOMEM : 0;
}

char *file_world_state(file_world *w, allot_error *ret_error)
{
    file_place place;
    file_state state;
    bytes notes = {0}, text = {0};
    allot_uuid boot = {{1}};
    file_place_wish wish = {.path = w->path, .group = "g"};
    if (file_place_open(&wish, &place, ret_error) != 0)
        return NULL;
    file_state_init(&state, &boot, &notes);
    int rc = file_state_sync(&state, &place, true, ret_error);
    while (rc == FILE_STATE_BEHIND && (rc = file_state_read_ahead(&state, &place, ret_error)) == 0)
        rc = file_state_sync(&state, &place, true, ret_error);
    if (rc == 0 && store_check(state.store, ret_error) != 0)
        fail("store", ret_error->message);
    if (rc == 0 && (store_dump(state.store, emit, &text) != 0 || bytes_append(&text, "", 1) != 0))
        fail("dump", "out of memory");
    file_state_done(&state);
    file_place_close(&place);
    bytes_done(&notes);
    return rc == 0 ? text.data : NULL;
}

static allot_uuid next_uuid(file_world *w)
{
    allot_uuid uuid = {{0xfe}};
    uint32_t parts[2] = {(uint32_t)getpid(), ++w->made_up};
    memcpy(uuid.bytes + 8, parts, sizeof(parts));
    return uuid;
}

file_member file_member_new(file_world *w, driver *handle, bool with_slot)
{
    file_member m = {.w = w, .handle = handle, .ttl_us = 30000000, .session = next_uuid(w)};
    if (with_slot)
        m.slot = m.session;
    return m;
}

allot_op file_member_op(file_member *m, allot_op_kind kind)
{
    allot_op op = {.kind = kind, .timeout_us = 10000000, .slot = m->slot, .session = m->session, .term = m->term};
    if (kind != ALLOT_OP_BEAT && kind < ALLOT_OP_READ_VIEW)
        op.sequence = ++m->sequence;
    if (memcmp(&m->slot, &m->session, sizeof(m->slot)) != 0)
        op.not_after_us = INT64_MAX;
    return op;
}

const allot_answer *file_join(file_member *m)
{
    allot_op op = file_member_op(m, ALLOT_OP_JOIN);
    op.term = 0;
    op.u.join = (allot_op_join){.name = {"n", 1}, .pid = getpid(), .ttl_us = m->ttl_us, .weight = 1};
    op.u.join.fresh_life = next_uuid(m->w);
    const allot_answer *answer = driver_call(m->handle, &op);
    if (answer->view != NULL)
        m->life = answer->view->life;
    return answer;
}

const allot_answer *file_beat(file_member *m)
{
    allot_op op = file_member_op(m, ALLOT_OP_BEAT);
    op.u.beat.floors.life = m->life;
    op.u.beat.fresh_life = next_uuid(m->w);
    return driver_call(m->handle, &op);
}

const allot_answer *file_campaign(file_member *m)
{
    allot_op op = file_member_op(m, ALLOT_OP_CAMPAIGN);
    const allot_answer *answer = driver_call(m->handle, &op);
    if (answer->outcome.status == ALLOT_STATUS_OK)
        m->term = answer->outcome.term;
    return answer;
}

const allot_answer *file_add(file_member *m, const char *prefix, uint32_t count)
{
    static const char payload[] = "a payload = 100%\n\0";
    allot_new_id ids[NAMES_MAX];
    char text[NAMES_MAX][32];
    if (count > NAMES_MAX)
        fail("add", "too many");
    for (uint32_t i = 0; i < count; i++) {
        int len = snprintf(text[i], sizeof(text[i]), "%s %u", prefix, i);
        ids[i] = (allot_new_id){.id = {text[i], (uint32_t)len}};
        if (i % 3 == 0)
            ids[i].payload = (allot_bytes){payload, sizeof(payload)};
    }
    allot_op op = file_member_op(m, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = count, .ids = ids, .fresh_life = next_uuid(m->w)};
    return driver_call(m->handle, &op);
}

const allot_answer *file_reap(file_member *m, const file_member *target)
{
    allot_op op = file_member_op(m, ALLOT_OP_REAP);
    op.u.target = (allot_op_target){.target = target->slot, .max_attempts = 5};
    return driver_call(m->handle, &op);
}

const allot_answer *file_view(driver *handle)
{
    allot_op op = {.kind = ALLOT_OP_READ_VIEW, .timeout_us = 10000000};
    return driver_call(handle, &op);
}

file_member file_member_joined(file_world *w, driver *handle)
{
    file_member m = file_member_new(w, handle, true);
    const allot_answer *answer = file_join(&m);
    if (answer->outcome.status != ALLOT_STATUS_OK)
        fail("join", answer->message != NULL ? answer->message : "refused");
    return m;
}

bytes file_read_all(const char *name)
{
    bytes out = {0};
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    while (fd >= 0 && n > 0) {
        if (bytes_reserve(&out, 65536) != 0)
            fail(name, "out of memory");
        n = read(fd, out.data + out.len, 65536);
        out.len += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n < 0)
        fail(name, strerror(errno));
    close(fd);
    return out;
}

void file_write_whole(const char *name, const char *data, size_t len)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) != 0)
        fail(name, strerror(errno));
}

bool file_in_child(int (*act)(void *user), void *user)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(act(user));
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
