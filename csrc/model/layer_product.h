/* A layer: its products by tiles, whatever its weights and inputs are held in, and its way forward and back. */
#ifndef VAEI_LAYER_PRODUCT_H
#define VAEI_LAYER_PRODUCT_H

#include "model/crew.h"

/* What a layer reads in float32: x, z or the outputs of the layer below, rows *row floats apart. */
const float *vaei_layer_input(const vaei_pass *pass, uint32_t layer, size_t *row);

/* Makes the crew's rows of a layer's input ready for its products: with weights in bytes they are rounded to bytes. Ends with
 * a barrier then; the input must be complete when it is called. */
void vaei_layer_begin(vaei_pass *pass, const vaei_crew *crew, uint32_t layer);

/* c = x W + b of one tile, before the activation. c: the tile's place. */
void vaei_layer_product(const vaei_pass *pass, uint32_t layer, const vaei_tile *tile, float *c, size_t c_row);

/* dx = dy W^T of one tile, perhaps as the sum of two halves (vaei_pass_half), before the derivative of the activation below. The tile's panels are the layer's inputs. */
void vaei_layer_product_back(const vaei_pass *pass, uint32_t layer, const vaei_tile *tile, float *dx, size_t dx_row);

/* y = activation(x W + b) for the crew's rows: [rows, inputs] → [rows, units]. Ends with a barrier; of the team, and begins with one,
 * where that shares the layer's columns. */
void vaei_layer_forward(vaei_pass *pass, const vaei_crew *crew, uint32_t layer);

/* From a layer's dy to that of the hidden layer below: dx = dy W^T for the crew's rows, [rows, units] → [rows, inputs], and
 * then through the activation. Ends with a barrier of the crew; where the team shares the layer's columns it meets before. */
void vaei_layer_backward(vaei_pass *pass, const vaei_crew *crew, uint32_t layer);

#endif
