#include "cli/reload.h"

#include "cli/exits.h"
#include "cli/open.h"
#include "cli/options.h"

#include <string.h>

/* What has changed, in words. */
typedef struct changes {
    bytes text;
    bool taken; /* these, or those that need a restart */
} changes;

static int note_change(void *user, const config_setting *setting)
{
    changes *c = user;
    if (setting->key->reloadable != c->taken)
        return 0;
    return bytes_printf(&c->text, "%s%s: %s", c->text.len > 0 ? ", " : "", setting->path,
                        setting->value != NULL ? setting->value : "not set");
}

/* Two comparisons: what counts is what was reloaded last, except where only the start counts. */
static int find_changes(const config *started, const config *current, const config *next, changes *ret_taken,
                        changes *ret_waiting)
{
    *ret_taken = (changes){.taken = true};
    *ret_waiting = (changes){.taken = false};
    int code = config_changes(current, next, note_change, ret_taken);
    return code == 0 ? config_changes(started, next, note_change, ret_waiting) : code;
}

static void report(const config *next, const changes *taken, const changes *waiting)
{
    if (next->log.level >= CONFIG_LOG_INFO && taken->text.len > 0)
        inform("reload: applied: %.*s", (int)taken->text.len, taken->text.data);
    if (next->log.level >= CONFIG_LOG_INFO && taken->text.len == 0)
        inform("reload: nothing that could be applied has changed");
    if (next->log.level >= CONFIG_LOG_WARN && waiting->text.len > 0)
        warn("reload: needs a restart: %.*s", (int)waiting->text.len, waiting->text.data);
}

static int apply(allot_node *node, const invocation *started, const invocation *next)
{
    allot_error error = {0};
    allot_options options = options_reloaded(&started->settings.config, &next->settings.config);
    int code = allot_reload(node, &options, &error);
    return code == ALLOT_OK ? CODE_OK : fail_open(code, &error);
}

/* Whatever can fail comes before the node takes over anything. */
static int take_over(allot_node *node, const invocation *started, const invocation *current, const invocation *next)
{
    const config *before = current->command != NULL ? &current->settings.config : &started->settings.config;
    changes taken, waiting;
    int code = CODE_OK;
    if (find_changes(&started->settings.config, before, &next->settings.config, &taken, &waiting) != 0)
        code = fail(CODE_FAILED, "out of memory");
    if (code == CODE_OK)
        code = apply(node, started, next);
    if (code == CODE_OK)
        report(&next->settings.config, &taken, &waiting);
    bytes_done(&taken.text);
    bytes_done(&waiting.text);
    return code;
}

bool reload(allot_node *node, const invocation *started, invocation *current)
{
    invocation next = {0};
    const char *file = started->settings.file;
    int code = file != NULL && strcmp(file, "-") == 0
                   ? fail(CODE_CONFIG, "reload: settings that came from standard input cannot be read again")
                   : options_read_again(started, &next);
    if (code == CODE_OK)
        code = take_over(node, started, current, &next);
    if (code != CODE_OK) {
        invocation_done(&next);
        fail(code, "reload: nothing was applied; the settings stay as they were");
        return false;
    }
    invocation_done(current);
    *current = next;
    return true;
}
