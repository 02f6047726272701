/* bfloat16 in a pass: the same phases as in float32, with operands rounded to bf16 as they are computed.
 *
 * Rounded are the operands of matrix products alone: x, z, the outputs of hidden layers, the gradients before activations,
 * and a copy of the weights that the update keeps. Sums, biases, activations, the latent variables, the loss and Adam with
 * its moments and its weights are float32. A value is rounded once, where it is computed, into the one or two packings that
 * its products read; hidden outputs and their gradients are kept in no other form.
 *
 * Tiles begin at even rows, since a packing holds pairs of rows. An element of a product is one chain of additions, or two, as
 * in float32, so here too its bits depend on neither tiles nor threads; nor on the parts of a batch, as long as those are whole
 * pairs, which an odd number of samples is not that comes in several parts for each example. */
#ifndef VAEI_MIXED_H
#define VAEI_MIXED_H

#include "model/pass.h"

/* Takes the operands from the pass's arena, or plans them. pass->mixed.kernels is set. */
void vaei_mixed_lay_out(vaei_pass *pass);

/* Rows of a float matrix into an operand; share.begin is even. */
void vaei_mixed_pack_rows(const vaei_pass *pass, const vaei_operand *to, vaei_range share, const float *from,
                          size_t row, size_t columns);

/* A tile into and out of an operand; the floats' rows are VAEI_MAX_TILE_COLUMNS apart. */
void vaei_mixed_pack_tile(const vaei_pass *pass, const vaei_operand *to, const vaei_tile *tile, const float *from);
void vaei_mixed_unpack_tile(const vaei_pass *pass, const vaei_operand *from, const vaei_tile *tile, float *to);

/* As vaei_layer_product, and the part of vaei_layer_product_back that comes from some units, an even one the first. */
void vaei_mixed_product(const vaei_pass *pass, uint32_t layer, const vaei_tile *tile, float *c, size_t c_row);
void vaei_mixed_product_back(const vaei_pass *pass, uint32_t layer, const vaei_tile *tile, vaei_range units, float *dx,
                             size_t dx_row);

/* dW of a task and with it the bias's, from start (NULL: zero; stored as g); panels of start are start_panel floats apart,
 * those of g g_panel. */
void vaei_mixed_gradient(const vaei_pass *pass, const vaei_task *task, const float *start, size_t start_panel, float *g,
                         size_t g_panel);

/* The bf16 copies of a task's weights of one panel, which begin at `weights`, rows 16 floats apart. */
void vaei_mixed_copy_weights(vaei_pass *pass, const vaei_task *task, uint32_t panel, const float *weights);

/* The first row of an operand that holds something not finite, or rows. */
size_t vaei_mixed_first_bad_row(const vaei_operand *x, size_t rows, size_t columns);

#endif
