/* memory.h - the reference backend: the state in this process, behind a mutex. It has no options. */
#ifndef MEMORY_H
#define MEMORY_H

#include <allot/backend.h>

extern const allot_backend_ops memory_backend_ops;

/* A store that several handles of one process share, passed as allot_backend_config.shared. These are part of the
 * application API, and described in <allot/allot.h>, which a backend does not include. */
typedef struct allot_memory allot_memory;
ALLOT_API allot_memory *allot_memory_new(void);
ALLOT_API void allot_memory_free(allot_memory *memory);

#endif
