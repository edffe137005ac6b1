#pragma once

#include <malloc.h>

/* See mallopt(3). Other C libraries have allocators that decide for themselves. */
static inline void cmalloc_keep(int arenas, int mapping_threshold, int trim_threshold) {
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, arenas);
    mallopt(M_MMAP_THRESHOLD, mapping_threshold);
    mallopt(M_TRIM_THRESHOLD, trim_threshold);
#endif
}

static inline void cmalloc_give_back(void) {
#ifdef M_ARENA_MAX
    malloc_trim(0);
#endif
}
