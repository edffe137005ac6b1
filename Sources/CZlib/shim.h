#pragma once
#include <zlib.h>

/* deflateInit2 is a macro, which Swift cannot call. 15 + 16: the largest window, with a gzip header and trailer. */
static inline int czlib_deflate_init_gzip(z_streamp stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
