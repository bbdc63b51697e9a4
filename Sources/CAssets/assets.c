#include "assets.h"

/* scripts/embed-assets writes the table; a build without it has an empty one. */
#if __has_include(".generated/assets.inc")
#pragma clang diagnostic ignored "-Wc23-extensions"
#include ".generated/assets.inc"
#else
static const struct pao_asset table[] = {{0}};
static const size_t count = 0;
#endif

size_t pao_asset_count(void) { return count; }

const struct pao_asset *pao_asset_at(size_t index) { return &table[index]; }
