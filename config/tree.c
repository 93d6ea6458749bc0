#include "config/tree.h"

#include "config/errors.h"
#include "config/problems.h"

#include <stdlib.h>
#include <yaml.h>

/* A character's number is known from libyaml, its byte is wanted: the last pair, from which the next is not far. */
typedef struct cursor {
    size_t character, byte;
} cursor;

typedef struct reader {
    config_inside *in;
    tree *tree;
    size_t open[TREE_DEPTH_MAX]; /* the collections around the next node */
    size_t depth;
    size_t documents;
    cursor cursor;
    bool ended;
} reader;

const node *tree_node(const tree *t, size_t index)
{
    return index == 0 ? NULL : &t->nodes[index];
}

void tree_done(tree *t)
{
    free(t->nodes);
    *t = (tree){0};
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static bool continues(const source *s, size_t byte)
{
    return byte < s->len && ((unsigned char)s->text[byte] & 0xc0) == 0x80;
}

static size_t byte_of(reader *r, size_t character)
{
    const source *s = &r->in->source;
    cursor *c = &r->cursor;
    while (c->character < character && c->byte < s->len) {
        do
            c->byte++;
        while (continues(s, c->byte));
        c->character++;
    }
    while (c->character > character) {
        do
            c->byte--;
        while (continues(s, c->byte));
        c->character--;
    }
    return c->byte;
}

static span part_of(reader *r, const yaml_event_t *event)
{
    size_t start = byte_of(r, event->start_mark.index);
    return (span){start, byte_of(r, event->end_mark.index)};
}

/* ---- What is not taken ------------------------------------------------------------------------------------------- */

static int refuse(reader *r, span part, const char *what, const char *note)
{
    config_position at = position_in_file(r->in, part);
    if (error_add(r->in, &at, "%s", what) != 0)
        return -1;
    return note != NULL ? error_note(r->in, NULL, "%s", note) : 0;
}

/* Where a node is marked, the mark comes first. */
static span mark_of(const source *s, span part)
{
    size_t end = part.start;
    while (end < s->len && end - part.start < 80 && strchr(" \t\r\n,[]{}", s->text[end]) == NULL)
        end++;
    return (span){part.start, end};
}

static int refuse_marks(reader *r, span part, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    span mark = mark_of(&r->in->source, part);
    if (anchor != NULL && refuse(r, mark, "anchors ('&') are not allowed", "write the value where it is used") != 0)
        return -1;
    if (tag == NULL)
        return 0;
    return refuse(r, mark, "tags ('!') are not allowed", "every setting has one type, which needs no tag");
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

static void link_node(reader *r, size_t index)
{
    tree *t = r->tree;
    if (r->depth == 0) {
        t->root = index;
        return;
    }
    node *parent = &t->nodes[r->open[r->depth - 1]];
    if (parent->last == 0)
        parent->first = index;
    else
        t->nodes[parent->last].next = index;
    parent->last = index;
}

static int add_node(reader *r, node n)
{
    tree *t = r->tree;
    if (t->count == TREE_NODES_MAX) {
        r->ended = true;
        return refuse(r, n.part, "the file has too many entries", NULL);
    }
    if (array_reserve((void **)&t->nodes, &t->capacity, t->count + 2, sizeof(*t->nodes)) != 0)
        return -1;
    if (t->count == 0)
        t->nodes[t->count++] = (node){0};
    t->nodes[t->count] = n;
    link_node(r, t->count);
    t->count++;
    return 0;
}

static int add_scalar(reader *r, const yaml_event_t *event)
{
    const char *text = inside_copy(r->in, (const char *)event->data.scalar.value, event->data.scalar.length);
    if (text == NULL)
        return -1;
    node n = {.kind = NODE_SCALAR,
              .is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
              .part = part_of(r, event),
              .text = text,
              .len = event->data.scalar.length};
    if (refuse_marks(r, n.part, event->data.scalar.anchor, event->data.scalar.tag) != 0)
        return -1;
    return add_node(r, n);
}

static int open_node(reader *r, const yaml_event_t *event, node_kind kind)
{
    bool is_mapping = kind == NODE_MAPPING;
    node n = {.kind = kind, .part = part_of(r, event)};
    if (refuse_marks(r, n.part, is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
                     is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag) != 0)
        return -1;
    if (r->depth == TREE_DEPTH_MAX) {
        r->ended = true;
        return refuse(r, n.part, "nested too deeply", NULL);
    }
    if (add_node(r, n) != 0)
        return -1;
    if (!r->ended)
        r->open[r->depth++] = r->tree->count - 1;
    return 0;
}

static int add_alias(reader *r, const yaml_event_t *event)
{
    span part = part_of(r, event);
    if (refuse(r, part, "aliases ('*') are not allowed", "write the value out, in quotes if it begins with '*'") != 0)
        return -1;
    return add_node(r, (node){.kind = NODE_ALIAS, .part = part});
}

/* ---- Events ------------------------------------------------------------------------------------------------------ */

static int begin_document(reader *r, const yaml_event_t *event)
{
    if (r->documents++ == 0)
        return 0;
    r->ended = true;
    return refuse(r, part_of(r, event), "a second document begins here",
                  "a configuration is one document; remove the '---'");
}

/* 0 or -1. Sets r->ended after the last event. */
static int take_event(reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(r, event);
    case YAML_SCALAR_EVENT:
        return add_scalar(r, event);
    case YAML_ALIAS_EVENT:
        return add_alias(r, event);
    case YAML_MAPPING_START_EVENT:
        return open_node(r, event, NODE_MAPPING);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(r, event, NODE_SEQUENCE);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return 0;
    case YAML_STREAM_END_EVENT:
        r->ended = true;
        return 0;
    default:
        return 0;
    }
}

/* The parser has failed: says why. */
static int tell_problem(reader *r, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return -1;
    problem p = {.text = parser->problem != NULL ? parser->problem : "this cannot be read",
                 .context = parser->context,
                 .at = parser->problem_offset};
    if (parser->error != YAML_READER_ERROR) {
        p.at = byte_of(r, parser->problem_mark.index);
        p.context_at = byte_of(r, parser->context_mark.index);
    }
    return problem_tell(r->in, &p);
}

static int read_events(reader *r, yaml_parser_t *parser)
{
    yaml_event_t event;
    int rc = 0;
    while (rc == 0 && !r->ended) {
        if (!yaml_parser_parse(parser, &event))
            return tell_problem(r, parser);
        rc = take_event(r, &event);
        yaml_event_delete(&event);
    }
    return rc;
}

int tree_read(config_inside *in, tree *ret_tree)
{
    *ret_tree = (tree){0};
    reader r = {.in = in, .tree = ret_tree};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return -1;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)in->source.text, in->source.len);
    int rc = read_events(&r, &parser);
    yaml_parser_delete(&parser);
    return rc;
}
