/* validate.h - rule 9 of docs/protocol.md, for every backend. Pure. */
#ifndef STORE_VALIDATE_H
#define STORE_VALIDATE_H

#include <allot/backend.h>

#define STORE_NUMBER_END (UINT64_C(1) << 53) /* numbers of this and more are malformed */

/* INVALID or LIMIT when the op is malformed whatever the state, else ALLOT_REFUSED_NOTHING. */
allot_reason store_validate(const allot_op *op);

#endif
