#include "config/schema.h"

#include <ctype.h>
#include <string.h>

#define AT(member) offsetof(config, member)
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const config_key keys[] = {
    {"group", CONFIG_GROUP, CONFIG_FOR_STORE, "default", 0, ALLOT_GROUP_BYTES_MAX, NULL, "group", "NAME", false,
     AT(group), "the group", NULL},

    {"lease.ttl", CONFIG_DURATION, CONFIG_FOR_REPLICA, "10s", 1000, DAY_MS, NULL, "ttl", "DURATION", false,
     AT(lease.ttl_ms), "how long the lease is valid without renewal; at least 1s", NULL},
    {"lease.quarantine", CONFIG_WORD, CONFIG_FOR_REPLICA, "auto", 0, 0, "auto|always", "quarantine", "WHEN", false,
     AT(lease.quarantine), "wait one ttl before leading in a new life: auto, always", NULL},

    {"slot.name", CONFIG_TEXT, CONFIG_FOR_REPLICA, "", 0, ALLOT_NAME_BYTES_MAX, NULL, "name", "NAME", false,
     AT(slot.name), "this replica's name; need not be unique", NULL},
    {"slot.container", CONFIG_TEXT, CONFIG_FOR_REPLICA, "", 0, ALLOT_NAME_BYTES_MAX, NULL, "container", "NAME", false,
     AT(slot.container), "what it runs in, shown to operators", NULL},
    {"slot.weight", CONFIG_INTEGER, CONFIG_FOR_REPLICA, "1", 1, 1000, NULL, "weight", "N", false, AT(slot.weight),
     "a replica of weight 2 gets twice the ids", NULL},
    {"slot.stall", CONFIG_DURATION, CONFIG_FOR_REPLICA, "0s", 0, DAY_MS, NULL, "stall", "DURATION", false,
     AT(slot.stall_ms), "leave when no event is taken for so long; 0s: never", NULL},

    {"split.strategy", CONFIG_NAME, CONFIG_FOR_REPLICA, "round_robin", 0, 64, "round_robin|hash|chunked", "strategy",
     "NAME", true, AT(split.strategy), "how a leader splits the pool", NULL},
    {"split.options", CONFIG_OPTIONS, CONFIG_FOR_REPLICA, NULL, 0, 0, NULL, "strategy-option", "KEY=VALUE", true,
     AT(split.options), "an option of the strategy; may be given several times", NULL},
    {"split.movement", CONFIG_WORD, CONFIG_FOR_REPLICA, "minimal", 0, 0, "minimal|exact", "movement", "HOW", true,
     AT(split.movement), "where only counts matter: move as few ids as possible, or as the strategy says", NULL},
    {"split.settle", CONFIG_DURATION, CONFIG_FOR_REPLICA, "300ms", 0, DAY_MS, NULL, "settle", "DURATION", true,
     AT(split.settle_ms), "how long a join waits for further joins before ids move", NULL},

    {"handover.timeout", CONFIG_DURATION, CONFIG_FOR_REPLICA, "30s", 0, DAY_MS, NULL, "handover-timeout", "DURATION",
     true, AT(handover.timeout_ms), "how long a slot may give nothing back of what was recalled", NULL},
    {"handover.on_timeout", CONFIG_WORD, CONFIG_FOR_REPLICA, "keep", 0, 0, "keep|retire", "on-timeout", "WHAT", true,
     AT(handover.on_timeout), "what the leader does then: keep, retire the slot", NULL},
    {"handover.release", CONFIG_WORD, CONFIG_FOR_REPLICA, "auto", 0, 0, "auto|manual", "handover-release", "HOW", true,
     AT(handover.release), "give recalled ids back at once (auto), or not before the end (manual)", NULL},

    {"work.max_attempts", CONFIG_INTEGER, CONFIG_FOR_REPLICA, "5", 0, UINT32_MAX, NULL, "max-attempts", "N", true,
     AT(work.max_attempts), "park an id for good after so many failures; 0: never", NULL},
    {"work.retry_after", CONFIG_DURATION, CONFIG_FOR_REPLICA, "1s", 0, DAY_MS, NULL, "retry-after", "DURATION", true,
     AT(work.retry_after_ms), "how long an id that failed is parked", NULL},

    {"backend.type", CONFIG_NAME, CONFIG_FOR_STORE, "file", 0, 64, "file|redis|memory", "backend", "NAME", false,
     AT(backend.type), "where the group's state lives: file; redis; memory (gone with the process); any module", NULL},
    {"backend.*", CONFIG_OPTIONS, CONFIG_FOR_STORE, NULL, 0, 0, NULL, "backend-option", "KEY=VALUE", false,
     CONFIG_NOWHERE, "a further option of the backend; may be given several times", NULL},
    {"backend.file.path", CONFIG_PATH, CONFIG_FOR_STORE, "./.allot", 0, 4095, NULL, "path", "DIR", false,
     CONFIG_NOWHERE, "file: the directory of the store", NULL},
    {"backend.file.fsync", CONFIG_WORD, CONFIG_FOR_STORE, "pool", 0, 0, "pool|always|never", NULL, "WHEN", false,
     CONFIG_NOWHERE, "what is on disk before it is confirmed: changes of the pool, every change, nothing", NULL},
    {"backend.file.force", CONFIG_BOOLEAN, CONFIG_FOR_STORE, "false", 0, 0, NULL, NULL, NULL, false, CONFIG_NOWHERE,
     "use a file system that is not known to be local", NULL},
    {"backend.redis.url", CONFIG_URL, CONFIG_FOR_STORE, "redis://127.0.0.1:6379/0", 0, 4095, NULL, "url", "URL", false,
     CONFIG_NOWHERE, "redis: where the server is; unix:///path works too", NULL},
    {"backend.redis.username", CONFIG_TEXT, CONFIG_FOR_STORE, NULL, 0, 255, NULL, NULL, "NAME", false, CONFIG_NOWHERE,
     "who to be (default: who the url names, else the server's default user)", "allot"},
    {"backend.redis.password_file", CONFIG_PATH, CONFIG_FOR_STORE, NULL, 0, 4095, NULL, NULL, "FILE", false,
     CONFIG_NOWHERE, "the file whose first line is the password, so that no command line or log shows it",
     "/run/secrets/redis"},
    {"backend.redis.key_prefix", CONFIG_TEXT, CONFIG_FOR_STORE, NULL, 0, 128, NULL, NULL, "TEXT", false, CONFIG_NOWHERE,
     "of all keys and channels, taken as it is (default allot:{GROUP}:, one hash slot of a cluster)",
     "allot:{default}:"},

    {"modules.path", CONFIG_PATH, CONFIG_FOR_STORE, NULL, 0, 4095, NULL, "modules", "DIR", false, AT(modules.path),
     "where modules are loaded from (default: the directory allot beside the library)", "/usr/lib/allot"},

    {"log.level", CONFIG_WORD, CONFIG_FOR_LOG, "info", 0, 0, "error|warn|info|debug", "log-level", "LEVEL", true,
     AT(log.level), "what is written to standard error: error, warn, info, debug", NULL},
    {"log.format", CONFIG_WORD, CONFIG_FOR_LOG, "auto", 0, 0, "auto|pretty|json", "log-format", "FORMAT", true,
     AT(log.format),
     "json (events on standard output), pretty (on standard error), or auto: pretty on a terminal, else json", NULL},
    {"log.ids", CONFIG_BOOLEAN, CONFIG_FOR_LOG, "false", 0, 0, NULL, "log-ids", NULL, true, AT(log.ids),
     "name the ids in the log", NULL},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEY_COUNT == CONFIG_KEY_COUNT, "CONFIG_KEY_COUNT of schema.h is the number of settings");

