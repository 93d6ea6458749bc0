/* options.h - the options of the redis backend. */
#ifndef REDIS_OPTIONS_H
#define REDIS_OPTIONS_H

#include "backends/redis/address.h"

#include <allot/backend.h>

#define REDIS_PREFIX_BYTES_MAX 128u

typedef struct redis_options {
    redis_address address;
    char *prefix; /* of every key and channel */
} redis_options;

/* url (default redis://127.0.0.1:6379/0), key_prefix (default allot:{GROUP}:), username, password_file. Errors: INVALID
 * (an unknown key is named, with the known ones), PLACE, NOMEM. */
int redis_options_read(const allot_backend_config *config, redis_options *ret_options, allot_error *ret_error);
void redis_options_done(redis_options *options);

#endif
