#include "cli/commands.h"

#include "base/suggest.h"
#include "cli/exits.h"
#include "cli/options.h"

#include <string.h>

#define READS (FOR_STORE | FOR_FILE | FOR_OUTPUT | FOR_WAITING)
#define SETTINGS (FOR_STORE | FOR_REPLICA | FOR_LOG | FOR_FILE)
#define EXAMPLES(...)                                                                                                  \
    (const example[])                                                                                                  \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            NULL, NULL                                                                                                 \
        }                                                                                                              \
    }

static const command table[] = {
    {"run", "", OPERAND_TEXT, 0, 0, SETTINGS | FOR_RUN | FOR_HISTORY, "be one replica of the group",
     "Joins the group, campaigns for its leadership, splits the pool when it leads, and logs what happens to it.\n"
     "SIGTERM or SIGINT gives its ids back, leaves and ends; a second one ends at once. SIGHUP reads the file again, "
     "and\n"
     "takes over what can be taken over without a restart; if anything in it is wrong, nothing changes.",
     EXAMPLES({"a replica on the store ./.allot, until it is stopped", "allot run --name a"},
              {"add ten random ids, and end when they are split", "allot run --generate 10 --once"},
              {"the settings of a file, and another lease", "allot run -c allot.yaml --ttl 5s"},
              {"events as JSON, each with its ids", "allot run --log-format json --log-ids"},
              {"what it believes, to be verified", "allot run --history run-a.jsonl"}),
     verb_run},
    {"demo", "", OPERAND_TEXT, 0, 0, FOR_DEMO, "show an election, a split and a hand-over, with nothing set up",
     "Starts replicas as processes of their own, in a temporary directory; kills the leader, and checks that every id\n"
     "had exactly one owner all along.",
     EXAMPLES({"three replicas, thirty ids", "allot demo"}, {"more of both", "allot demo -n 5 --ids 20"}), verb_demo},
    {"status", "", OPERAND_TEXT, 0, 0, READS, "show the group: leader, pool, slots", NULL,
     EXAMPLES({"for people", "allot status"},
              {"for programs, the store being the one of a file", "allot status -c allot.yaml -o json"}),
     verb_status},
    {"slots", "", OPERAND_TEXT, 0, 0, READS, "list the slots, oldest first", NULL,
     EXAMPLES({"one object a line", "allot slots -o jsonl"}), verb_slots},
    {"leader", "", OPERAND_TEXT, 0, 0, READS, "show who leads; exit code 3 when nobody does", NULL,
     EXAMPLES({"does anybody lead?", "allot leader || echo nobody"}), verb_leader},
    {"ids", "", OPERAND_TEXT, 0, 0, READS | FOR_SLOT, "list the pool's ids, and who owns them", NULL,
     EXAMPLES({"how many there are", "allot ids | wc -l"}, {"each with its owner and token", "allot ids -o jsonl"},
              {"those of the leader", "allot ids --slot \"$(allot leader -o json | cut -d '\"' -f 4)\""}),
     verb_ids},
    {"db", "", OPERAND_TEXT, 0, 0, READS, "list the pool's ids with their payloads", NULL,
     EXAMPLES({"all of the pool", "allot db -o json"}), verb_db},
    {"add", "[FILE|-]", OPERAND_FILE, 0, 1, READS | FOR_HISTORY, "add ids to the pool",
     "Reads one id a line, from FILE or standard input; a TAB separates an id from its payload. Empty lines are\n"
     "skipped. All lines are checked before any id is added.",
     EXAMPLES({"two ids", "printf 'red\\nblue\\n' | allot add"}, {"the lines of a file", "allot add ids.txt"}),
     verb_add},
    {"generate", "N", OPERAND_TEXT, 1, 1, READS | FOR_HISTORY, "add N random UUIDs to the pool", NULL,
     EXAMPLES({"a hundred ids", "allot generate 100"}), verb_generate},
    {"clean", "", OPERAND_TEXT, 0, 0, READS | FOR_CONFIRMING | FOR_HISTORY, "empty the pool, whoever owns its ids",
     "With --history, whoever verifies the histories of its replicas knows that the pool was emptied, and when.",
     EXAMPLES({"from a script, where nobody can be asked", "allot clean --yes"}), verb_clean},
    {"check-config", "[FILE]", OPERAND_FILE, 0, 1, FOR_FILE | FOR_CHECK,
     "check a file of settings; exit code 78 if anything is wrong",
     "Reads the file and the environment as every other verb would, names everything that is wrong, and starts "
     "nothing.\n"
     "The strategy is asked about its options. Nothing is connected to.",
     EXAMPLES({"before a restart or a SIGHUP", "allot check-config allot.yaml"}), verb_check_config},
    {"verify", "FILE...", OPERAND_FILE, 1, OPERANDS_ANY, FOR_OUTPUT | FOR_VERIFY,
     "prove from histories that nothing was held by two",
     "Reads what replicas have written down with --history, and checks it against what is promised: no id held by\n"
     "two at once, and no two leaders; tokens and terms that only grow; one accepted ack for each add, none stale.\n"
     "Exit code 0: proved, as far as these histories reach. 1: broken; the lines that show it are named. 2: no "
     "verdict:\n"
     "they cannot be read, or are of two groups or two boots and cannot be compared. They may still be growing.",
     EXAMPLES(
         {"a replica's history", "allot run --generate 10 --once --history run-a.jsonl && allot verify run-a.jsonl"},
         {"those of all replicas, for programs", "allot verify -o json run-*.jsonl"}),
     verb_verify},
    {"sim", "", OPERAND_TEXT, 0, 0, FOR_FILE | FOR_OUTPUT | FOR_SIM,
     "simulate groups with faults, in virtual time",
     "Runs the real engine and the real store, many replicas in one process, with a network that loses and delays,\n"
     "processes that stop and crash, and whatever else each seed turns on. After every step the promises are checked.\n"
     "With -c it plays the settings of that file: ttl, settle, hand-over, attempts, the strategy and its options;\n"
     "without, each seed draws them. Says how even shares were, how many ids moved, and for how long nobody led, or\n"
     "nobody owned an id. Exit code 1: a promise was broken, or the strategy failed; the seed is named.",
     EXAMPLES({"your settings, with three replicas", "allot sim -c allot.yaml --nodes 3 --seeds 500"},
              {"one seed, as a story", "allot sim -c allot.yaml --seed 7 --trace | tail"},
              {"for programs", "allot sim --seeds 200 -o json"}),
     verb_sim},
    {"config", "dump|schema", OPERAND_WORD, 1, 1, SETTINGS | FOR_DUMP,
     "show the settings in effect, or their JSON Schema",
     "dump: the settings in effect, as YAML, secrets masked. schema: the JSON Schema of the file, for editors.",
     EXAMPLES({"what counts, and where it comes from", "allot config dump -c allot.yaml --origins"},
              {"for an editor", "allot config schema > allot.schema.json"}),
     verb_config},
    {"completion", "bash|zsh|fish", OPERAND_WORD, 1, 1, 0, "write what completes this command in a shell",
     "An installed allot is completed already, where the shell looks into the directories of the system.",
     EXAMPLES({"bash, this session", "source <(allot completion bash)"},
              {"zsh, in a directory of $fpath", "allot completion zsh > _allot"},
              {"fish, every session", "allot completion fish > ~/.config/fish/completions/allot.fish"}),
     verb_completion},
    {"version", "", OPERAND_TEXT, 0, 0, FOR_OUTPUT, "show the version", NULL,
     EXAMPLES({"for programs", "allot version -o json"}), verb_version},
    {"help", "[VERB]", OPERAND_VERB, 0, 1, FOR_HELP, "show help", NULL,
     EXAMPLES({"all verbs", "allot help"}, {"one of them", "allot help run"}), verb_help},
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

int command_unknown(const char *written)
{
    suggestion s = {0};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        suggest_offer(&s, written, table[i].name);
    if (s.best != NULL)
        return fail(CODE_USAGE, "unknown verb '%s'; did you mean '%s'?", written, s.best);
    return fail(CODE_USAGE, "unknown verb '%s'; see 'allot help'", written);
}
