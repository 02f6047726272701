/* A pass: one mini-batch through a model, forward and backward, by a team of threads.
 *
 * A pass owns the scratch memory of all layers. Its functions are phases: every member of the team calls them, each
 * does its share, and a phase ends with a barrier where the next one needs the whole result. The order:
 *
 *   gather → encoder → latent → decoder → output and loss → gradients of the activations, back to the first layer
 *   → gradients of the weights, each tile given to Adam at once (vaei_pass_update) or kept (vaei_pass_gradients)
 *
 * Up to the gradients of the activations a member may be alone with its examples (vaei_pass_crew); then "a barrier" below is
 * none, but the one that ends vaei_pass_backward. Every sum has one order, so the bits do not depend on the team's size.
 * n: examples of the batch, K: latent samples each; decoder rows are [K, n], sample by sample. */
#ifndef VAEI_PASS_H
#define VAEI_PASS_H

#include <stdatomic.h>

#include "kernels/kernels.h"
#include "model/mixed_types.h"
#include "model/vae_model.h"
#include "optim/adam.h"
#include "parallel/team.h"

/* A layer's values for the rows of a batch. Rows are `row` floats apart: an odd number of cache lines, so that the rows
 * of a tile do not meet in one cache set. With bf16 products y and dy of hidden layers are NULL: see mixed.h. */
typedef struct vaei_activations {
  float *y;     /* outputs; NULL for the decoder's last layer, whose tiles are used up at once */
  float *slope; /* activation'(x), for the activations whose derivative needs it; else NULL */
  float *dy;    /* gradient before the activation; NULL in a pass without gradients */
  size_t row;
} vaei_activations;

/* Where the caller's per-example terms go. */
typedef struct vaei_terms_view {
  vae_terms terms;
  size_t rows;  /* of the caller's arrays */
  size_t first; /* the row in them that the batch begins at */
} vaei_terms_view;

typedef struct vaei_pass {
  const vaei_kernels *kernels;
  const vae_model *model;
  vae_objective objective;
  uint32_t max_rows, max_draws; /* capacities: examples, and rows of the decoder */
  bool with_gradients;
  uint32_t rows, samples; /* of the current batch: n, and the latent samples that are worked on at a time */
  uint32_t first_sample;  /* of those among all that the objective wants */
  vaei_arena arena;

  float *x; /* [n, x_row] */
  size_t x_row;
  float *noise, *z, *dz;     /* [K n, z_row] */
  float *deviation, *inside; /* [n, z_row] */
  size_t z_row;
  vaei_activations *layers; /* as model->dense */
  vaei_mixed mixed;         /* bf16 operands, in a pass with bf16 products */
  uint32_t column_tiles;    /* of the output layer */
  double log_sigma;         /* of a Gaussian likelihood */
  double *tile_nll;         /* [K n, column_tiles] */
  double *nll;              /* [K n], -log p(x|z) */
  double *log_ratio;        /* [K n], log p(z) - log q(z|x); after the loss log p(x, z) - log q(z|x) */
  double *kl;               /* [n] */
  double *nll_total;        /* [n], sum of nll over the samples so far */
  double *weight_max;       /* [n], the largest log_ratio so far, … */
  double *weight_sum;       /* [n], … and the sum of exp(log_ratio - weight_max) */
  double *example_loss;     /* [n] */
  float *row_weight;        /* [K n]: d loss / d nll */
  float *transposed; /* weights as the gradient of a layer's input reads them; NULL in a bf16 pass, which has `mixed` */
  uint64_t transposed_version; /* of the model that the copy was made from; 0: none was made yet */
  size_t *task_cost;           /* running sum over the weight gradient's tasks: see update.c */
  size_t task_count;

  const vaei_int8_kernels *int8;
  uint8_t *bytes; /* [K n, bytes_row]: a layer's inputs, for weights in bytes; NULL where there are none */
  size_t bytes_row;
  vaei_row_scale *row_scale; /* [K n] */

  _Atomic int not_finite; /* set by any member that meets a NaN or an infinity */
  _Atomic int large;      /* set where a weight's gradient might overflow: see vaei_pass_note_large */
} vaei_pass;

/* Memory for batches of up to max_rows examples and max_draws latent samples in all. bf16: the kernels of bf16 products,
 * for a pass with gradients only; NULL: all products are float32. */
vae_status vaei_pass_open(vaei_pass *pass, const vae_model *model, const vaei_kernels *kernels,
                          const vaei_bf16_kernels *bf16, const vae_allocator *allocator, uint32_t max_rows,
                          uint32_t max_draws, bool with_gradients, vae_error *err);

