#include "tests/unit/allocations.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

/* A malloc has no handle to keep its state in. */
static atomic_long until_failure = -1;
static atomic_bool failed;
static atomic_long live;

void allocations_fail_after(long n)
{
    failed = false;
    until_failure = n;
}

bool allocations_have_failed(void)
{
    return failed;
}

long allocations_live(void)
{
    return live;
}

#ifdef SANITIZED

bool allocations_can_fail(void)
{
    return false;
}

#else

/* For the libraries of this program too: what one side allocates, the other may free. */
#define REPLACES __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

bool allocations_can_fail(void)
{
    return true;
}

static bool is_due(void)
{
    if (until_failure < 0)
        return false;
    if (atomic_fetch_sub(&until_failure, 1) != 0)
        return false;
    failed = true;
    return true;
}

static void *counted(void *memory)
{
    live += memory != NULL;
    return memory;
}

REPLACES void *malloc(size_t size)
{
    return is_due() ? NULL : counted(__libc_malloc(size));
}

REPLACES void *calloc(size_t count, size_t size)
{
    return is_due() ? NULL : counted(__libc_calloc(count, size));
}

REPLACES void *realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return malloc(size);
    return is_due() ? NULL : __libc_realloc(memory, size);
}

REPLACES void free(void *memory)
{
    live -= memory != NULL;
    __libc_free(memory);
}

#endif
