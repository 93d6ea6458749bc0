/* backend_driver.h - one handle of a backend, driven from a test: one op after the other, or many at once.
 *
 * The driver checks what holds for every answer of every backend, and ends the process with a message when it does not:
 * exactly one answer per op (also at close), none from within submit, answers in the order of submission within a lane,
 * kind and cookie as submitted, a reason exactly for refusals, a message exactly for UNAVAILABLE and UNKNOWN. So a test
 * that drives a backend through here tests these rules too.
 *
 * Threads: one at a time. Free of Check, so that forked processes can use it. */
#ifndef TESTS_BACKEND_DRIVER_H
#define TESTS_BACKEND_DRIVER_H

#include <allot/backend.h>

typedef struct driver driver;

/* Opens a handle. Returns what the backend's open returned. *ret_driver is the caller's, for driver_close. */
int driver_open(const allot_backend_ops *ops, const allot_backend_config *config, driver **ret_driver,
                allot_error *ret_error);

/* Closes the backend's handle; every op has its answer then. The answers stay until driver_close. */
void driver_shut(driver *d);

/* Shuts (unless that is done) and frees. Takes NULL. */
void driver_close(driver *d);

/* Submits an op and returns its cookie (1, 2, 3 ...; op->cookie is not looked at). The driver keeps a copy of the op;
 * what it points to stays the caller's, unchanged until the answer. */
uint64_t driver_submit(driver *d, const allot_op *op);

/* Calls the backend's process() once. */
void driver_process(driver *d);

/* True when the descriptor is readable, or the backend's deadline has come, within `timeout_ms`. Does not process. */
bool driver_ready(driver *d, int timeout_ms);

/* The answer to an op, or NULL as long as there is none. A copy: valid until driver_forget or driver_close. */
const allot_answer *driver_answer(const driver *d, uint64_t cookie);

/* Processes until the op is answered; NULL after `timeout_ms`. */
const allot_answer *driver_await(driver *d, uint64_t cookie, int timeout_ms);

/* Submits, and awaits the answer for at most ten seconds; without one, ends the process. */
const allot_answer *driver_call(driver *d, const allot_op *op);

/* Answers so far, and the n-th of them (from 0) in the order of delivery. */
size_t driver_answer_count(const driver *d);
const allot_answer *driver_nth_answer(const driver *d, size_t n);
size_t driver_pending_count(const driver *d);

/* Forgets all answers so far. */
void driver_forget(driver *d);

/* Hints of one kind since the last driver_clear_hints. */
uint64_t driver_hint_count(const driver *d, allot_hint hint);
void driver_clear_hints(driver *d);
/* Waits, by descriptor and deadline alone, until there is a hint of this kind. False after `timeout_ms`. */
bool driver_await_hint(driver *d, allot_hint hint, int timeout_ms);

/* Notes so far; the last one, or "". */
uint64_t driver_note_count(const driver *d);
const char *driver_last_note(const driver *d);

const allot_backend_ops *driver_ops(const driver *d);

#endif
