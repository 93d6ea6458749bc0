/* call.h - the one place from which a backend is called.
 *
 * It holds a handle and checks, with asserts, what backend.h promises of every answer: exactly one for each op, none
 * from within submit, within a lane in the order of submission, of the op's kind, complete for its status. A test that
 * wants faults gives a table of functions of its own, around the real one, to call_open.
 *
 * Threads: one at a time. */
#ifndef RUNTIME_CALL_H
#define RUNTIME_CALL_H

#include <allot/backend.h>

/* Ops without an answer yet, in the order of submission. */
typedef struct call_lane {
    const allot_op **ops;
    size_t capacity, count;
} call_lane;

typedef struct call {
    const allot_backend_ops *ops;
    allot_backend *handle;  /* NULL: not open */
    const allot_sink *sink; /* NULL: the backend must not deliver anything */
    call_lane control, bulk;
} call;

/* Errors: those of the backend's open. On failure the call is not open. */
int call_open(call *c, const allot_backend_ops *ops, const allot_backend_config *config, allot_error *ret_error);

/* 0, or ALLOT_E_NOMEM: then the op was not submitted. */
int call_submit(call *c, const allot_op *op);
void call_process(call *c, const allot_sink *sink);
int call_fd(call *c);
int64_t call_deadline_us(call *c);

/* Every op has had its answer then; nobody is told. Does nothing when it is not open. */
void call_close(call *c);

/* In a child of fork(): gives back descriptors and memory, and delivers nothing. */
void call_close_in_child(call *c);

#endif
