/* A pass: one mini-batch through a model, forward and backward, by a team of threads.
 *
 * A pass owns the scratch memory of all layers. Its functions are phases: every member of the team calls them, each
 * does its share, and a phase ends with a barrier where the next one needs the whole result. The order (batch.h runs it):
 *
 *   gather (x, and the condition behind it) → encoder and q → what couples the examples, where something does (coupled_pass.h) →
 *   for each part of the batch: noise and z → decoder → output and loss → gradients of the decoder's
 *   activations → those of the encoder's → gradients of the weights, each tile given to Adam at once (vaei_pass_update) or
 *   kept (vaei_pass_gradients)
 *
 * n: examples of the batch, K: latent samples each. The encoder works on the whole batch. The decoder has n K rows, sample by
 * sample and example by example ([n, K]); where they are more than the pass has memory for, it works on a part at a time.
 *
 * Up to the gradients of the activations a member may be alone with its examples (vaei_crew); then "a barrier" below is
 * none, but those around layers whose columns the team shares and the one that ends vaei_pass_backward_encoder. Every sum
 * has one order, so the bits depend on neither the team's size nor the parts. */
#ifndef VAEI_PASS_H
#define VAEI_PASS_H

#include <stdatomic.h>

#include "kernels/kernels.h"
#include "model/components.h"
#include "model/coupling.h"
#include "model/mixed_types.h"
#include "model/tiling.h"
#include "model/vae_model.h"
#include "optim/adam.h"

/* A layer's values for the rows of a batch. Rows are `row` floats apart: an odd number of cache lines, so that the rows
 * of a tile do not meet in one cache set. With bf16 products y and dy of hidden layers are NULL: see mixed.h. */
typedef struct vaei_activations {
  float *
      y; /* outputs; NULL for the decoder's last layer, but where the likelihood takes rows: its tiles are used up at once */
  float *slope; /* activation'(x), for the activations whose derivative needs it; else NULL */
  float *dy;    /* gradient before the activation; NULL in a pass without gradients */
  size_t row;
  bool shared;   /* the team shares the layer's columns: see crew.h */
  bool reversed; /* the last member has the first ones */
} vaei_activations;

/* Where the caller's per-example terms go. */
typedef struct vaei_terms_view {
  vae_terms terms;
  size_t rows;  /* of the caller's arrays */
  size_t first; /* the row in them that the batch begins at */
} vaei_terms_view;

/* Of each example, [n, latent_row] each, where the prior is conditional; else NULL. See prior_conditional.c. */
typedef struct vaei_given {
  float *inverse, *inside;          /* 1 / s of p(z|c); 1 where its logvar was not clamped, else 0 */
  float *mean, *logvar, *deviation; /* of q in units of the prior */
} vaei_given;

/* What a pass has memory for. */
typedef struct vaei_pass_size {
  uint32_t rows;    /* examples of a batch */
  uint64_t draws;   /* rows of the decoder in a batch */
  uint32_t at_once; /* rows of the decoder that are worked on at a time */
  bool gradients;
  bool encoder_only; /* the pass runs within another one of the same model, whose copies of the weights it takes */
} vaei_pass_size;

/* Rows of the decoder at a time in training: more would fill memory, some 7 KB each at 784-400-20, and gain nothing. */
enum { VAEI_DRAWS_AT_ONCE = 4096 };

/* Some of a batch's rows of the decoder: row r is sample `sample` + r mod `samples` of example `example` + r / `samples`. All
 * samples of some examples; or, where one example has more of them than there is memory for, some of its samples. */
typedef struct vaei_part {
  uint32_t example, examples, sample, samples;
  bool bound_only; /* forward, for the importance-weighted bound; the same part comes again with gradients … */
  bool bounded;    /* … and then the bound is known */
} vaei_part;

typedef struct vaei_task vaei_task;   /* see update.h */
typedef struct vaei_prior vaei_prior; /* see prior.h */
typedef struct vaei_pass vaei_pass;

struct vaei_pass {
  const vaei_kernels *kernels;
  const vae_model *model;
  const vaei_prior *prior; /* the model's */
  vaei_pass_size size;
  uint32_t max_draws; /* rows of the decoder at a time: what size says, or less where a batch has less */
  vaei_limits limits; /* of the products' tiles */
  vae_objective objective;
  uint32_t rows;  /* n of the current batch */
  uint32_t parts; /* that it is worked on in */
  vaei_part part; /* the current one */
  bool kept_part; /* whether `partial` holds gradients of parts before it */
  /* Of a training step, else rate 0; the stream is that of its noise. The batch's first example has number 0. */
  struct {
    double rate;
    vaei_stream stream;
  } dropout;
  bool coupled;   /* whether the objective couples the batch's examples */
  double penalty; /* each example's share of what it adds to the loss; 0 without gradients: see coupled_pass.h */
  vaei_coupling coupling;
  float *
      path; /* [n, 2 latent_row], a sample's gradients by mean and logvar, for an estimator that weighs them; else NULL */
  vaei_arena arena;

