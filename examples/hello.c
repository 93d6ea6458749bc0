/* hello - joins a group, adds three ids, works on what it is given, and leaves when there is nothing left to do.
 *
 *   ./hello [DIRECTORY]      the store is a directory, by default ./.allot
 *
 * Start it several times at once: the ids are split over all that run. */
#include <allot/allot.h>

#include <stdio.h>
#include <string.h>

static void add_three(allot_node *node)
{
    const char *texts[] = {"apple", "banana", "cherry"};
    allot_new ids[3] = {0};
    allot_added added;
    for (int i = 0; i < 3; i++)
        ids[i].id = (allot_bytes){texts[i], (uint32_t)strlen(texts[i])};
    if (allot_add(node, ids, 3, 5000, &added, NULL) == ALLOT_OK)
        printf("added %d ids, %d were there before\n", (int)added.added, (int)added.present);
}

static void work_on(allot_node *node, const allot_event *event)
{
    allot_report report;
    for (uint32_t i = 0; i < event->count; i++)
        printf("working on %.*s\n", (int)event->ids[i].id.len, event->ids[i].id.data);
    int code = allot_ack(node, event->ids, event->count, 5000, NULL, &report);
    printf("done: %d accepted (%s)\n", (int)report.accepted, allot_code_text(code));
}

int main(int argc, char **argv)
{
    allot_option path = {"path", argc > 1 ? argv[1] : "./.allot"};
    allot_options options;
    allot_node *node;
    allot_error error;
    const allot_event *event;

    allot_options_init(&options);
    options.name = "hello";
    options.backend_options = &path;
    options.backend_option_count = 1;
    if (allot_open(&options, &node, &error) != ALLOT_OK) {
        fprintf(stderr, "hello: %s\n", error.message);
        return 1;
    }
    while (allot_next(node, &event, 2000) == ALLOT_OK) { /* no event for two seconds: there is no more work */
        printf("%s\n", allot_event_word(event->type));
        if (event->type == ALLOT_EVENT_JOINED)
            add_three(node);
        else if (event->type == ALLOT_EVENT_GAINED)
            work_on(node, event);
    }
    int code = allot_leave(node, 5000);
    printf("left: %s\n", allot_code_text(code));
    allot_close(node);
    return code == ALLOT_OK ? 0 : 1;
}
