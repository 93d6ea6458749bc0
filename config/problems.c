#include "config/problems.h"

#include "config/errors.h"

#include <string.h>

#define INDENT_NOTE "indent with spaces, the keys of one section alike"
#define QUOTE_NOTE "a value that contains one of {}[],:#&*! needs quotes, for example \"${NAME}\""

/* Where the error points to: where libyaml gave up, or where what it was reading had begun. */
typedef enum place { AT_PROBLEM, AT_CONTEXT } place;

typedef struct wording {
    const char *text;
    const char *context; /* only in this one; NULL: any */
    place place;
    const char *message;
    const char *note;
} wording;

static const wording wordings[] = {
    {"could not find expected ':'", NULL, AT_CONTEXT, "a ':' is missing behind this key",
     "a setting is written as 'name: value', with a blank behind the colon"},
    {"mapping values are not allowed in this context", NULL, AT_PROBLEM, "no ':' can stand here",
     "a key that has a value has no further keys below it; a value that contains ': ' needs quotes"},
    {"did not find expected key", NULL, AT_PROBLEM, "expected a key that belongs to the section above", INDENT_NOTE},
    {"did not find expected ',' or '}'", NULL, AT_PROBLEM, "expected ',' or '}'", QUOTE_NOTE},
    {"did not find expected ',' or ']'", NULL, AT_PROBLEM, "expected ',' or ']'", QUOTE_NOTE},
    {"did not find expected node content", NULL, AT_PROBLEM, "expected a value", QUOTE_NOTE},
    {"found unexpected end of stream", "while scanning a quoted scalar", AT_CONTEXT, "this quote is never closed",
     NULL},
    {"found unexpected document indicator", NULL, AT_CONTEXT, "this quote is never closed", NULL},
    {"block sequence entries are not allowed in this context", NULL, AT_PROBLEM, "no '-' can stand here",
     "no setting is a list; a value that begins with '-' needs quotes"},
    {"mapping keys are not allowed in this context", NULL, AT_PROBLEM, "no '?' can stand here",
     "a value that begins with '?' needs quotes"},
    {"found undefined tag handle", NULL, AT_PROBLEM, "tags ('!') are not allowed",
     "a value that begins with '!' needs quotes"},
    {NULL, "while scanning a tag", AT_CONTEXT, "tags ('!') are not allowed",
     "a value that begins with '!' needs quotes"},
    {NULL, "while parsing a tag", AT_CONTEXT, "tags ('!') are not allowed",
     "a value that begins with '!' needs quotes"},
    {NULL, "while scanning an alias", AT_CONTEXT, "aliases ('*') are not allowed",
     "a value that begins with '*' needs quotes"},
    {NULL, "while scanning an anchor", AT_CONTEXT, "anchors ('&') are not allowed",
     "a value that begins with '&' needs quotes"},
    {"found unknown escape character", NULL, AT_PROBLEM, "this escape is unknown",
     "in double quotes a backslash is written twice; in single quotes it stands for itself"},
    {"did not find expected <document start>", NULL, AT_PROBLEM, "this belongs to nothing above", INDENT_NOTE},
};

static bool fits(const wording *w, const problem *p)
{
    if (w->text != NULL && strcmp(w->text, p->text) != 0)
        return false;
    return w->context == NULL || (p->context != NULL && strcmp(w->context, p->context) == 0);
}

static const wording *wording_of(const problem *p)
{
    for (size_t i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++)
        if (fits(&wordings[i], p))
            return &wordings[i];
    return NULL;
}

static int tell(config_inside *in, size_t at, const char *message, const char *note)
{
    config_position position = position_in_file(in, (span){at, at + 1});
    if (error_add(in, &position, "%s", message) != 0)
        return -1;
    return note != NULL ? error_note(in, NULL, "%s", note) : 0;
}

/* Where a TAB stands among the blanks around `at`; SIZE_MAX: nowhere. */
static size_t tab_near(const source *s, size_t at)
{
    size_t start = at < s->len ? at : s->len;
    while (start > 0 && (s->text[start - 1] == ' ' || s->text[start - 1] == '\t'))
        start--;
    for (; start < s->len && (s->text[start] == ' ' || s->text[start] == '\t'); start++)
        if (s->text[start] == '\t')
            return start;
    return SIZE_MAX;
}

static int tell_character(config_inside *in, size_t at)
{
    char c = at < in->source.len ? in->source.text[at] : ' ';
    config_position position = position_in_file(in, (span){at, at + 1});
    if (error_add(in, &position, "no value can begin with '%c'", c) != 0)
        return -1;
    return error_note(in, NULL, "put the value in quotes");
}

int problem_tell(config_inside *in, const problem *p)
{
    const wording *w = wording_of(p);
    bool cannot_start = strcmp(p->text, "found character that cannot start any token") == 0;
    size_t tab = tab_near(&in->source, p->at);
    if (strstr(p->text, "tab character") != NULL || (tab != SIZE_MAX && (cannot_start || w != NULL)))
        return tell(in, tab != SIZE_MAX ? tab : p->at, "a tab cannot indent", INDENT_NOTE);
    if (cannot_start)
        return tell_character(in, p->at);
    if (w != NULL)
        return tell(in, w->place == AT_CONTEXT ? p->context_at : p->at, w->message, w->note);
    config_position at = position_in_file(in, (span){p->at, p->at + 1});
    return error_add(in, &at, "this cannot be read: %s", p->text);
}
