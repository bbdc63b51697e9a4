#pragma once

#include <sodium.h>

#include <malloc.h>

/* Not in Swift's module of the C library. */
static inline void pao_trim_heap(void) { malloc_trim(0); }
static inline void pao_return_large_blocks(int size) { mallopt(M_MMAP_THRESHOLD, size); }
