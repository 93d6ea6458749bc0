/* memory.h - the reference backend: the state in this process, behind a mutex. It has no options. */
#ifndef MEMORY_H
#define MEMORY_H

#include <allot/backend.h>

/* A store that several handles of one process share, passed as allot_backend_config.shared. */
typedef struct allot_memory allot_memory;

/* NULL: out of memory. */
allot_memory *allot_memory_new(void);
/* After the last handle was closed. Takes NULL. */
void allot_memory_free(allot_memory *memory);

const allot_backend_ops *allot_backend_memory(void);

#endif
