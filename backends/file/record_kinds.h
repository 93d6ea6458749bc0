/* record_kinds.h - the words of the op kinds in the journal, and what fields follow each. */
#ifndef FILE_RECORD_KINDS_H
#define FILE_RECORD_KINDS_H

#include <allot/backend.h>

typedef enum file_fields {
    FILE_FIELDS_NONE,
    FILE_FIELDS_JOIN,
    FILE_FIELDS_BEAT,
    FILE_FIELDS_ADD,
    FILE_FIELDS_ASSIGN,
    FILE_FIELDS_DEAL,
    FILE_FIELDS_RECALL,
    FILE_FIELDS_TARGET,
    FILE_FIELDS_PUBLISH,
    FILE_FIELDS_ITEMS,
    FILE_FIELDS_UNPARK,
    FILE_FIELDS_READ
} file_fields;

const char *file_kind_name(allot_op_kind kind);
file_fields file_fields_of(allot_op_kind kind);
/* False when no kind has that name. */
bool file_kind_of(allot_bytes name, allot_op_kind *ret_kind);

#endif
