#include "sim/case.h"

#include "base/values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool case_number(const char *text, uint64_t *ret_number)
{
    int64_t n;
    if (!value_number(text, &n))
        return false;
    *ret_number = (uint64_t)n;
    return true;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static bool set_count(uint32_t *ret, const char *value, uint32_t most)
{
    uint64_t n;
    if (!case_number(value, &n) || n > most)
        return false;
    *ret = (uint32_t)n;
    return true;
}

static bool set_nodes(sim_case *c, const char *value)
{
    uint32_t n = 0;
    if (!set_count(&n, value, SIM_REPLICAS_MAX) || n == 0)
        return false;
    c->limits.replicas = n;
    return true;
}

static bool set_ids(sim_case *c, const char *value)
{
    uint32_t n = 0;
    if (!set_count(&n, value, SIM_IDS_MAX))
        return false;
    c->limits.ids = n == 0 ? SIM_NO_IDS : n;
    return true;
}

static bool set_until(sim_case *c, const char *value)
{
    int64_t ms;
    if ((!value_duration(value, &ms) && !value_number(value, &ms)) || ms <= 0 || ms > INT64_C(1000000000))
        return false;
    c->limits.calm_us = ms * 1000;
    return true;
}

static bool is_word(const char *word, size_t len, uint32_t *ret_option)
{
    for (uint32_t i = 0; i < SWARM_OPTION_COUNT; i++) {
        const char *known = swarm_word((swarm_option)i);
        if (strlen(known) == len && memcmp(known, word, len) == 0) {
            *ret_option = i;
            return true;
        }
    }
    return false;
}

static bool read_words(const char *value, uint64_t *ret_options)
{
    uint64_t options = 0;
    for (const char *at = value; *at != '\0';) {
        uint32_t option;
        size_t len = strcspn(at, ",");
        if (!is_word(at, len, &option))
            return false;
        options |= UINT64_C(1) << option;
        at += len + (at[len] == ',');
    }
    *ret_options = options;
    return true;
}

static bool set_without(sim_case *c, const char *value)
{
    uint64_t options;
    if (!read_words(value, &options))
        return false;
    c->limits.without |= options;
    return true;
}

static bool set_only(sim_case *c, const char *value)
{
    uint64_t options = 0;
    if (strcmp(value, "none") != 0 && !read_words(value, &options))
        return false;
    c->limits.without |= ~options & SWARM_ALL;
    return true;
}

/* Those that were added since are off: the seed has the schedule that it had then. */
static bool set_kinds(sim_case *c, const char *value)
{
    uint32_t n = 0;
    if (!set_count(&n, value, SWARM_OPTION_COUNT))
        return false;
    c->limits.without |= SWARM_ALL & ~((UINT64_C(1) << n) - 1);
    return true;
}

/* "0-17,19" */
static bool set_drop(sim_case *c, const char *value)
{
    sim_case changed = *c;
    for (const char *at = value; *at != '\0';) {
        char *end;
        unsigned long long first = strtoull(at, &end, 10);
        unsigned long long last = first;
        if (end == at)
            return false;
        if (*end == '-') {
            at = end + 1;
            last = strtoull(at, &end, 10);
        }
        if (end == at || last < first || last >= CASE_FAULTS_MAX || (*end != '\0' && *end != ','))
            return false;
        for (; first <= last; first++)
            case_leave_out(&changed, first);
        at = end + (*end == ',');
    }
    *c = changed;
    return true;
}

bool case_set(sim_case *c, const char *key, const char *value)
{
    static const struct {
        const char *key;
        bool (*set)(sim_case *c, const char *value);
    } keys[] = {{"nodes", set_nodes}, {"ids", set_ids},     {"without", set_without}, {"only", set_only},
                {"kinds", set_kinds}, {"until", set_until}, {"drop", set_drop}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i].key, key) == 0)
            return keys[i].set(c, value);
    return false;
}

int case_read(char *line, sim_case *ret_case)
{
    sim_case c = {0};
    char *rest;
    line[strcspn(line, "#\n")] = '\0';
    char *word = strtok_r(line, " \t", &rest);
    if (word == NULL)
        return 0;
    if (!case_number(word, &c.seed))
        return -1;
    while ((word = strtok_r(NULL, " \t", &rest)) != NULL) {
        char *value = strchr(word, '=');
        if (value == NULL)
            return -1;
        *value++ = '\0';
        if (!case_set(&c, word, value))
            return -1;
    }
    *ret_case = c;
    return 1;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void write_dropped(const sim_case *c, FILE *out)
{
    const char *comma = "";
    for (uint32_t i = 0; i < CASE_FAULTS_MAX; i++) {
        uint32_t first = i;
        if (!case_leaves_out(c, i))
            continue;
        while (i + 1 < CASE_FAULTS_MAX && case_leaves_out(c, i + 1))
            i++;
        fprintf(out, "%s%" PRIu32, comma, first);
        if (i > first)
            fprintf(out, "-%" PRIu32, i);
        comma = ",";
    }
}

static bool drops_any(const sim_case *c)
{
    for (size_t i = 0; i < CASE_FAULTS_MAX / 64; i++)
        if (c->dropped[i] != 0)
            return true;
    return false;
}

static void write_words(uint64_t options, FILE *out)
{
    const char *comma = "";
    for (uint32_t i = 0; i < SWARM_OPTION_COUNT; i++) {
        if (!((options >> i) & 1u))
            continue;
        fprintf(out, "%s%s", comma, swarm_word((swarm_option)i));
        comma = ",";
    }
    if (options == 0)
        fputs("none", out);
}

static void write_parts(const sim_case *c, FILE *out, const char *before, const char *between)
{
    const swarm_limits *l = &c->limits;
    if (l->replicas != 0)
        fprintf(out, " %snodes%s%" PRIu32, before, between, l->replicas);
    if (l->ids != 0)
        fprintf(out, " %sids%s%" PRIu32, before, between, l->ids == SIM_NO_IDS ? 0 : l->ids);
    if (l->calm_us != 0)
        fprintf(out, " %suntil%s%" PRId64 "ms", before, between, l->calm_us / 1000);
    bool few = __builtin_popcountll(l->without) <= SWARM_OPTION_COUNT / 3;
    if (l->without != 0)
        fprintf(out, " %s%s%s", before, few ? "without" : "only", between);
    if (l->without != 0)
        write_words(few ? l->without : ~l->without & SWARM_ALL, out);
    if (!drops_any(c))
        return;
    fprintf(out, " %sdrop%s", before, between);
    write_dropped(c, out);
}

void case_write(const sim_case *c, FILE *out)
{
    write_parts(c, out, "", "=");
}

void case_write_options(const sim_case *c, FILE *out)
{
    write_parts(c, out, "--", " ");
}
