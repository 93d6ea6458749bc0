#include "tests/config/suites.h"

#include <stdlib.h>
#include <string.h>

config config_of(const char *text, char *const *variables)
{
    char *none[] = {NULL};
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    ck_assert_int_eq(config_read_env(&c, variables != NULL ? variables : none), 0);
    ck_assert_int_eq(config_read_text(&c, "test.yaml", text, strlen(text)), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    return c;
}

config good_config(const char *text, char *const *variables)
{
    config c = config_of(text, variables);
    if (config_error_count(&c) > 0)
        ck_abort_msg("%s: %s", text, first_error(&c));
    return c;
}

const char *first_error(const config *c)
{
    ck_assert_uint_gt(config_error_count(c), 0);
    return config_error_at(c, 0)->message;
}

const char *option_value(config_options options, const char *key)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < options.count; i++)
        if (strcmp(options.items[i].key, key) == 0)
            value = options.items[i].value;
    return value;
}

char *load_file(const char *path, size_t *ret_len)
{
    char buffer[4096];
    bytes text = {0};
    size_t n;
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s: cannot be read", path);
    while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
        ck_assert_int_eq(bytes_append(&text, buffer, n), 0);
    fclose(file);
    if (ret_len != NULL)
        *ret_len = text.len;
    return take_text(&text);
}

char *take_text(bytes *b)
{
    ck_assert_int_eq(bytes_append(b, "", 1), 0);
    char *text = b->data;
    *b = (bytes){0};
    return text;
}
