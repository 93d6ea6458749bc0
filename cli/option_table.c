#include "cli/options.h"

#include <string.h>

#define AT(member) offsetof(settings, member)
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const option table[] = {
    {"config", 'c', OPTION_TEXT, FOR_FILE, "FILE", NULL, NULL, 0, 0, NULL, AT(file),
     "read settings from this YAML file; without it, no file is read", NULL},

    {"generate", 0, OPTION_NUMBER, FOR_RUN, "N", "0", NULL, 0, ALLOT_POOL_IDS_MAX, NULL, AT(generate),
     "add N random UUIDs at the start", NULL},
    {"once", 0, OPTION_FLAG, FOR_RUN, NULL, NULL, NULL, 0, 0, NULL, AT(once),
     "end when its part of the first split has reached this replica, printing the ids", NULL},
    {"timeout", 0, OPTION_DURATION, FOR_RUN, "DURATION", NULL, NULL, 1, DAY_MS, NULL, AT(timeout_ms),
     "with --once: how long to wait for that split (default: without end)", NULL},

    {"history", 0, OPTION_TEXT, FOR_HISTORY, "FILE", NULL, NULL, 0, 0, NULL, AT(history),
     "append to FILE what is believed, and until when, for verify; each process needs a file of its own", NULL},
    {"complete", 0, OPTION_FLAG, FOR_VERIFY, NULL, NULL, NULL, 0, 0, NULL, AT(complete),
     "the histories are those of everybody: what was added must be acked, parked or held in the end", NULL},

    {"backend", 0, OPTION_WORD, FOR_DEMO, "NAME", "file", "ALLOT_BACKEND_TYPE", 0, 0, "file|redis", AT(demo_backend),
     "where the group's state lives: file, or redis: a redis-server of its own, started here", NULL},
    {"replicas", 'n', OPTION_NUMBER, FOR_DEMO, "N", "3", NULL, 2, 50, NULL, AT(replicas), "how many replicas", NULL},
    {"ids", 0, OPTION_NUMBER, FOR_DEMO, "N", "10", NULL, 1, 1000, NULL, AT(ids), "how many ids each of them adds",
     NULL},
    {"ttl", 0, OPTION_DURATION, FOR_DEMO, "DURATION", "2s", "ALLOT_LEASE_TTL", 1000, DAY_MS, NULL, AT(demo_ttl_ms),
     "the lease; at least 1s", NULL},
    {"keep", 0, OPTION_FLAG, FOR_DEMO, NULL, NULL, NULL, 0, 0, NULL, AT(keep),
     "keep the directory for a closer look: the journal, or what redis-server logged", NULL},

    {"seeds", 0, OPTION_NUMBER, FOR_SIM, "N", "1000", NULL, 1, 10000000, NULL, AT(sim.seeds), "how many seeds", NULL},
    {"from", 0, OPTION_NUMBER, FOR_SIM, "S", "1", NULL, 1, INT64_MAX / 2, NULL, AT(sim.from), "the first seed", NULL},
    {"jobs", 0, OPTION_NUMBER, FOR_SIM, "N", NULL, NULL, 1, 64, NULL, AT(sim.jobs),
     "how many processes at once (default: one for each processor)", NULL},
    {"seed", 0, OPTION_NUMBER, FOR_SIM, "S", NULL, NULL, 1, INT64_MAX, NULL, AT(sim.seed), "this seed alone", NULL},
    {"trace", 0, OPTION_FLAG, FOR_SIM, NULL, NULL, NULL, 0, 0, NULL, AT(sim.trace), "with --seed: tell what happens",
     NULL},
    {"shrink", 0, OPTION_FLAG, FOR_SIM, NULL, NULL, NULL, 0, 0, NULL, AT(sim.shrink),
     "with --seed: leave out whatever it fails without, until nothing more can go", NULL},
    {"nodes", 'n', OPTION_TEXT, FOR_SIM, "N", NULL, NULL, 0, 0, NULL, AT(sim.nodes),
     "how many replicas, up to 1000 (default: as each seed says, 1 to 9)", NULL},
    {"ids", 0, OPTION_TEXT, FOR_SIM, "N", NULL, NULL, 0, 0, NULL, AT(sim.ids),
     "how many ids are added at the start, up to 10000 (default: as each seed says)", NULL},
    {"until", 0, OPTION_TEXT, FOR_SIM, "MS", NULL, NULL, 0, 0, NULL, AT(sim.until),
     "when faults end, in ms of virtual time (default: as each seed says)", NULL},
    {"without", 0, OPTION_TEXT, FOR_SIM, "FAULT,...", NULL, NULL, 0, 0, NULL, AT(sim.without),
     "these kinds of faults do not happen; a failure names those of its seed", NULL},
    {"only", 0, OPTION_TEXT, FOR_SIM, "FAULT,...", NULL, NULL, 0, 0, NULL, AT(sim.only),
     "no others than these happen; none: none", NULL},
    {"drop", 0, OPTION_TEXT, FOR_SIM, "N,N-N,...", NULL, NULL, 0, 0, NULL, AT(sim.drop),
     "these faults do not happen, numbered from 0 as they are about to: --shrink finds them", NULL},

    {"slot", 0, OPTION_TEXT, FOR_SLOT, "UUID", NULL, NULL, 0, 0, NULL, AT(slot), "only the ids that this slot owns",
     NULL},
    {"output", 'o', OPTION_WORD, FOR_OUTPUT, "FORMAT", "table", NULL, 0, 0, "table|json|jsonl", AT(output),
     "table, json, or jsonl: one object a line", NULL},
    {"timeout", 0, OPTION_DURATION, FOR_WAITING, "DURATION", "5s", NULL, 1, DAY_MS, NULL, AT(timeout_ms),
     "how long to wait for the store", NULL},
    {"yes", 'y', OPTION_FLAG, FOR_CONFIRMING, NULL, NULL, NULL, 0, 0, NULL, AT(yes), "do not ask", NULL},
    {"origins", 0, OPTION_FLAG, FOR_DUMP, NULL, NULL, NULL, 0, 0, NULL, AT(origins),
     "with dump: say where each setting comes from", NULL},
    {"pages", 0, OPTION_TEXT, FOR_HELP, "DIR", NULL, NULL, 0, 0, NULL, AT(pages), NULL, NULL},
};

