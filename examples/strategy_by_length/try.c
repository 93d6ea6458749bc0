/* try.c - two replicas in one process, on a store in memory, split ids of different lengths with the strategy.
 *
 *   ./try [STEP [DIRECTORY]]      DIRECTORY: where allot_strategy_by_length.so is, by default here */
#include <allot/allot.h>

#include <stdio.h>
#include <string.h>

static const char *const words[] = {"a", "bb", "ccc", "dddd", "e", "ff"};
enum { WORDS = 6, TURNS = 25 }; /* a turn takes 0.2 s */

static int open_replica(allot_options *options, const char *name, allot_node **ret_node)
{
    allot_error error;
    const allot_event *event;
    options->name = name;
    int code = allot_open(options, ret_node, &error);
    if (code != ALLOT_OK) {
        fprintf(stderr, "try: %s\n", error.message);
        return code;
    }
    do
        code = allot_next(*ret_node, &event, 5000);
    while (code == ALLOT_OK && event->type != ALLOT_EVENT_JOINED);
    return code;
}

static int add_words(allot_node *node)
{
    allot_new ids[WORDS] = {0};
    for (int i = 0; i < WORDS; i++)
        ids[i].id = (allot_bytes){words[i], (uint32_t)strlen(words[i])};
    return allot_add(node, ids, WORDS, 5000, NULL, NULL);
}

/* Shows what comes within a moment, and what the library has to say, of the strategy for example. Returns how many ids
 * that were. */
static uint32_t take_events(allot_node *node, const char *name)
{
    const allot_event *event;
    uint32_t gained = 0;
    while (allot_next(node, &event, 100) == ALLOT_OK) {
        if (event->type == ALLOT_EVENT_NOTE)
            fprintf(stderr, "%s: %s\n", name, event->message);
        for (uint32_t i = 0; event->type == ALLOT_EVENT_GAINED && i < event->count; i++, gained++)
            printf("%s gets %.*s\n", name, (int)event->ids[i].id.len, event->ids[i].id.data);
    }
    return gained;
}

int main(int argc, char **argv)
{
    allot_option step = {"step", argc > 1 ? argv[1] : "1"};
    allot_memory *memory = allot_memory_new();
    allot_node *older = NULL, *younger = NULL;
    allot_options options;
    allot_options_init(&options);
    options.backend = "memory";
    options.shared = memory;
    options.modules = argc > 2 ? argv[2] : ".";
    options.strategy = "by_length";
    options.strategy_options = &step;
    options.strategy_option_count = 1;
    int code = open_replica(&options, "older", &older);
    if (code == ALLOT_OK)
        code = open_replica(&options, "younger", &younger);
    if (code == ALLOT_OK)
        code = add_words(older);
    if (code == ALLOT_OK) {
        uint32_t gained = 0;
        for (int turn = 0; turn < TURNS && gained < WORDS; turn++)
            gained += take_events(older, "older") + take_events(younger, "younger");
        if (gained < WORDS) {
            fprintf(stderr, "try: %u of %d ids have an owner\n", gained, WORDS);
            code = ALLOT_E_TIMEOUT;
        }
        allot_leave(younger, 5000);
        allot_leave(older, 5000);
    }
    allot_close(younger);
    allot_close(older);
    allot_memory_free(memory);
    return code == ALLOT_OK ? 0 : 1;
}
