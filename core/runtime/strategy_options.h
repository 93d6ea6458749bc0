/* strategy_options.h - the options that a strategy declares, and their values. */
#ifndef RUNTIME_STRATEGY_OPTIONS_H
#define RUNTIME_STRATEGY_OPTIONS_H

#include <allot/error.h>
#include <allot/strategy.h>

enum { STRATEGY_OPTIONS_MAX = 64 };

/* Whether the declaration is in order: names, types, ranges, and that each default is a value. Pointers have to be NULL
 * or valid. `path` is for the message. Errors: MODULE. */
int strategy_options_check(const char *path, const allot_strategy_ops *ops, allot_error *ret_error);

/* Reads the options that were given, `count` of them, into ret_values (ops->option_count), which may point to their
 * texts. The declaration is in order. Errors: INVALID. */
int strategy_options_read(const allot_strategy_ops *ops, const allot_option *options, uint32_t count,
                          allot_strategy_value *ret_values, allot_error *ret_error);

#endif
