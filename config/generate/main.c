/* config-generate - writes what follows from the table of settings into a checkout: config/allot.schema.json,
 * config/allot.full.yaml, and the tables of docs/configuration.md. A test compares them. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN_MARK "<!-- settings: written by `make config-pages` -->\n\n"
#define END_MARK "<!-- end of settings -->\n"

typedef int (*writer)(bytes *to);

static int fail(const char *path, const char *what)
{
    fprintf(stderr, "config-generate: %s: %s\n", path, what);
    return EXIT_FAILURE;
}

static int save(const char *path, const bytes *text)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return fail(path, "cannot be written");
    bool is_whole = fwrite(text->data, 1, text->len, file) == text->len;
    return fclose(file) != 0 || !is_whole ? fail(path, "cannot be written") : EXIT_SUCCESS;
}

static int write_page(const char *path, writer write)
{
    bytes text = {0};
    int code = write(&text) != 0 ? fail(path, "out of memory") : save(path, &text);
    bytes_done(&text);
    return code;
}

static int load(const char *path, bytes *ret_text)
{
    char buffer[4096];
    size_t n;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
        if (bytes_append(ret_text, buffer, n) != 0)
            break;
    fclose(file);
    return n > 0 ? -1 : bytes_append(ret_text, "", 1);
}

/* Replaces what stands between the marks. */
static int write_between(const char *path)
{
    bytes old = {0}, new = {0};
    int code = EXIT_FAILURE;
    char *begin = load(path, &old) == 0 ? strstr(old.data, BEGIN_MARK) : NULL;
    char *end = begin != NULL ? strstr(begin, END_MARK) : NULL;
    if (end == NULL)
        fail(path, "the marks are not there");
    else if (bytes_append(&new, old.data, (size_t)(begin - old.data) + strlen(BEGIN_MARK)) != 0 ||
             config_write_reference(&new) != 0 || bytes_append(&new, end, strlen(end)) != 0)
        fail(path, "out of memory");
    else
        code = save(path, &new);
    bytes_done(&old);
    bytes_done(&new);
    return code;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: config-generate SCHEMA SAMPLE REFERENCE\n", stderr);
        return 2;
    }
    int code = write_page(argv[1], config_write_schema);
    if (code == EXIT_SUCCESS)
        code = write_page(argv[2], config_write_sample);
    return code == EXIT_SUCCESS ? write_between(argv[3]) : code;
}