#define OWN_COUNT (sizeof(table) / sizeof(table[0]))

static option_type type_of(const config_key *key)
{
    if (key->label == NULL)
        return OPTION_FLAG;
    switch (key->type) {
    case CONFIG_WORD:
        return OPTION_WORD;
    case CONFIG_DURATION:
        return OPTION_DURATION;
    case CONFIG_INTEGER:
        return OPTION_NUMBER;
    case CONFIG_OPTIONS:
        return OPTION_PAIR;
    default:
        return OPTION_TEXT;
    }
}

/* The demo passes these two on to its replicas; it reads no file. */
static unsigned classes_of(const config_key *key)
{
    unsigned demo = strcmp(key->path, "split.strategy") == 0 || strcmp(key->path, "modules.path") == 0 ? FOR_DEMO : 0;
    switch (key->use) {
    case CONFIG_FOR_STORE:
        return FOR_STORE | demo;
    case CONFIG_FOR_REPLICA:
        return FOR_REPLICA | demo;
    default:
        return FOR_LOG;
    }
}

/* The index-th setting that has a flag; NULL: there are not so many. */
static const config_key *flagged_key(size_t index)
{
    const config_key *key;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
        if (key->flag != NULL && index-- == 0)
            return key;
    }
    return NULL;
}

bool option_at(size_t index, option *ret_option)
{
    const config_key *key = NULL;
    if (index >= OWN_COUNT && (key = flagged_key(index - OWN_COUNT)) == NULL)
        return false;
    *ret_option = key == NULL ? table[index]
                              : (option){.name = key->flag,
                                         .type = type_of(key),
                                         .classes = classes_of(key),
                                         .value = key->label,
                                         .fallback = key->fallback,
                                         .min = key->min,
                                         .max = key->max,
                                         .words = key->words,
                                         .help = key->help,
                                         .key = key};
    return true;
}

bool option_next(const command *c, size_t *index, option *ret_option)
{
    option o;
    while (option_at((*index)++, &o)) {
        if ((o.classes & c->options) != 0 && o.help != NULL) {
            *ret_option = o;
            return true;
        }
    }
    return false;
}
