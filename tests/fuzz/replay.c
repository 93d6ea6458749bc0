/* Runs a fuzz target over its inputs without a fuzzer: every file of the folders that are named, and every beginning of
 * each. So that the target cannot rot, and what was once found stays found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of longer files only some beginnings are run. */
#define BEGINNINGS_MAX 600u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From memory of exactly that size, so that a sanitizer sees what is read behind its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_beginnings(const uint8_t *data, size_t size)
{
    size_t step = size / BEGINNINGS_MAX + 1;
    for (size_t len = 0; len < size; len += step)
        run(data, len);
    run(data, size);
}

static int run_file(const char *folder, const char *name)
{
    static const size_t most = 1 << 20;
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(most);
    if (file == NULL || data == NULL) {
        fprintf(stderr, "replay: %s cannot be read\n", path);
        exit(EXIT_FAILURE);
    }
    size_t size = fread(data, 1, most, file);
    fclose(file);
    run_beginnings(data, size);
    free(data);
    return 1;
}

static int run_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;
    if (dir == NULL) {
        fprintf(stderr, "replay: %s is not there\n", folder);
        exit(EXIT_FAILURE);
    }
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && entry->d_type != DT_DIR)
            count += run_file(folder, entry->d_name);
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    static const char *const own[] = {FOLDERS};
    int count = 0;
    for (int i = 1; i < argc; i++)
        count += run_folder(argv[i]);
    for (size_t i = 0; argc == 1 && i < sizeof(own) / sizeof(own[0]); i++)
        count += run_folder(own[i]);
    printf("%d passed, 0 failed\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
