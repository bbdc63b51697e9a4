#pragma once

#include <stdbool.h>
#include <stddef.h>

/** One file of the repository inside the binary. */
struct pao_asset {
    /** From the root of the repository: "web-static/index.html". */
    const char *path;
    /** One gzip member, or the file as it is where compressing saves less than a tenth. */
    const unsigned char *stored;
    size_t stored_size;
    bool is_gzip;
    /** Of the file. */
    size_t size;
    /** The first 32 hexadecimal digits of the SHA-256 of the file. */
    const char *digest;
};

size_t pao_asset_count(void);

/** In byte order of their paths; `index` must be below the count. */
const struct pao_asset *pao_asset_at(size_t index);
