#include "cli/options.h"

#include <allot/types.h>

#define AT(member) offsetof(settings, member)
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const option table[] = {
    {"backend", 0, OPTION_TEXT, FOR_STORE, "NAME", "file", "ALLOT_BACKEND_TYPE", 0, 0, NULL, AT(backend),
     "where the group's state lives: file; redis; memory (gone with the process); any module"},
    {"path", 0, OPTION_TEXT, FOR_STORE, "DIR", NULL, "ALLOT_BACKEND_FILE_PATH", 0, 0, NULL, AT(path),
     "file: the directory of the store (default ./.allot)"},
    {"url", 0, OPTION_TEXT, FOR_STORE, "URL", NULL, "ALLOT_BACKEND_REDIS_URL", 0, 0, NULL, AT(url),
     "redis: where the server is (default redis://127.0.0.1:6379/0); unix:///path works too"},
    {"backend-option", 0, OPTION_PAIR, FOR_STORE, "KEY=VALUE", NULL, NULL, 0, 0, NULL, AT(backend_options),
     "a further option of the backend; may be given several times"},
    {"modules", 0, OPTION_TEXT, FOR_STORE | FOR_DEMO, "DIR", NULL, "ALLOT_MODULES_PATH", 0, 0, NULL, AT(modules),
     "where modules are loaded from (default: the directory allot beside the library)"},
    {"group", 0, OPTION_TEXT, FOR_STORE, "NAME", "default", NULL, 0, 0, NULL, AT(group), "the group"},

    {"name", 0, OPTION_TEXT, FOR_REPLICA, "NAME", "", "ALLOT_SLOT_NAME", 0, 0, NULL, AT(name),
     "this replica's name; need not be unique"},
    {"container", 0, OPTION_TEXT, FOR_REPLICA, "NAME", "", NULL, 0, 0, NULL, AT(container),
     "what it runs in, shown to operators"},
    {"weight", 0, OPTION_NUMBER, FOR_REPLICA, "N", "1", "ALLOT_SLOT_WEIGHT", 1, 1000, NULL, AT(weight),
     "a replica of weight 2 gets twice the ids"},
    {"ttl", 0, OPTION_DURATION, FOR_REPLICA, "DURATION", "10s", "ALLOT_LEASE_TTL", 1000, DAY_MS, NULL, AT(ttl_ms),
     "how long the lease is valid without renewal; at least 1s"},
    {"quarantine", 0, OPTION_WORD, FOR_REPLICA, "WHEN", "auto", "ALLOT_LEASE_QUARANTINE", 0, 0, "auto|always",
     AT(quarantine_always), "wait one ttl before leading in a new life: auto, always"},
    {"strategy", 0, OPTION_TEXT, FOR_REPLICA, "NAME", "round_robin", "ALLOT_SPLIT_STRATEGY", 0, 0, NULL, AT(strategy),
     "how a leader splits the pool"},
    {"settle", 0, OPTION_DURATION, FOR_REPLICA, "DURATION", "300ms", "ALLOT_SPLIT_SETTLE", 0, DAY_MS, NULL,
     AT(settle_ms), "how long a join waits for further joins before ids move"},
    {"handover-timeout", 0, OPTION_DURATION, FOR_REPLICA, "DURATION", "30s", NULL, 0, DAY_MS, NULL,
     AT(handover_timeout_ms), "how long a recalled id may stay unreleased"},
    {"on-timeout", 0, OPTION_WORD, FOR_REPLICA, "WHAT", "keep", "ALLOT_HANDOVER_ON_TIMEOUT", 0, 0, "keep|retire",
     AT(on_timeout), "what the leader does then: keep, retire the slot"},
    {"handover-release", 0, OPTION_WORD, FOR_REPLICA, "HOW", "auto", NULL, 0, 0, "auto|manual", AT(handover_release),
     "give recalled ids back at once (auto), or not before the end (manual)"},
    {"max-attempts", 0, OPTION_NUMBER, FOR_REPLICA, "N", "5", "ALLOT_WORK_MAX_ATTEMPTS", 0, UINT32_MAX, NULL,
     AT(max_attempts), "park an id for good after so many failures; 0: never"},
    {"retry-after", 0, OPTION_DURATION, FOR_REPLICA, "DURATION", "1s", "ALLOT_WORK_RETRY_AFTER", 0, DAY_MS, NULL,
     AT(retry_after_ms), "how long an id that failed is parked"},
    {"stall", 0, OPTION_DURATION, FOR_REPLICA, "DURATION", "0s", "ALLOT_SLOT_STALL", 0, DAY_MS, NULL, AT(stall_ms),
     "leave when no event is taken for so long; 0s: never"},

    {"generate", 0, OPTION_NUMBER, FOR_RUN, "N", "0", NULL, 0, ALLOT_POOL_IDS_MAX, NULL, AT(generate),
     "add N random UUIDs at the start"},
    {"once", 0, OPTION_FLAG, FOR_RUN, NULL, NULL, NULL, 0, 0, NULL, AT(once),
     "end when its part of the first split has reached this replica, printing the ids"},
    {"timeout", 0, OPTION_DURATION, FOR_RUN, "DURATION", NULL, NULL, 1, DAY_MS, NULL, AT(timeout_ms),
     "with --once: how long to wait for that split (default: without end)"},
    {"log-format", 0, OPTION_WORD, FOR_RUN, "FORMAT", "auto", NULL, 0, 0, "auto|pretty|json", AT(log_format),
     "json (events on standard output), pretty (on standard error), or auto: pretty on a terminal, else json"},
    {"log-ids", 0, OPTION_FLAG, FOR_RUN, NULL, NULL, NULL, 0, 0, NULL, AT(log_ids), "name the ids in the log"},

    {"backend", 0, OPTION_WORD, FOR_DEMO, "NAME", "file", "ALLOT_BACKEND_TYPE", 0, 0, "file|redis", AT(demo_backend),
     "where the group's state lives: file, or redis: a redis-server of its own, started here"},
    {"replicas", 'n', OPTION_NUMBER, FOR_DEMO, "N", "3", NULL, 2, 50, NULL, AT(replicas), "how many replicas"},
    {"ids", 0, OPTION_NUMBER, FOR_DEMO, "N", "10", NULL, 1, 1000, NULL, AT(ids), "how many ids each of them adds"},
    {"ttl", 0, OPTION_DURATION, FOR_DEMO, "DURATION", "2s", "ALLOT_LEASE_TTL", 1000, DAY_MS, NULL, AT(ttl_ms),
     "the lease; at least 1s"},
    {"strategy", 0, OPTION_TEXT, FOR_DEMO, "NAME", "round_robin", "ALLOT_SPLIT_STRATEGY", 0, 0, NULL, AT(strategy),
     "how the leader splits the pool"},
    {"keep", 0, OPTION_FLAG, FOR_DEMO, NULL, NULL, NULL, 0, 0, NULL, AT(keep),
     "keep the directory for a closer look: the journal, or what redis-server logged"},

    {"slot", 0, OPTION_TEXT, FOR_SLOT, "UUID", NULL, NULL, 0, 0, NULL, AT(slot), "only the ids that this slot owns"},
    {"output", 'o', OPTION_WORD, FOR_OUTPUT, "FORMAT", "table", NULL, 0, 0, "table|json|jsonl", AT(output),
     "table, json, or jsonl: one object a line"},
    {"timeout", 0, OPTION_DURATION, FOR_WAITING, "DURATION", "5s", NULL, 1, DAY_MS, NULL, AT(timeout_ms),
     "how long to wait for the store"},
    {"yes", 'y', OPTION_FLAG, FOR_CONFIRMING, NULL, NULL, NULL, 0, 0, NULL, AT(yes), "do not ask"},
    {"pages", 0, OPTION_TEXT, FOR_HELP, "DIR", NULL, NULL, 0, 0, NULL, AT(pages), NULL},
};

const option *option_at(size_t index)
{
    return index < sizeof(table) / sizeof(table[0]) ? &table[index] : NULL;
}