void vaei_pass_close(vaei_pass *pass);

/* Who works together from the gather to the gradients of the activations: the whole team on all examples, or, where each
 * member gets enough of them in a training step, every member alone on its own, from layer to layer without a barrier. */
typedef struct vaei_crew {
  vaei_member member;  /* within the crew */
  vaei_range examples; /* the crew's */
} vaei_crew;

vaei_crew vaei_pass_crew(const vaei_pass *pass, vaei_member member);

/* The crew's rows in a matrix with `each` rows an example, and a member's share of them. */
static inline vaei_range vaei_crew_rows(const vaei_crew *crew, size_t each) {
  return (vaei_range){crew->examples.begin * each, crew->examples.end * each};
}

static inline vaei_range vaei_crew_share(const vaei_crew *crew, size_t each) {
  const vaei_range rows = vaei_crew_rows(crew, each), share = vaei_team_share(crew->member, rows.end - rows.begin);
  return (vaei_range){rows.begin + share.begin, rows.begin + share.end};
}

/* The size of team that is worth its barriers for `rows` examples: 1 to threads. awake: whether the team goes on to other
 * batches, so that its threads need not be woken for this one alone. */
uint32_t vaei_pass_team(const vaei_pass *pass, size_t rows, uint32_t threads, bool awake);

/* Sets the batch's size, for all the objective's samples at once: rows * samples at most max_draws. To be called while
 * no other member works on the pass. */
void vaei_pass_begin(vaei_pass *pass, uint32_t rows, const vae_objective *objective);

/* Without gradients the samples may be worked on in runs, to bound memory: from the latent phase to the loss for each
 * run in order. The result is the same to the bit. Call it as vaei_pass_begin. */
void vaei_pass_take_samples(vaei_pass *pass, uint32_t first, uint32_t count);

/* A source of rows: row i of the batch is row `order[i]` of the data, or `first + i` where order is NULL. */
typedef struct vaei_source {
  const vae_data *data; /* a full-size copy, checked by the caller */
  const uint32_t *order;
  size_t first;
} vaei_source;

/* Fills x from the data. *bad_row receives the row of the data where a value is outside the likelihood's range; it is
 * left alone where there is none. No barrier. */
void vaei_pass_gather(vaei_pass *pass, vaei_member member, const vaei_source *source, _Atomic size_t *bad_row);

/* Fills noise from the caller's array [K, rows of the array, Z] beginning at row `first`, or draws it: example i has
 * number first + i. No barrier. */
void vaei_pass_copy_noise(vaei_pass *pass, vaei_member member, const float *noise, size_t rows, size_t first);
void vaei_pass_draw_noise(vaei_pass *pass, vaei_member member, const vaei_stream *stream, uint64_t first);

/* x → mean and logvar of q, both in the head layer's y: [n, mean | logvar]. Begins and ends with a barrier. Whether a row was bad
 * is known to all members after it, or in a training step after vaei_pass_backward. */
void vaei_pass_encode(vaei_pass *pass, vaei_member member);

/* Clamps logvar, computes deviation and KL, draws z from noise; sets the rows' weights as far as they are known. Ends with a
 * barrier. */
void vaei_pass_latent(vaei_pass *pass, vaei_member member);

/* z → the decoder's last hidden layer. Ends with a barrier. */
void vaei_pass_decode(vaei_pass *pass, vaei_member member);

/* The likelihood's mean of all decoder rows, into [K n, D] of the caller. Ends with a barrier. */
void vaei_pass_output(vaei_pass *pass, vaei_member member, float *output);

/* The loss of every example against x, the caller's terms, and (with gradients) the gradient of the output. Without gradients it
 * ends with a barrier and pass->not_finite is then settled; in a training step losses and not_finite are to be read after
 * vaei_pass_backward. */
void vaei_pass_loss(vaei_pass *pass, vaei_member member, const vaei_terms_view *terms);

/* The gradients of all activations. Ends with a barrier of the whole team; not_finite and large are then settled. */
void vaei_pass_backward(vaei_pass *pass, vaei_member member);

/* The gradients of all parameters into a block of the model's layout. No barrier. */
void vaei_pass_gradients(vaei_pass *pass, vaei_member member, float *gradients);

/* Sets not_finite where the gradient of a weight is not finite or its square would not be: from `gradients`, or computed
 * for the purpose where that is NULL. Ends with a barrier. Needed only where `large` is set. */
void vaei_pass_check_gradients(vaei_pass *pass, vaei_member member, const float *gradients);

