/* value.h - reading a value as what its setting should be. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/config.h"

#define VALUE_MESSAGE_BYTES 384
#define VALUE_HINT_BYTES 64

/* What is wrong with a value. */
typedef struct value_fault {
    char message[VALUE_MESSAGE_BYTES]; /* "expected a duration with a unit, for example 10s; got '10'" */
    char hint[VALUE_HINT_BYTES];       /* a value that may have been meant; "": none */
    bool is_form;                      /* it is no duration, number, ... at all, or out of its range */
} value_fault;

/* True when the text can be this setting's value; then *ret_number is it, for those that are numbers. Otherwise false,
 * and *ret_fault says why. CONFIG_OPTIONS: the value of one of them. */
bool value_read(const config_key *key, const char *text, size_t len, int64_t *ret_number, value_fault *ret_fault);

/* "a duration with a unit, for example 10s": what the setting takes, as messages and the documentation say it. */
void value_wanted(const config_key *key, char *ret_text, size_t size);

/* The limits of CONFIG_DURATION and CONFIG_INTEGER as they would be written. */
#define VALUE_LIMIT_BYTES 24
void value_limit(const config_key *key, int64_t limit, char ret_text[VALUE_LIMIT_BYTES]);

#endif
