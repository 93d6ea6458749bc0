#include "config/schema.h"
#include "config/yaml_text.h"

#include <string.h>

#define ORIGIN_COLUMN 40

typedef struct dump {
    yaml_writer yaml;
    bool with_origins;
} dump;

static int append_origin(bytes *to, const config_position *at)
{
    switch (at->source) {
    case CONFIG_BY_FILE:
        return bytes_printf(to, "# %s:%u:%u", at->name, at->line, at->column);
    case CONFIG_BY_ENV:
        return bytes_printf(to, "# environment %s", at->name);
    case CONFIG_BY_FLAG:
        return bytes_printf(to, "# %s", at->name);
    default:
        return bytes_printf(to, "# default");
    }
}

static int append_line(dump *d, const config_setting *s)
{
    bytes *to = d->yaml.to;
    int depth = yaml_open(&d->yaml, s->path);
    size_t begin = to->len;
    if (depth < 0 || yaml_indent(to, 2 * depth) != 0 || yaml_append_scalar(to, key_leaf(s->path)) != 0 ||
        bytes_append(to, ": ", 2) != 0 || yaml_append_scalar(to, s->value) != 0)
        return -1;
    if (!d->with_origins)
        return bytes_append(to, "\n", 1);
    int width = (int)(to->len - begin);
    if (yaml_indent(to, width < ORIGIN_COLUMN - 1 ? ORIGIN_COLUMN - width : 1) != 0 || append_origin(to, &s->at) != 0)
        return -1;
    return bytes_append(to, "\n", 1);
}

static int visit(void *user, const config_setting *s)
{
    return s->value == NULL ? 0 : append_line(user, s);
}

int config_dump(const config *c, bool with_origins, bytes *to)
{
    dump d = {.yaml = {.to = to}, .with_origins = with_origins};
    return config_each(c, visit, &d);
}
