/* What a pass holds for bfloat16 products: the operands of every layer, in the packings of kernels/bf16.h. */
#ifndef VAEI_MIXED_TYPES_H
#define VAEI_MIXED_TYPES_H

#include "kernels/bf16.h"

/* A batch's values of one kind, rounded to bf16: rows x columns. */
typedef struct vaei_operand {
  uint32_t *across; /* [rows][across_row]; NULL where no sum over the columns is wanted */
  uint32_t *along;  /* [ceil(rows / 2)][along_row] */
  size_t across_row, along_row;
} vaei_operand;

typedef struct vaei_mixed_layer {
  vaei_operand y;       /* outputs of a hidden layer, which exist in this form only */
  vaei_operand dy;      /* gradients before the activation, likewise */
  uint32_t *weights;    /* [panels][ceil(inputs / 2)][16]: pairs of inputs; without the biases */
  uint32_t *transposed; /* [input panels][ceil(units / 2)][16]: pairs of units; NULL where no dx is wanted */
} vaei_mixed_layer;

typedef struct vaei_mixed {
  const vaei_bf16_kernels *kernels; /* NULL: products are of float32 */
  vaei_operand x, z;
  vaei_operand c;           /* of a conditional prior's net */
  vaei_mixed_layer *layers; /* as model->dense */
} vaei_mixed;

#endif
