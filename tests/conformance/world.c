#include "tests/conformance/world.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_boot_us(void *user)
{
    test_clock *clock = user;
    clock->boot_us += clock->step_us;
    if (clock->server_us == NULL)
        return clock->boot_us;
    if (clock->boot_us > *clock->server_us)
        clock->handle_us += clock->boot_us - *clock->server_us;
    *clock->server_us = clock->boot_us;
    return clock->handle_us;
}

static int64_t clock_real_us(void *user)
{
    return ((test_clock *)user)->real_us;
}

allot_clock world_clock(world *w)
{
    allot_clock none = {NULL, NULL, NULL};
    allot_clock turned = {clock_boot_us, clock_real_us, &w->clock};
    return w->real_time ? none : turned;
}

world *world_open(int subject_index)
{
    world *w = calloc(1, sizeof(*w));
    ck_assert_ptr_nonnull(w);
    w->subject = subject_nth(subject_index);
    w->clock = (test_clock){.boot_us = INT64_C(1000000000), .real_us = INT64_C(1700000000000000)};
    w->real_time = w->subject->own_clock;
    w->ttl_us = w->subject->own_clock ? SECOND_US : 10 * SECOND_US;
    w->subject->make(&w->place);
    w->clock.server_us = w->place.server_us;
    if (w->clock.server_us != NULL) { /* a server has one clock */
        w->clock.boot_us = w->clock.real_us;
        *w->clock.server_us = w->clock.boot_us;
    }
    return w;
}

void world_close(world *w)
{
    for (int i = 0; i < WORLD_HANDLES_MAX; i++)
        driver_close(w->handles[i]);
    w->subject->destroy(&w->place);
    free(w);
}

allot_backend_config world_config(world *w, allot_option *options)
{
    memcpy(options, w->place.options, sizeof(w->place.options));
    return (allot_backend_config){
        .size = sizeof(allot_backend_config),
        .group = "conformance",
        .option_count = w->place.option_count,
        .options = options,
        .shared = w->place.shared,
        .clock = world_clock(w),
    };
}

int world_try_open(world *w, bool read_only, const allot_option *more, driver **ret_driver, allot_error *ret_error)
{
    allot_option options[PLACE_OPTIONS_MAX + 1];
    allot_backend_config config = world_config(w, options);
    config.read_only = read_only;
    if (more != NULL)
        options[config.option_count++] = *more;
    return driver_open(w->subject->ops, &config, ret_driver, ret_error);
}

driver *world_handle(world *w, int i)
{
    if (w->handles[i] == NULL) {
        allot_error error = {0};
        int code = world_try_open(w, false, NULL, &w->handles[i], &error);
        ck_assert_msg(code == 0, "open: %d %s", code, error.message);
    }
    return w->handles[i];
}

void world_advance(world *w, int64_t us)
{
    if (w->real_time) {
        struct timespec t = {.tv_sec = us / SECOND_US, .tv_nsec = us % SECOND_US * 1000};
        nanosleep(&t, NULL);
    }
    w->clock.boot_us += us;
    w->clock.real_us += us;
}

allot_uuid world_uuid(world *w)
{
    allot_uuid u = {{0}};
    w->made_up++;
    for (size_t i = 0; i < sizeof(w->made_up); i++)
        u.bytes[15 - i] = (uint8_t)(w->made_up >> (8 * i));
    u.bytes[6] = 0x40; /* version 4 and its variant, as a random one has */
    u.bytes[8] = (uint8_t)(0x80 | (u.bytes[8] & 0x3f));
    return u;
}

const allot_answer *expect_status(const allot_answer *a, allot_op_status status, allot_reason reason, const char *call,
                                  const char *file, int line)
{
    static const char *const statuses[] = {"?", "OK", "REFUSED", "UNAVAILABLE", "UNKNOWN"};
    static const char *const reasons[] = {
#define REASON_TEXT(name, text) text,
        ALLOT_REASONS(REASON_TEXT)
#undef REASON_TEXT
    };
    if (a->outcome.status != status || a->outcome.reason != reason)
        ck_abort_msg("%s:%d: %s: %s (%s)%s%s, expected %s (%s)", file, line, call, statuses[a->outcome.status],
                     reasons[a->outcome.reason], a->message != NULL ? ": " : "", a->message != NULL ? a->message : "",
                     statuses[status], reasons[reason]);
    return a;
}

uint32_t split_text(const char *text, allot_bytes *ret_words, uint32_t max)
{
    uint32_t n = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (len > 0) {
            ck_assert_uint_lt(n, max);
            ret_words[n++] = (allot_bytes){.data = text, .len = (uint32_t)len};
        }
        text += len;
        text += *text == ' ';
    }
    return n;
}
