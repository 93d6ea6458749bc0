/* allot/version.h - the version of the library. While the major number is 0, a minor release may change the ABI;
 * backend.h and strategy.h carry their own ABI numbers, which are checked when a module is loaded. */
#ifndef ALLOT_VERSION_H
#define ALLOT_VERSION_H

#define ALLOT_VERSION_MAJOR 0
#define ALLOT_VERSION_MINOR 1
#define ALLOT_VERSION_PATCH 0
#define ALLOT_VERSION_STRING "0.1.0"

#endif
