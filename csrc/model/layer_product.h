/* x W + b of a layer by tiles, whatever its weights are held in. */
#ifndef VAEI_LAYER_PRODUCT_H
#define VAEI_LAYER_PRODUCT_H

#include "model/pass.h"

/* Makes the crew's rows of x, `each` an example, ready for the layer's products: with weights in bytes they are rounded to
 * bytes. Ends with a barrier then; x must be complete when it is called. */
void vaei_layer_begin(vaei_pass *pass, const vaei_crew *crew, uint32_t layer, const float *x, size_t x_row,
                      size_t each);

/* One product may do several tiles of a single row. Returns how many of the tiles from `index` to `end` it takes and sets
 * *tile to all of them together. */
size_t vaei_layer_take(const vaei_pass *pass, const vaei_tiling *tiling, size_t index, size_t end, vaei_tile *tile);

/* c = x W + b of one tile, before the activation. x: the rows that vaei_layer_begin was given. c: the tile's place. */
void vaei_layer_product(const vaei_pass *pass, uint32_t layer, const vaei_tile *tile, const float *x, size_t x_row,
                        float *c, size_t c_row);

#endif
