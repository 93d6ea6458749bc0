#include "cli/commands.h"

#include "cli/options.h"

#include <string.h>

#define READS (FOR_STORE | FOR_OUTPUT | FOR_WAITING)

static const command table[] = {
    {"run", "", 0, 0, FOR_STORE | FOR_REPLICA | FOR_RUN, "be one replica of the group",
     "Joins the group, campaigns for its leadership, splits the pool when it leads, and logs what happens to it.\n"
     "SIGTERM or SIGINT gives its ids back, leaves and ends; a second one ends at once.",
     verb_run},
    {"demo", "", 0, 0, FOR_DEMO, "show an election, a split and a hand-over, with nothing set up",
     "Starts replicas as processes of their own, in a temporary directory; kills the leader, and checks that every id\n"
     "had exactly one owner all along.",
     verb_demo},
    {"status", "", 0, 0, READS, "show the group: leader, pool, slots", NULL, verb_status},
    {"slots", "", 0, 0, READS, "list the slots, oldest first", NULL, verb_slots},
    {"leader", "", 0, 0, READS, "show who leads; exit code 3 when nobody does", NULL, verb_leader},
    {"ids", "", 0, 0, READS | FOR_SLOT, "list the pool's ids, and who owns them", NULL, verb_ids},
    {"db", "", 0, 0, READS, "list the pool's ids with their payloads", NULL, verb_db},
    {"add", "[FILE|-]", 0, 1, READS, "add ids to the pool",
     "Reads one id a line, from FILE or standard input; a TAB separates an id from its payload. Empty lines are\n"
     "skipped. All lines are checked before any id is added.",
     verb_add},
    {"generate", "N", 1, 1, READS, "add N random UUIDs to the pool", NULL, verb_generate},
    {"clean", "", 0, 0, READS | FOR_CONFIRMING, "empty the pool, whoever owns its ids", NULL, verb_clean},
    {"version", "", 0, 0, FOR_OUTPUT, "show the version", NULL, verb_version},
    {"help", "[VERB]", 0, 1, 0, "show help", NULL, verb_help},
};

const command *command_at(size_t index)
{
    return index < sizeof(table) / sizeof(table[0]) ? &table[index] : NULL;
}

const command *command_named(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}
