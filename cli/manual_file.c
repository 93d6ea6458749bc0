#include "cli/manual_parts.h"
#include "config/config.h"

#include <string.h>

static const char head[] =
    "allot.yaml - the settings of allot\n\n"
    "# SYNOPSIS\n\n*allot* VERB *-c* allot.yaml\n\n"
    "# DESCRIPTION\n\n"
    "A file of settings, in YAML. It is read where *-c* or ALLOT\\_CONFIG names it, and nowhere else. A flag beats the "
    "environment, the environment beats the file, the file beats the defaults. Each setting has its place in the file "
    "as its name in the environment: lease.ttl is ALLOT\\_LEASE\\_TTL.\n\n"
    "Durations have a unit, and may have several: 300ms, 10s, 1m30s. Booleans are true and false, nothing else. "
    "Relative paths start at the working directory. Unknown and duplicate keys, lists, anchors, aliases and tags are "
    "errors; *allot check-config*, see *allot-check-config*(1), names all of them at once.\n\n"
    "In a value, ${NAME} stands for a variable of the environment, ${NAME:-TEXT} for TEXT if that is unset or empty, "
    "${NAME:?TEXT} ends with the error TEXT then, and $$ is a dollar sign.\n\n"
    "# EXAMPLE\n\n```\n"
    "group: recovery\n"
    "slot: { name: \"${HOSTNAME:-}\" }\n"
    "split: { strategy: chunked, settle: 1s }\n"
    "backend:\n"
    "  type: redis\n"
    "  redis: { url: \"redis://127.0.0.1:6379/0\" }\n"
    "```\n\n"
    "# SETTINGS\n\n";

static const char tail[] =
    "# SEE ALSO\n\n*allot*(1), *allot-check-config*(1), *allot-config*(1), which also writes the JSON Schema of this "
    "file\n";

static void environment(output *out, const config_key *key)
{
    char full[CONFIG_ENV_BYTES], brief[CONFIG_ENV_BYTES];
    config_key_env(key, full);
    config_key_env_short(key, brief);
    if (full[0] == '\0')
        return;
    output_text(out, ". Environment: ");
    manual_text(out, full);
    if (brief[0] != '\0') {
        output_text(out, ", ");
        manual_text(out, brief);
    }
}

static void setting(output *out, const config_key *key)
{
    output_text(out, "*");
    manual_text(out, key->path);
    output_text(out, "*\n\t");
    manual_text(out, key->help);
    if (key->fallback != NULL && key->fallback[0] != '\0') {
        output_text(out, ". Default: ");
        manual_text(out, key->fallback);
    }
    if (key->words != NULL) {
        output_text(out, key->type == CONFIG_NAME ? ". For example: " : ". One of: ");
        manual_text(out, key->words);
    }
    if (key->flag != NULL)
        output_printf(out, ". Flag: --%s", key->flag);
    environment(out, key);
    output_text(out, key->reloadable ? ". SIGHUP takes it over\n\n" : "\n\n");
}

void manual_file(output *out)
{
    const config_key *key;
    manual_begin(out, "allot.yaml", "5");
    output_text(out, head);
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        setting(out, key);
    output_text(out, tail);
}
