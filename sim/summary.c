#include "sim/sim.h"

#include <stdlib.h>
#include <sys/mman.h>

typedef struct sample {
    double value;
    uint64_t seed;
} sample;

/* ---- The measures ------------------------------------------------------------------------------------------------ */

/* Each returns false where it is not known. */

static bool balance_of(const sim_measures *m, double *ret)
{
    *ret = m->balance;
    return m->balanced;
}

static bool moved_of(const sim_measures *m, double *ret)
{
    *ret = m->changes > 0 ? (double)m->moved / (double)m->changes : 0;
    return m->changes > 0;
}

static bool necessary_of(const sim_measures *m, double *ret)
{
    *ret = m->changes > 0 ? m->necessary / (double)m->changes : 0;
    return m->changes > 0;
}

static bool leaderless_of(const sim_measures *m, double *ret)
{
    *ret = (double)m->leaderless_us / 1e6;
    return true;
}

static bool longest_of(const sim_measures *m, double *ret)
{
    *ret = (double)m->longest_leaderless_us / 1e6;
    return true;
}

static bool orphaned_of(const sim_measures *m, double *ret)
{
    *ret = m->orphaned_id_s;
    return true;
}

static const struct {
    const char *key, *text;
    bool (*of)(const sim_measures *m, double *ret);
} rows[SIM_ROWS] = {
    {"largest_share", "largest share, in parts of the mean", balance_of},
    {"moved_ids_per_change", "ids moved per change of members", moved_of},
    {"necessary_ids_per_change", "ids that had to move, per change", necessary_of},
    {"leaderless_s", "seconds without a leader", leaderless_of},
    {"longest_leaderless_s", "seconds of the longest time without one", longest_of},
    {"orphaned_id_s", "id-seconds without an owner", orphaned_of},
};

/* ---- Over all seeds ---------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const sample *x = a, *y = b;
    if (x->value < y->value)
        return -1;
    return x->value > y->value ? 1 : (x->seed > y->seed) - (x->seed < y->seed);
}

static void summarize_one(const sim_measures *all, uint64_t from, uint64_t count, size_t which, sample *samples,
                          sim_row *ret_row)
{
    uint64_t known = 0;
    for (uint64_t i = 0; i < count; i++) {
        samples[known].seed = from + i;
        if (all[i].done && rows[which].of(&all[i], &samples[known].value))
            known++;
    }
    *ret_row = (sim_row){.key = rows[which].key, .text = rows[which].text, .count = known};
    if (known == 0)
        return;
    qsort(samples, known, sizeof(samples[0]), compare);
    ret_row->median = samples[known / 2].value;
    ret_row->p99 = samples[known - 1 - known / 100].value;
    ret_row->worst = samples[known - 1].value;
    ret_row->worst_seed = samples[known - 1].seed;
}

int sim_summarize(const sim_measures *all, uint64_t from, uint64_t count, sim_row ret_rows[SIM_ROWS])
{
    sample *samples = malloc((count + 1) * sizeof(*samples));
    if (samples == NULL)
        return -1;
    for (size_t i = 0; i < SIM_ROWS; i++)
        summarize_one(all, from, count, i, samples, &ret_rows[i]);
    free(samples);
    return 0;
}

sim_measures *sim_measures_new(uint64_t seeds)
{
    size_t size = (seeds + 1) * sizeof(sim_measures);
    void *all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return all == MAP_FAILED ? NULL : all;
}

void sim_measures_free(sim_measures *all, uint64_t seeds)
{
    if (all != NULL)
        munmap(all, (seeds + 1) * sizeof(sim_measures));
}
