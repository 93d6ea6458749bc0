/* allot/types.h - words, numbers and limits that every allot header shares.
 *
 * Units: every duration and instant ends in its unit; `_us` is microseconds (int64_t), `_ms` milliseconds.
 * An instant named `boot_us` lies on CLOCK_BOOTTIME, `store_us` on the store's own clock. */
#ifndef ALLOT_TYPES_H
#define ALLOT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ALLOT_API __attribute__((visibility("default")))
#else
#define ALLOT_API
#endif

/* Limits (DESIGN §10). Beyond them: a clear error, never a truncation. */
#define ALLOT_ID_BYTES_MAX 255u           /* an id: 1 to 255 bytes of UTF-8 without control characters */
#define ALLOT_PAYLOAD_BYTES_MAX 65536u    /* a payload: up to 64 KiB */
#define ALLOT_NAME_BYTES_MAX 128u         /* a slot's name, host or container */
#define ALLOT_GROUP_BYTES_MAX 64u         /* a group: [A-Za-z0-9_-][A-Za-z0-9._-]* */
#define ALLOT_REASON_BYTES_MAX 255u       /* why an id failed */
#define ALLOT_SLOTS_MAX 10000u            /* slots of a group */
#define ALLOT_POOL_IDS_MAX 10000000u      /* ids of a group */
#define ALLOT_TTL_US_MIN INT64_C(1000000) /* lease.ttl: at least one second */
#define ALLOT_SEGMENT_IDS_MAX 1024u       /* ids of one segment */
#define ALLOT_OP_ITEMS_MAX 512u           /* ids or segments that one op carries: done whole or not at all */
#define ALLOT_DEAL_SOURCES_MAX 64u        /* segments that one deal cuts anew */
#define ALLOT_DEAL_PILES_MAX 1024u        /* segments that it makes of them */
#define ALLOT_OP_UNANSWERED_MAX 64u       /* ops of one session that may be unanswered at once */
#define ALLOT_WORKING_MAX 1024u           /* ids a replica may name as "at work on" */
#define ALLOT_UUID_TEXT_BYTES 37u         /* 8-4-4-4-12 and a NUL */

/* The random name of a slot, a session or a life. All zero: none. */
typedef struct allot_uuid {
    uint8_t bytes[16];
} allot_uuid;

/* An option of a backend or a strategy, both texts NUL-terminated. */
typedef struct allot_option {
    const char *key;
    const char *value;
} allot_option;

/* Bytes that belong to somebody else; never NUL-terminated by contract. */
typedef struct allot_bytes {
    const char *data;
    uint32_t len;
} allot_bytes;

#ifdef __cplusplus
}
#endif
#endif
