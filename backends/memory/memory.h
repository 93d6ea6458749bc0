/* memory.h - the reference backend: the state in this process, behind a mutex. It has no options. */
#ifndef MEMORY_H
#define MEMORY_H

#include <allot/allot.h> /* allot_memory, which several handles of one process share */
#include <allot/backend.h>

const allot_backend_ops *allot_backend_memory(void);

#endif
