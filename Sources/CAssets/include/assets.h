#pragma once

#include <stddef.h>

/** One file of the repository inside the binary. */
struct pao_asset {
    /** From the root of the repository: "web-static/index.html". */
    const char *path;
    const unsigned char *bytes;
    size_t size;
    /** The same, compressed; NULL where that saves nothing. */
    const unsigned char *gzip;
    size_t gzip_size;
    /** The first 32 hexadecimal digits of the SHA-256 of `bytes`. */
    const char *digest;
};

size_t pao_asset_count(void);

/** In byte order of their paths; `index` must be below the count. */
const struct pao_asset *pao_asset_at(size_t index);
