#pragma once

#include <stdbool.h>
#include <stdint.h>

/// What the calling thread has asked of the allocator since it began.
struct allocation_count {
    /// Calls of malloc, calloc, realloc and their aligned kin.
    uint64_t calls;
    /// Bytes that they asked for.
    uint64_t bytes;
};

/// Reads the calling thread's counters.
struct allocation_count allocation_count_of_thread(void);

/// Whether allocations are counted on this platform (glibc alone).
bool allocation_count_is_available(void);
