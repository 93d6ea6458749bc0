/* file.h - the file backend: a group in a directory, for replicas of one machine.
 *
 * The state is the one of backends/store; what lies on disk is a journal of the ops that changed it, which every
 * process replays. docs/file.md says what is kept where and what is promised.
 *
 * Options: `path` (./.allot), `fsync` (pool, always, never), `force` (true: any file system). For tests: `boot_id` (a
 * UUID in place of the machine's), `compact_above` (bytes that a journal may have before it is rewritten). */
#ifndef BACKENDS_FILE_H
#define BACKENDS_FILE_H

#include <allot/backend.h>

extern const allot_backend_ops file_backend_ops;

#endif
