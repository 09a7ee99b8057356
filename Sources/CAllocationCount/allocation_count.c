// Counts allocations by standing in front of glibc's allocator: what an executable defines is found before what its
// libraries define, so that Swift's runtime, Foundation and BoringSSL come here too. glibc's manual allows replacing
// malloc so ("Replacing malloc"); the work itself is left to glibc under the names it exports for this.
// Counters are the thread's own: counting costs no lock and no shared cache line.

#include "allocation_count.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__GLIBC__)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *pointer);

static _Thread_local struct allocation_count counted __attribute__((tls_model("initial-exec")));

static void count(size_t size) {
    counted.calls += 1;
    counted.bytes += size;
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t elements, size_t size) {
    // The product may overflow, which glibc refuses; the counter wraps then.
    count(elements * size);
    return __libc_calloc(elements, size);
}

void *realloc(void *pointer, size_t size) {
    count(size);
    return __libc_realloc(pointer, size);
}

void free(void *pointer) { __libc_free(pointer); }

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **pointer, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *memory = memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *pointer = memory;
    return 0;
}

struct allocation_count allocation_count_of_thread(void) { return counted; }
bool allocation_count_is_available(void) { return true; }

#else

struct allocation_count allocation_count_of_thread(void) { return (struct allocation_count){0, 0}; }
bool allocation_count_is_available(void) { return false; }

#endif