/* Notes whether a tile of activations or of their gradients holds anything of 2^15 or more (or NaN). While neither does, a
 * weight's gradient is below rows * 2^30, so with up to 2^30 rows its square is below 2^120: nothing can overflow, and the
 * gradients need no check of their own before the parameters change. */
static inline void vaei_pass_note_large(vaei_pass *pass, const float *tile, size_t rows, size_t columns, size_t row) {
  if (!pass->kernels->all_below(tile, rows, columns, row, 0x1p15f))
    atomic_store_explicit(&pass->large, 1, memory_order_relaxed);
}

/* One Adam step on `block` (the model's), and on the transposed copy. gradients: NULL computes each tile just before
 * Adam takes it; else those that vaei_pass_gradients left, after a barrier. No barrier. */
void vaei_pass_update(vaei_pass *pass, vaei_member member, const vaei_adam *adam, const vaei_adam_step *step,
                      float *block, const float *gradients);

/* Makes the transposed copy from the model's weights. No barrier. */
void vaei_pass_transpose(vaei_pass *pass, vaei_member member);

/* The sums of the batch's terms over its examples, in their order. */
typedef struct vaei_sums {
  uint64_t examples;
  double loss, reconstruction, kl, penalty;
} vaei_sums;
void vaei_pass_add_sums(const vaei_pass *pass, vaei_sums *sums);

/* Means of sums, as the caller sees them. */
vae_loss vaei_sums_loss(const vaei_sums *sums);

/* The phases that a pass has been through since its batch began; what the others left is of an earlier batch. */
enum { VAEI_RAN_ENCODER = 1, VAEI_RAN_DECODER = 2, VAEI_RAN_LOSS = 4, VAEI_RAN_ALL = 7 };

/* Words for where a NaN or infinity first appears: "the output of layer encoder.0, row 3 of the batch". */
void vaei_pass_diagnose(const vaei_pass *pass, unsigned phases, char *words, size_t size);

/* A tile of a product: rows [row, row_end) and panels [panel, panel_end). */
typedef struct vaei_tile {
  uint32_t row, row_end, panel, panel_end;
} vaei_tile;

/* How a matrix of rows by panels is cut into tiles no larger than the kernels'. Sizes differ by one at most. */
typedef struct vaei_tiling {
  uint32_t first_row, rows, panels, row_tiles, column_tiles;
} vaei_tiling;

static inline vaei_tiling vaei_tiling_of(const vaei_kernels *kernels, vaei_range rows, uint32_t panels) {
  const uint32_t count = (uint32_t)(rows.end - rows.begin);
  return (vaei_tiling){(uint32_t)rows.begin, count, panels, (count + kernels->tile_rows - 1) / kernels->tile_rows,
                       (panels + kernels->tile_panels - 1) / kernels->tile_panels};
}

/* A member's tiles in a product over its crew's rows: whole rows where there are enough, so that all do the same and a row's
 * values stay in one core's cache; else its share of all tiles. */
typedef struct vaei_work {
  vaei_tiling tiling;
  vaei_range tiles;
} vaei_work;

/* Rows that are worth a member of its own: it reads all weights for them. */
enum { VAEI_ENOUGH_ROWS = 16 };

static inline bool vaei_crew_divides_rows(const vaei_crew *crew, size_t each) {
  return (crew->examples.end - crew->examples.begin) * each / crew->member.size >= VAEI_ENOUGH_ROWS;
}

/* All tiles of the member's own rows, or its share of the crew's. */
static inline vaei_range vaei_crew_tiles(const vaei_crew *crew, const vaei_tiling *tiling, bool own_rows) {
  const size_t tiles = (size_t)tiling->row_tiles * tiling->column_tiles;
  return own_rows ? (vaei_range){0, tiles} : vaei_team_share(crew->member, tiles);
}

/* each: rows of the matrix an example. */
vaei_work vaei_crew_work(const vaei_crew *crew, const vaei_kernels *kernels, size_t each, uint32_t panels);

/* Tile `index` of row_tiles * column_tiles, columns of tiles one after the other. */
static inline vaei_tile vaei_tiling_at(const vaei_tiling *t, size_t index) {
  const uint64_t i = index % t->row_tiles, j = index / t->row_tiles;
  return (vaei_tile){t->first_row + (uint32_t)(i * t->rows / t->row_tiles),
                     t->first_row + (uint32_t)((i + 1) * t->rows / t->row_tiles),
                     (uint32_t)(j * t->panels / t->column_tiles), (uint32_t)((j + 1) * t->panels / t->column_tiles)};
}

#endif
