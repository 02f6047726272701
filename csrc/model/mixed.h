/* bfloat16 in a pass: the same phases as in float32, with operands rounded to bf16 as they are computed.
 *
 * Rounded are the operands of matrix products alone: x, z, the outputs of hidden layers, the gradients before activations,
 * and a copy of the weights that the update keeps. Sums, biases, activations, the latent variables, the loss and Adam with
 * its moments and its weights are float32. A value is rounded once, where it is computed, into the one or two packings that
 * its products read; hidden outputs and their gradients are kept in no other form.
 *
 * Tiles begin at even rows, since a packing holds pairs of rows. An element of a product is one chain of additions as in
 * float32, so here too its bits depend on neither tiles nor threads. */
#ifndef VAEI_MIXED_H
#define VAEI_MIXED_H

#include "model/pass.h"

/* Takes the operands from the pass's arena, or plans them. pass->mixed.kernels is set. */
void vaei_mixed_lay_out(vaei_pass *pass);

/* A member's share of rows, in whole pairs of them. */
vaei_range vaei_mixed_pairs(vaei_member member, size_t rows);

/* The same of a crew's rows, `each` an example; those begin at an even one. */
vaei_range vaei_mixed_share(const vaei_crew *crew, size_t each);

/* Rows of a float matrix into an operand; share.begin is even. */
void vaei_mixed_pack_rows(const vaei_pass *pass, const vaei_operand *to, vaei_range share, const float *from,
                          size_t row, size_t columns);

/* The phases of one layer; they do not end with a barrier. A hidden layer's output becomes an operand, the head's stays
 * float32. */
void vaei_mixed_layer_forward(vaei_pass *pass, const vaei_crew *crew, uint32_t layer);

/* From a layer's dy to that of the layer below, or to dz: [rows, latents] for the decoder's first layer. */
void vaei_mixed_layer_backward(vaei_pass *pass, const vaei_crew *crew, uint32_t layer);

/* As vaei_crew_work; tilings count rows in pairs. */
vaei_work vaei_mixed_work(const vaei_pass *pass, const vaei_crew *crew, size_t each, uint32_t panels);

/* Tile `index` of a matrix with `rows` rows in all. */
vaei_tile vaei_mixed_tile_at(const vaei_tiling *tiling, size_t index, uint32_t rows);

/* The product of a tile of the output layer into c, rows VAEI_MAX_TILE_COLUMNS apart. */
void vaei_mixed_output_tile(const vaei_pass *pass, const vaei_tile *tile, float *c);

/* The gradient of that tile, rows VAEI_MAX_TILE_COLUMNS apart. */
void vaei_mixed_keep_output_gradient(vaei_pass *pass, const vaei_tile *tile, const float *d);

/* dW of a layer's input rows [row, row_end) and panels, and with them the bias's; stored as in update.c. */
void vaei_mixed_gradient(const vaei_pass *pass, uint32_t layer, uint32_t row, uint32_t row_end, bool bias,
                         uint32_t panel, uint32_t panel_end, float *to, size_t to_panel);

/* The bf16 copies of the same rows of weights, of one panel; row is a multiple of 16. weights: of row `row`, 16 apart. */
void vaei_mixed_copy_weights(vaei_pass *pass, uint32_t layer, uint32_t row, uint32_t row_end, uint32_t panel,
                             const float *weights);

/* The first row of an operand that holds something not finite, or rows. */
size_t vaei_mixed_first_bad_row(const vaei_operand *x, size_t rows, size_t columns);

#endif
