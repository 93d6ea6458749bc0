/* schema.h - the table of settings, for those who walk it; what of it is public is in config.h. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/config.h"

#define CONFIG_KEY_COUNT 29
#define CONFIG_ENV_PREFIX "ALLOT_"
#define CONFIG_ANY_BACKEND "backend.*"

/* A mapping of settings. */
typedef struct config_section {
    const char *path; /* "lease", "backend.file" */
    const char *help; /* one sentence, without a full stop */
} config_section;

/* NULL past the end. */
const config_section *section_at(size_t index);
const config_section *section_named(const char *path);

/* Its place in the table. */
size_t key_index(const config_key *key);

/* "ttl" for "lease.ttl". */
const char *key_leaf(const char *path);

/* True when the setting or section lies directly in the section; "" is the file itself. */
bool key_is_in(const char *path, const char *section);

#endif