static const config_section sections[] = {
    {"lease", "how long a replica is believed to live"},
    {"slot", "this replica, as the group sees it"},
    {"split", "how the ids of the pool are divided, by whoever leads"},
    {"handover", "how ids are taken from a live replica"},
    {"work", "what becomes of ids that fail"},
    {"backend", "where the group's state lives; the section of a backend is read when `type` names it, and checked "
                "always"},
    {"backend.file", "a directory, for replicas of one machine"},
    {"backend.redis", "a Redis server, for replicas on any number of machines"},
    {"backend.memory", "nothing is kept; has no options"},
    {"modules", "backends and strategies that are not built in"},
    {"log", "what `allot run` writes"},
};

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

const config_key *config_key_at(size_t index)
{
    return index < KEY_COUNT ? &keys[index] : NULL;
}

size_t key_index(const config_key *key)
{
    return (size_t)(key - keys);
}

const config_key *config_key_named(const char *path)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(keys[i].path, path) == 0)
            return &keys[i];
    return NULL;
}

const config_key *config_key_of_flag(const char *flag)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (keys[i].flag != NULL && strcmp(keys[i].flag, flag) == 0)
            return &keys[i];
    return NULL;
}

const config_section *section_at(size_t index)
{
    return index < sizeof(sections) / sizeof(sections[0]) ? &sections[index] : NULL;
}

const config_section *section_named(const char *path)
{
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (strcmp(sections[i].path, path) == 0)
            return &sections[i];
    return NULL;
}

const char *key_leaf(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

bool key_is_in(const char *path, const char *section)
{
    size_t len = strlen(section);
    if (len == 0)
        return strchr(path, '.') == NULL;
    return strncmp(path, section, len) == 0 && path[len] == '.' && strchr(path + len + 1, '.') == NULL;
}

/* ---- Names in the environment ------------------------------------------------------------------------------------ */

static void env_name(const char *written, char ret_name[CONFIG_ENV_BYTES])
{
    size_t len = strlen(CONFIG_ENV_PREFIX);
    memcpy(ret_name, CONFIG_ENV_PREFIX, len);
    for (; *written != '\0' && len + 1 < CONFIG_ENV_BYTES; written++)
        ret_name[len++] = *written == '.' || *written == '-' ? '_' : (char)toupper((unsigned char)*written);
    ret_name[len] = '\0';
}

void config_key_env(const config_key *key, char ret_name[CONFIG_ENV_BYTES])
{
    ret_name[0] = '\0';
    if (key->type != CONFIG_OPTIONS)
        env_name(key->path, ret_name);
}

void config_key_env_short(const config_key *key, char ret_name[CONFIG_ENV_BYTES])
{
    char full[CONFIG_ENV_BYTES];
    config_key_env(key, full);
    ret_name[0] = '\0';
    if (full[0] == '\0' || key->flag == NULL)
        return;
    env_name(key->flag, ret_name);
    if (strcmp(ret_name, full) == 0)
        ret_name[0] = '\0';
}