  float *x; /* [n, x_row], a row being x and behind it the condition: what the encoder reads */
  size_t x_row;
  float *c; /* [n, c_row]; NULL where the model has no condition */
  size_t c_row;
  float *deviation, *inside; /* [n, latent_row] */
  float *noise, *dz;         /* of a part's rows: [draws, latent_row] */
  float *z;                  /* [draws, z_row], z and behind it the condition: what the decoder reads */
  size_t latent_row, z_row;
  vaei_given given;
  vaei_activations *layers; /* as model->dense */
  vaei_mixed mixed;         /* bf16 operands, in a pass with bf16 products */
  uint32_t column_tiles;    /* of the output layer; 1 where the likelihood takes rows */
  double log_sigma;         /* of a fixed sigma */
  double *tile_nll;         /* [column_tiles, draws]: members with other columns write other cache lines */
  double *nll;              /* [draws], -log p(x|z) */
  double *log_ratio;        /* [draws], log p(z) - log q(z|x); after the loss log p(x, z) - log q(z|x) */
  double *divergence;       /* [draws], log q(z|x) - log p(z); NULL where the prior's KL has a closed form */
  float *row_weight;        /* [draws]: d loss / d nll */
  double *kl;               /* [n] */
  double *nll_total;        /* [n], sum of nll over the samples so far */
  double *weight_max;       /* [n], the largest log_ratio so far, … */
  double *weight_sum;       /* [n], … the sum of exp(log_ratio - weight_max), … */
  double *weight_squares;   /* [n], … and that of their squares */
  double *example_loss;     /* [n] */
  float *transposed; /* weights as the gradient of a layer's input reads them; NULL in a bf16 pass, which has `mixed` */
  uint64_t transposed_version; /* of the model that the copy was made from; 0: none was made yet */
  float
      *partial; /* as the model's block: the decoder's gradients of the parts so far; NULL where a batch is one part */
  float *halves[2]; /* [rows, row of dx] each: sums over half of a layer's units, where a team may share columns */
  vaei_task *tasks; /* of the weights' gradients: see update.h */
  size_t task_count;
  uint32_t planned_for; /* the size of the team whose the tasks are */

  const vaei_int8_kernels *int8;
  uint8_t *bytes; /* [rows, bytes_row]: a layer's inputs, for weights in bytes; NULL where there are none */
  size_t bytes_row;
  vaei_row_scale *row_scale; /* [rows] */

  _Atomic int not_finite; /* set by any member that meets a NaN or an infinity */
  _Atomic int large;      /* set where a weight's gradient might overflow: see vaei_pass_note_large */

  vaei_components components; /* of a prior that is a mixture */
  float *own; /* the gradients of the prior's own tables, laid out as the end of the model's block that they lie in */
  vaei_pass *pseudo; /* NULL, or the encoder at work on pseudo-inputs, in its own memory: its rows are theirs */
};

/* bf16: the kernels of bf16 products, for a pass with gradients only; NULL: all products are float32. */
vae_status vaei_pass_open(vaei_pass *pass, const vae_model *model, const vaei_kernels *kernels,
                          const vaei_bf16_kernels *bf16, const vae_allocator *allocator, const vaei_pass_size *size,
                          vae_error *err);

void vaei_pass_close(vaei_pass *pass);

/* Bytes of `path`. The rows are fewer than 2^32, and a row of gradients as long as the head's, which there is memory for. */
static inline size_t vaei_pass_path_size(const vaei_pass *pass) {
  return (size_t)pass->size.rows * 2 * pass->latent_row * sizeof(float);
}

/* The memory that a pass holds beside its struct. */
size_t vaei_pass_bytes(const vaei_pass *pass);

/* Whether batches of that size fit. */
static inline bool vaei_pass_holds(const vaei_pass *pass, uint32_t rows, uint64_t draws) {
  return rows <= pass->size.rows && draws <= pass->size.draws;
}

/* Whether an example's samples have weights in the gradient that follow from the losses of all of them: the importance
 * weights of more than one sample. Else every row weighs the same. */
static inline bool vaei_pass_weighs_samples(const vaei_pass *pass) {
  return pass->objective.kind == VAE_OBJECTIVE_IWAE && pass->objective.samples > 1;
}

/* The rows of a layer's matrices for an example, and in all. */
static inline uint32_t vaei_pass_rows_each(const vaei_pass *pass, uint32_t layer) {
  return pass->model->dense[layer].rows == VAEI_ROWS_EXAMPLES ? 1 : pass->part.samples;
}

