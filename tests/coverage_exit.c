/* Linked into every program of a build with ALLOT_COVERAGE: a process that ends by _exit (a forked child of the
 * simulator or of a test) writes down what it has reached. */
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));

void __wrap__exit(int code)
{
    __gcov_dump();
    __real__exit(code);
}
