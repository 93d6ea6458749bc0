#include "tests/badmodules/place.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void place_init(place *p)
{
    char template[] = "/tmp/allot-modules-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(template));
    ck_assert_ptr_nonnull(realpath(template, p->path));
}

void place_done(place *p)
{
    char command[PATH_MAX];
    snprintf(command, sizeof(command), "rm -rf '%s'", p->path);
    ck_assert_int_eq(system(command), 0);
}

void place_file(const place *p, const char *kind, const char *name, char ret_path[PATH_MAX])
{
    snprintf(ret_path, PATH_MAX, "%s/allot_%s_%s.so", p->path, kind, name);
}

size_t place_copy(const place *p, const char *kind, const char *module, const char *name, size_t most)
{
    char from[PATH_MAX], to[PATH_MAX];
    static char bytes[1 << 20];
    snprintf(from, sizeof(from), "%s/allot_%s_%s.so", MODULES, kind, module);
    place_file(p, kind, name, to);
    FILE *in = fopen(from, "rb");
    ck_assert_msg(in != NULL, "%s was not built", from);
    size_t size = fread(bytes, 1, sizeof(bytes), in);
    fclose(in);
    ck_assert_uint_lt(size, sizeof(bytes));
    remove(to); /* a file that is mapped must not be written to */
    FILE *out = fopen(to, "wb");
    ck_assert_ptr_nonnull(out);
    size_t wanted = size < most ? size : most;
    ck_assert_uint_eq(fwrite(bytes, 1, wanted, out), wanted);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_eq(chmod(to, 0644), 0);
    return size;
}

int place_ask(const place *p, const char *kind, const char *name, allot_error *ret_error)
{
    allot_options options;
    allot_options_init(&options);
    options.modules = p->path;
    if (strcmp(kind, "strategy") == 0) {
        options.strategy = name;
        return allot_strategy_check(&options, ret_error);
    }
    allot_group *group = NULL;
    options.backend = name;
    int code = allot_group_open(&options, true, &group, ret_error);
    allot_group_close(group);
    return code;
}

bool place_is_mapped(const char *path)
{
    char line[PATH_MAX + 128];
    bool mapped = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof(line), maps) != NULL)
        mapped |= strstr(line, path) != NULL;
    fclose(maps);
    return mapped;
}

void place_refuses(const place *p, const char *kind, const char *name, const char *words)
{
    char path[PATH_MAX], expected[2 * PATH_MAX];
    allot_error error = {0};
    place_file(p, kind, name, path);
    snprintf(expected, sizeof(expected), "%s%s", path, words);
    ck_assert_int_eq(place_ask(p, kind, name, &error), ALLOT_E_MODULE);
    ck_assert_int_eq(error.code, ALLOT_E_MODULE);
    ck_assert_str_eq(error.message, expected);
    ck_assert_msg(!place_is_mapped(path), "%s is still mapped", path);
}
