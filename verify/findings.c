#include "verify/inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word, *text;
} rules[RULE_COUNT] = {
    [RULE_FORM] = {"form", "not a line of a history"},
    [RULE_TIME] = {"time", "instants out of order"},
    [RULE_STORY] = {"story", "does not fit what was said before"},
    [RULE_LEASE] = {"lease", "begun or renewed when the lease was over"},
    [RULE_HOLDERS] = {"holders", "an id held by two at once"},
    [RULE_TOKENS] = {"tokens", "a token that is not larger than the one before"},
    [RULE_LEADERS] = {"leaders", "two leaders at once"},
    [RULE_TERMS] = {"terms", "a term that is not larger than the one before"},
    [RULE_ACKS] = {"acks", "more accepted acks than adds"},
    [RULE_STALE] = {"stale", "an ack accepted that was stale, or not its owner's"},
    [RULE_NOTHING_LOST] = {"lost", "added, and neither acked nor parked nor held in the end"},
};

const char *rule_word(rule r)
{
    return rules[r].word;
}

const char *rule_text(rule r)
{
    return rules[r].text;
}

const char *place_text(const checker *c, place at, char ret_text[PLACE_BYTES])
{
    const char *name = c->names[at.source];
    if (at.line == 0)
        snprintf(ret_text, PLACE_BYTES, "%.300s", name);
    else
        snprintf(ret_text, PLACE_BYTES, "%.300s:%" PRIu32, name, at.line);
    return ret_text;
}

const char *instant_text(int64_t us, char ret_text[INSTANT_BYTES])
{
    snprintf(ret_text, INSTANT_BYTES, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
    return ret_text;
}

const char *thing_text(const checker *c, const thing *t, char ret_text[THING_BYTES])
{
    snprintf(ret_text, THING_BYTES, "'%.*s'", (int)t->len, c->texts.data + t->text);
    return ret_text;
}

static char *worded(const char *where, const char *format, va_list args)
{
    char text[1400];
    vsnprintf(text, sizeof(text), format, args);
    size_t size = strlen(where) + strlen(text) + 3;
    char *all = malloc(size);
    if (all != NULL)
        snprintf(all, size, "%s: %s", where, text);
    return all;
}

/* Beyond the most that are shown they are counted. */
static bool wanted(checker *c, rule r)
{
    c->tally.wrong++;
    return c->tally.found[r]++ < FINDINGS_SHOWN_MAX;
}

static void keep(checker *c, finding f, const char *format, va_list args)
{
    char where[PLACE_BYTES];
    if (array_reserve((void **)&c->findings, &c->finding_capacity, c->finding_count + 1, sizeof(*c->findings)) == 0)
        f.text = worded(place_text(c, f.places[0], where), format, args);
    if (f.text != NULL)
        c->findings[c->finding_count++] = f;
    else
        c->nomem = true;
}

void found(checker *c, rule r, place at, const char *format, ...)
{
    va_list args;
    if (!wanted(c, r))
        return;
    va_start(args, format);
    keep(c, (finding){.rule = r, .place_count = 1, .places = {at}}, format, args);
    va_end(args);
}

void found_two(checker *c, rule r, place at, place other, const char *format, ...)
{
    va_list args;
    if (!wanted(c, r))
        return;
    va_start(args, format);
    keep(c, (finding){.rule = r, .place_count = 2, .places = {at, other}}, format, args);
    va_end(args);
}

/* Stable: within a rule the order stays. */
void findings_sort(checker *c)
{
    for (size_t i = 1; i < c->finding_count; i++) {
        finding f = c->findings[i];
        size_t k = i;
        for (; k > 0 && c->findings[k - 1].rule > f.rule; k--)
            c->findings[k] = c->findings[k - 1];
        c->findings[k] = f;
    }
}
