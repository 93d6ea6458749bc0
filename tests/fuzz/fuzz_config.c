/* Any bytes as a configuration file: never a crash, messages that a terminal can be shown, and a dump that is read as
 * the same settings. */
#include "config/config.h"
#include "tests/fuzz/fuzz.h"

static char *const variables[] = {(char *)"A=one", (char *)"EMPTY=", (char *)"D=$${A} \" ' # : {", (char *)"T=10s",
                                  NULL};

static config read_as_config(const char *text, size_t len)
{
    config c;
    REQUIRE(config_init(&c) == 0);
    REQUIRE(config_read_env(&c, variables) == 0);
    REQUIRE(config_read_text(&c, "f", text, len) == 0);
    REQUIRE(config_finish(&c) == 0);
    return c;
}

static void check_errors(const config *c)
{
    bytes text = {0};
    REQUIRE(config_write_errors(c, false, &text) == 0);
    REQUIRE((text.len > 0) == (config_error_count(c) > 0));
    for (size_t i = 0; i < text.len; i++)
        REQUIRE(((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f) || text.data[i] == '\n');
    for (size_t i = 0; i < config_error_count(c); i++) {
        const config_error *e = config_error_at(c, i);
        REQUIRE(e->message[0] != '\0' && e->at.name != NULL);
        REQUIRE(e->at.line == 0 || (e->at.column > 0 && e->at.len > 0));
    }
    bytes_done(&text);
}

static int no_change(void *user, const config_setting *setting)
{
    fprintf(stderr, "%s differs: %s\n%s\n", setting->path, setting->value != NULL ? setting->value : "(none)",
            (const char *)user);
    return 1;
}

static void check_dump(const config *c, bool with_origins)
{
    bytes text = {0};
    REQUIRE(config_dump(c, with_origins, &text) == 0);
    REQUIRE(bytes_append(&text, "", 1) == 0);
    if (strstr(text.data, "***") == NULL) {
        config again = read_as_config(text.data, text.len - 1);
        if (config_error_count(&again) > 0)
            fprintf(stderr, "%s\n", text.data);
        config_print_errors(&again, stderr, false);
        REQUIRE(config_error_count(&again) == 0);
        REQUIRE(config_changes(c, &again, no_change, text.data) == 0);
        config_done(&again);
    }
    bytes_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    config c = read_as_config((const char *)data, size);
    check_errors(&c);
    if (config_error_count(&c) == 0)
        check_dump(&c, size % 2 == 0);
    config_done(&c);
    return 0;
}
