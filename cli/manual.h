/* manual.h - the pages of the manual, as sources for scdoc, from the tables of verbs and options. */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

/* Writes the source of each page, allot.1.scd, allot-VERB.1.scd and allot.yaml.5.scd, into a directory. Returns an exit
 * code. */
int manual_write(const char *directory);

#endif
