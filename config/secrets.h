/* secrets.h - what is never shown: passwords in urls, and options that are called like secrets. */
#ifndef CONFIG_SECRETS_H
#define CONFIG_SECRETS_H

#include "base/bytes.h"

#include <stdbool.h>

/* True for "password", "api_token", "Secret"; false for what names a file: "password_file". */
bool secret_is_name(const char *name, size_t len);

/* Appends a value with the password of a url in it as "***". 0 or -1. */
int secret_append_url(bytes *to, const char *value);

/* Overwrites secrets in a line of a file with '*', each byte by one. */
void secret_mask_line(char *line, size_t len);

#endif