static inline uint32_t vaei_pass_layer_rows(const vaei_pass *pass, uint32_t layer) {
  const vaei_layer_rows rows = pass->model->dense[layer].rows;
  if (rows == VAEI_ROWS_NONE) return 0;
  return rows == VAEI_ROWS_EXAMPLES ? pass->rows : pass->part.examples * pass->part.samples;
}

/* Whether so many rows of a layer's inputs, and of its outputs, fit into a core's cache, beside as many weights. */
static inline bool vaei_rows_are_few(const vaei_dense *layer, size_t rows) {
  const size_t few = 1 << 17, wider = layer->inputs > layer->units ? layer->inputs : layer->units;
  return rows && wider <= few / rows;
}

/* The units of the first half of a layer's dx, or all of them: of a large layer in a batch of few rows dx is the sum of two halves,
 * whoever computes them. */
static inline uint32_t vaei_pass_half(const vaei_pass *pass, uint32_t index) {
  const vaei_dense *layer = &pass->model->dense[index];
  const size_t samples = layer->rows == VAEI_ROWS_DRAWS ? pass->objective.samples : 1;
  const bool halved = vaei_dense_is_large(layer) && vaei_rows_are_few(layer, pass->rows * samples);
  return halved ? layer->panels / 2 * VAEI_VECTOR : layer->units;
}

/* The most rows that a layer's matrices have, what they have memory for. */
static inline uint32_t vaei_pass_most_rows(const vaei_pass *pass, uint32_t layer) {
  const vaei_layer_rows rows = pass->model->dense[layer].rows;
  if (rows == VAEI_ROWS_NONE) return 0;
  return rows == VAEI_ROWS_EXAMPLES ? pass->size.rows : pass->max_draws;
}

/* The size of team that is worth its barriers for `rows` rows: 1 to threads. awake: whether the team goes on to other
 * batches, so that its threads need not be woken for this one alone. */
uint32_t vaei_pass_team(const vaei_pass *pass, size_t rows, uint32_t threads, bool awake);

/* Sets the batch's size and its first part. To be called while no other member works on the pass. */
void vaei_pass_begin(vaei_pass *pass, uint32_t rows, const vae_objective *objective);

/* Goes to part `index` of pass->parts, between two barriers; false, and stays, where something was not finite so far. There is
 * nothing to do, and no barrier, where there is one part. */
bool vaei_pass_take_part(vaei_pass *pass, vaei_member member, uint32_t index);

/* What the prior has to know of the model's parameters before it meets a z: anew where they have changed. Begins and ends with
 * a barrier of the team, or does nothing. vaei_batch_run does it in a pass with gradients; else it lasts from call to call. */
void vaei_pass_prepare(vaei_pass *pass, vaei_member member);

/* A source of rows: row i of the batch is row `order[i]` of the data, or `first + i` where order is NULL. */
typedef struct vaei_source {
  const vae_data *data; /* a full-size copy, checked by the caller */
  const uint32_t *order;
  size_t first;
} vaei_source;

/* The row of the data that example i of the batch is. */
static inline size_t vaei_source_row(const vaei_source *source, size_t i) {
  return source->order ? source->order[i] : source->first + i;
}

/* A member's rows of the next batch, whose memory is asked for while something else is computed: a row that lies anywhere waits
 * for its page and for its lines. */
typedef struct vaei_ahead {
  const vaei_source *source;
  vaei_range share;
  size_t row;         /* the next one to ask for */
  size_t done, times; /* calls of vaei_ahead_fetch that there have been and will be */
} vaei_ahead;

/* rows: of the next batch, 0 where there is none (`next` is not read then). */
vaei_ahead vaei_ahead_begin(const vaei_pass *pass, vaei_member member, const vaei_source *next, size_t rows,
                            size_t times);

/* Asks for a part of them. */
void vaei_ahead_fetch(vaei_ahead *ahead);

/* Notes a row of the data that cannot be taken; the smallest one stays, whoever finds it. */
void vaei_note_bad_row(_Atomic size_t *bad_row, size_t row);

/* Where grey data are drawn from: example i of the batch has number first + i. */
typedef struct vaei_grey {
  vaei_stream stream;
  uint64_t first;
} vaei_grey;

/* Fills x and the condition from the data; grey: NULL, or how x is drawn from them. *bad_row receives the row of the data
 * where a value is outside the likelihood's range or is no condition; it is left alone where there is none. No barrier. */
void vaei_pass_gather(vaei_pass *pass, vaei_member member, const vaei_source *source, const vaei_grey *grey,
                      _Atomic size_t *bad_row);

/* Fills the part's noise from the caller's array [K, n, Z], or draws it: example i of the batch has number first + i. No
 * barrier. */
