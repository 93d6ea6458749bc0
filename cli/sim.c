/* sim: many replicas in one process, in virtual time, with faults; what a seed says, or what a file does. */
#include "sim/sim.h"

#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/json.h"
#include "cli/open.h"
#include "cli/style.h"
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- What is asked ----------------------------------------------------------------------------------------------- */

static int set_part(sim_case *c, const char *key, const char *value)
{
    if (value == NULL || case_set(c, key, value))
        return CODE_OK;
    return fail(CODE_USAGE, "--%s: '%s' cannot be; see 'allot help sim'", key, value);
}

static int read_case(const settings *s, sim_case *c)
{
    const struct {
        const char *key;
        const char *value;
    } parts[] = {{"nodes", s->sim.nodes},     {"ids", s->sim.ids},   {"until", s->sim.until},
                 {"without", s->sim.without}, {"only", s->sim.only}, {"drop", s->sim.drop}};
    c->seed = (uint64_t)s->sim.seed;
    int code = CODE_OK;
    for (size_t i = 0; code == CODE_OK && i < sizeof(parts) / sizeof(parts[0]); i++)
        code = set_part(c, parts[i].key, parts[i].value);
    if (code == CODE_OK && s->sim.seed == 0 && (s->sim.trace || s->sim.shrink))
        code = fail(CODE_USAGE, "--trace and --shrink are about one seed: --seed S");
    if (code == CODE_OK && s->sim.trace && s->sim.shrink)
        code = fail(CODE_USAGE, "either --trace or --shrink");
    return code;
}

/* ---- Many seeds -------------------------------------------------------------------------------------------------- */

static void report_json(output *out, const jobs_totals *t, const sim_row *rows)
{
    json j = {.out = out};
    json_object(&j);
    json_unsigned_member(&j, "passed", t->passed);
    json_unsigned_member(&j, "failed", t->failed);
    json_unsigned_member(&j, "virtual_s", (uint64_t)t->virtual_us / 1000000);
    json_key(&j, "measures");
    json_object(&j);
    for (size_t i = 0; i < SIM_ROWS; i++) {
        const double numbers[] = {rows[i].median, rows[i].p99, rows[i].worst};
        static const char *const keys[] = {"median", "p99", "worst"};
        json_key(&j, rows[i].key);
        json_object(&j);
        for (size_t k = 0; k < 3; k++) {
            json_key(&j, keys[k]);
            if (rows[i].count == 0)
                json_null(&j);
            else
                json_real(&j, numbers[k]);
        }
        json_unsigned_member(&j, "worst_seed", rows[i].worst_seed);
        json_object_end(&j);
    }
    json_object_end(&j);
    json_object_end(&j);
    output_text(out, "\n");
}

static int report_table(output *out, const jobs_totals *t, const sim_row *rows)
{
    style s = style_of(out->fd);
    table cells = {.columns = 5, .right = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4};
    static const char *const heads[] = {"", "MEDIAN", "1 OF 100", "WORST", "SEED"};
    for (size_t i = 0; i < 5; i++)
        table_cell(&cells, "%s", heads[i]);
    for (size_t i = 0; i < SIM_ROWS; i++) {
        table_cell(&cells, "%s", rows[i].text);
        const double numbers[] = {rows[i].median, rows[i].p99, rows[i].worst};
        for (size_t k = 0; k < 3 && rows[i].count > 0; k++)
            table_cell(&cells, "%.2f", numbers[k]);
        if (rows[i].count > 0)
            table_cell(&cells, "%" PRIu64, rows[i].worst_seed);
        for (size_t k = 0; k < 4 && rows[i].count == 0; k++)
            table_cell(&cells, "-");
    }
    int code = table_end(&cells, out, s);
    output_printf(out, "%s%" PRIu64 " passed, %" PRIu64 " failed%s; %.1f hours of virtual time\n",
                  t->failed == 0 ? s.green : s.red, t->passed, t->failed, s.off, (double)t->virtual_us / 3.6e9);
    return code;
}

static int run_many(const settings *s, const sim_case *c)
{
    output out = {.fd = 1};
    jobs_totals totals;
    sim_row rows[SIM_ROWS];
    jobs_config jobs = {.from = (uint64_t)s->sim.from,
                        .seeds = (uint64_t)s->sim.seeds,
                        .jobs = s->sim.jobs > 0 ? (uint32_t)s->sim.jobs : jobs_by_default(),
                        .given = *c};
    jobs.measures = sim_measures_new(jobs.seeds);
    int code = CODE_FAILED;
    if (jobs.measures == NULL || jobs_run(&jobs, &totals) != 0 ||
        sim_summarize(jobs.measures, jobs.from, jobs.seeds, rows) != 0) {
        code = fail(CODE_FAILED, "out of memory, or of processes");
    } else {
        code = jobs_all_passed(&jobs, &totals) ? CODE_OK : CODE_FAILED;
        if (s->output == OUTPUT_TABLE)
            code = report_table(&out, &totals, rows) == CODE_OK ? code : CODE_FAILED;
        else
            report_json(&out, &totals, rows);
    }
    sim_measures_free(jobs.measures, jobs.seeds);
    return output_end(&out, code);
}

/* ---- One --------------------------------------------------------------------------------------------------------- */

static int run_one(const settings *s, const sim_case *c)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* a trace is complete up to an assert that ends it */
    bool passed = jobs_run_one(c, s->sim.trace ? TRACE_STORY : TRACE_NONE);
    return fflush(stdout) == 0 && passed ? CODE_OK : CODE_FAILED;
}

static int run_case(const settings *s, sim_case *c)
{
    if (s->sim.shrink)
        return shrink_run(c) == 0 ? CODE_OK : CODE_FAILED;
    return s->sim.seed != 0 ? run_one(s, c) : run_many(s, c);
}

int verb_sim(const invocation *call)
{
    const settings *s = &call->settings;
    allot_options options = options_of(&s->config);
    allot_error error = {0};
    sim_settings own = {0};
    sim_case c = {.measured = true};
    char line[512] = "allot sim";
    int code = read_case(s, &c);
    if (code != CODE_OK)
        return code;
    if (s->file != NULL) {
        snprintf(line, sizeof(line), "allot sim -c %s", s->file);
        int opened = sim_settings_init(&own, &options, &error);
        if (opened != ALLOT_OK)
            return fail_open(opened, &error);
        c.limits.settings = &own;
    }
    c.command = line;
    code = run_case(s, &c);
    sim_settings_done(&own);
    return code;
}