void vaei_pass_copy_noise(vaei_pass *pass, vaei_member member, const float *noise);
void vaei_pass_draw_noise(vaei_pass *pass, vaei_member member, const vaei_stream *stream, uint64_t first);

/* x → mean and logvar of q, both in the head layer's y: [n, mean | logvar], logvar clamped; deviation and KL. Begins with a
 * barrier. Whether a row was bad is known to all members after it, or in a training step after vaei_pass_backward_encoder. */
void vaei_pass_encode(vaei_pass *pass, vaei_member member);

/* Draws z from the part's noise; sets the rows' weights as far as they are known. Ends with a barrier. */
void vaei_pass_latent(vaei_pass *pass, vaei_member member);

/* z → the decoder's last hidden layer. Ends with a barrier. */
void vaei_pass_decode(vaei_pass *pass, vaei_member member);

/* The likelihood's mean of the part's rows, into [rows, D] of the caller. Ends with a barrier. */
void vaei_pass_output(vaei_pass *pass, vaei_member member, float *output);

/* The loss of every row against x, the caller's terms, and (with gradients) the gradient of the output; an example's loss
 * after its last sample. Without gradients it ends with a barrier and pass->not_finite is then settled; in a training step
 * losses and not_finite are to be read after vaei_pass_backward_encoder. */
void vaei_pass_loss(vaei_pass *pass, vaei_member member, const vaei_terms_view *terms);

/* The gradients of the part's activations, down to the head's, where samples of an example that come in several parts add up.
 * Ends with a barrier. */
void vaei_pass_backward_decoder(vaei_pass *pass, vaei_member member);

/* Adds the part's share to the decoder's gradients in pass->partial; for every part but the last. No barrier. */
void vaei_pass_keep_part(vaei_pass *pass, vaei_member member);

/* The gradients of the encoder's activations. Ends with a barrier of the whole team; not_finite and large are then
 * settled. */
void vaei_pass_backward_encoder(vaei_pass *pass, vaei_member member);

/* The gradients of all parameters into a block of the model's layout. No barrier. */
void vaei_pass_gradients(vaei_pass *pass, vaei_member member, float *gradients);

/* Sets not_finite where the gradient of a weight is not finite or its square would not be: from `gradients`, or computed
 * for the purpose where that is NULL. Ends with a barrier. Needed only where `large` is set. */
void vaei_pass_check_gradients(vaei_pass *pass, vaei_member member, const float *gradients);

/* Notes whether a tile of activations or of their gradients holds anything of 2^15 or more (or NaN). While neither does, a
 * weight's gradient is below rows * 2^30, so with up to 2^30 rows its square is below 2^120: nothing can overflow, and the
 * gradients need no check of their own before the parameters change. The output's gradient needs no look where the likelihood
 * keeps it small (vaei_likelihood.tame). */
static inline void vaei_pass_note_large(vaei_pass *pass, const float *tile, size_t rows, size_t columns, size_t row) {
  if (!pass->kernels->all_below(tile, rows, columns, row, 0x1p15f))
    atomic_store_explicit(&pass->large, 1, memory_order_relaxed);
}

/* The L2 norm of a block of gradients, in float64 and in one order: the same for every member and every team. Contains
 * a barrier. */
double vaei_pass_gradient_norm(vaei_pass *pass, vaei_member member, const float *gradients);

/* Multiplies the gradients that the member will update with. No barrier. */
void vaei_pass_scale_gradients(vaei_pass *pass, vaei_member member, float scale, float *gradients);

/* What an update works with. */
typedef struct vaei_update {
  const vaei_adam *adam;
  const vaei_adam_steps *steps;
  float *block; /* the model's parameters */
  const float *
      gradients; /* those that vaei_pass_gradients left, after a barrier; NULL computes each tile just before Adam takes it */
  const vaei_source *next; /* the batch behind this one, whose rows are asked for between tasks */
  size_t next_rows;        /* 0: there is none */
} vaei_update;

/* One Adam step on the parameters, and on the transposed copy. No barrier. */
void vaei_pass_update(vaei_pass *pass, vaei_member member, const vaei_update *update);

/* Divides the weights among a team, which calls it before anything else that is about weights and their gradients. Ends with a
 * barrier. */
void vaei_pass_assign(vaei_pass *pass, vaei_member member);

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
enum { VAEI_RAN_ENCODER = 1, VAEI_RAN_DECODER = 2, VAEI_RAN_LOSS = 4, VAEI_RAN_PRIOR = 8, VAEI_RAN_ALL = 15 };

/* Words for where a NaN or infinity first appears: "the output of layer encoder.0, row 3 of the batch". */
void vaei_pass_diagnose(const vaei_pass *pass, unsigned phases, char *words, size_t size);

#endif
