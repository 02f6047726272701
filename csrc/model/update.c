/* The gradients of the weights, dW = x^T dy and db = sum of dy, and what becomes of them.
 *
 * All layers' gradients form one list of tasks: a task is a block of up to BLOCK_ROWS rows of a layer's weights (inputs)
 * by one column of tiles. A member owns a run of tasks of equal cost, the same in every step, so weights and moments
 * stay near its core. In a plain step the gradient of a tile lives in one of two buffers on the stack, and Adam takes it
 * while the next tile is computed; it is never written to memory. With bf16 operands Adam follows a whole task. */
#include "model/update.h"

#include <string.h>

#include "model/mixed.h"
#include "model/pass.h"

enum { BLOCK_ROWS = 96 }; /* a multiple of 16 and of every tile's height; a whole task of gradients takes 18 KB */

/* Rows [row, row_end) of layer's weights, the bias with the last block; panels [panel, panel_end). */
typedef struct task {
  uint32_t layer, row, row_end, panel, panel_end;
  bool bias;
} task;

static uint32_t row_blocks(const vaei_dense *layer) { return (layer->inputs + BLOCK_ROWS - 1) / BLOCK_ROWS; }

static size_t layer_tasks(const vaei_dense *layer, const vaei_kernels *kernels) {
  return (size_t)row_blocks(layer) * vaei_tiling_of(kernels, (vaei_range){0, 1}, layer->panels).column_tiles;
}

/* Task `index` of a layer: columns of tiles one after the other. */
static task task_at(const vae_model *model, const vaei_kernels *kernels, uint32_t l, size_t index) {
  const vaei_dense *layer = &model->dense[l];
  const uint32_t blocks = row_blocks(layer), block = (uint32_t)(index % blocks);
  const vaei_tiling tiling = vaei_tiling_of(kernels, (vaei_range){0, 1}, layer->panels);
  const vaei_tile tile = vaei_tiling_at(&tiling, index / blocks);
  const bool last = block + 1 == blocks;
  return (task){.layer = l,
                .row = block * BLOCK_ROWS,
                .row_end = last ? layer->inputs : (block + 1) * BLOCK_ROWS,
                .panel = tile.panel,
                .panel_end = tile.panel_end,
                .bias = last};
}

/* The rows of a task, the bias counted. */
static size_t task_rows(const task *t) { return (size_t)(t->row_end - t->row) + t->bias; }

size_t vaei_update_task_count(const vae_model *model, const vaei_kernels *kernels) {
  size_t count = 0;
  for (uint32_t l = 0; l < model->dense_count; l++) count += layer_tasks(&model->dense[l], kernels);
  return count;
}

/* What Adam on a vector of weights, and its share of a transposed copy, cost in multiply-adds on it. */
enum { ADAM_COST = 32, TRANSPOSE_COST = 9 };

void vaei_update_plan(const vae_model *model, const vaei_kernels *kernels, uint32_t rows, uint32_t draws,
                      size_t *cost) {
  size_t t = 0, sum = 0;
  for (uint32_t l = 0; l < model->dense_count; l++)
    for (size_t i = 0; i < layer_tasks(&model->dense[l], kernels); i++) {
      const task one = task_at(model, kernels, l, i);
      cost[t++] = sum;
      const size_t depth = l <= model->head ? rows : draws;
      const size_t cost_each = depth + ADAM_COST + (model->dense[l].transposed_size ? TRANSPOSE_COST : 0);
      sum += task_rows(&one) * (one.panel_end - one.panel) * cost_each;
    }
  cost[t] = sum;
}

/* The first task whose middle lies at or behind a place on the scale of cost. */
static size_t task_from(const vaei_pass *pass, size_t place) {
  const size_t *cost = pass->task_cost;
  size_t t = 0;
  while (t < pass->task_count && (cost[t] + cost[t + 1]) / 2 < place) t++;
  return t;
}

/* The tasks of a member: those whose middle lies within its share of the cost. */
static vaei_range member_tasks(const vaei_pass *pass, vaei_member member) {
  const vaei_range share = vaei_team_share(member, pass->task_cost[pass->task_count]);
  return (vaei_range){task_from(pass, share.begin), task_from(pass, share.end)};
}

/* Runs over a member's tasks: `next` gives them in order. */
typedef struct task_walk {
  size_t left, index;
  uint32_t layer;
} task_walk;

static task_walk walk_begin(const vaei_pass *pass, vaei_member member) {
  const vaei_range range = member_tasks(pass, member);
  task_walk walk = {.left = range.end - range.begin, .index = range.begin};
  if (!walk.left) return walk;
  while (walk.index >= layer_tasks(&pass->model->dense[walk.layer], pass->kernels))
    walk.index -= layer_tasks(&pass->model->dense[walk.layer++], pass->kernels);
  return walk;
}

static bool walk_next(const vaei_pass *pass, task_walk *walk, task *next) {
  if (!walk->left) return false;
  if (walk->index == layer_tasks(&pass->model->dense[walk->layer], pass->kernels)) walk->index = 0, walk->layer++;
  *next = task_at(pass->model, pass->kernels, walk->layer, walk->index++);
  walk->left--;
  return true;
}

/* Where row t->row of a panel lies in a block of the model's layout. */
static size_t task_offset(const vaei_dense *layer, const task *t, uint32_t panel) {
  return layer->offset + ((size_t)panel * ((size_t)layer->inputs + 1) + t->row) * VAEI_VECTOR;
}

/* dW of a task's first row, without its place: the sum runs over the batch. */
static vaei_gradient task_gradient(const vaei_pass *pass, const task *t, size_t g_panel) {
  const vae_model *model = pass->model;
  const bool encoder = t->layer <= model->head, first = t->layer == 0 || t->layer == model->head + 1;
  const vaei_activations *out = &pass->layers[t->layer], *below = first ? NULL : &pass->layers[t->layer - 1];
  return (vaei_gradient){.depth = (size_t)pass->rows * (encoder ? 1 : pass->samples),
                         .x = t->row + (below     ? below->y
                                        : encoder ? pass->x
                                                  : pass->z),
                         .x_row = below     ? below->row
                                  : encoder ? pass->x_row
                                            : pass->z_row,
                         .dy = out->dy + (size_t)t->panel * VAEI_VECTOR,
                         .dy_row = out->row,
                         .g_panel = g_panel};
}

/* The rows of the tile that begins at row `row` of a task: the bias, the weight of an input that is always one, is a tile
 * of its own, and *gradient is set to read it. */
static uint32_t next_tile(const vaei_pass *pass, const task *t, uint32_t row, vaei_gradient *gradient) {
  static const float one = 1.0f;
  const uint32_t left = t->row_end - t->row - row, most = pass->kernels->tile_rows;
  if (left) return left < most ? left : most;
  gradient->x = &one;
  gradient->x_row = 0;
  return 1;
}

/* dW of a task. */
static void compute_task(const vaei_pass *pass, const task *t, float *to, size_t to_panel) {
  if (pass->mixed.kernels) {
    vaei_mixed_gradient(pass, t->layer, t->row, t->row_end, t->bias, t->panel, t->panel_end, to, to_panel);
    return;
  }
  const vaei_adam_tile none = {.panels = 0};
  vaei_gradient gradient = task_gradient(pass, t, to_panel);
  gradient.g = to;
  for (uint32_t row = 0, rows; row < task_rows(t); row += rows) {
    rows = next_tile(pass, t, row, &gradient);
    pass->kernels->gradient_and_adam(&gradient, rows, t->panel_end - t->panel, &none);
    gradient.x += rows;
    gradient.g += rows * VAEI_VECTOR;
  }
}

/* The copies of a task's weights: the transposed ones in blocks of 16 by 16, or those in bf16. */
static void task_transpose(vaei_pass *pass, const task *t, const float *block) {
  const vaei_dense *layer = &pass->model->dense[t->layer];
  for (uint32_t panel = t->panel; pass->mixed.kernels && panel < t->panel_end; panel++)
    vaei_mixed_copy_weights(pass, t->layer, t->row, t->row_end, panel, block + task_offset(layer, t, panel));
  if (pass->mixed.kernels || !layer->transposed_size) return;
  for (uint32_t panel = t->panel; panel < t->panel_end; panel++) {
    const uint32_t unit = panel * VAEI_VECTOR, units = layer->units - unit < 16 ? layer->units - unit : 16;
    const float *weights = block + task_offset(layer, t, panel);
    for (uint32_t row = t->row; row < t->row_end; row += 16) {
      const uint32_t rows = t->row_end - row < 16 ? t->row_end - row : 16;
      float *to = pass->transposed + layer->transposed + ((size_t)(row / 16) * layer->units + unit) * VAEI_VECTOR;
      pass->kernels->transpose(weights + (size_t)(row - t->row) * VAEI_VECTOR, rows, to, units);
    }
  }
}

void vaei_pass_gradients(vaei_pass *pass, vaei_member member, float *gradients) {
  task_walk walk = walk_begin(pass, member);
  for (task t; walk_next(pass, &walk, &t);) {
    const vaei_dense *layer = &pass->model->dense[t.layer];
    compute_task(pass, &t, gradients + task_offset(layer, &t, t.panel), ((size_t)layer->inputs + 1) * VAEI_VECTOR);
  }
}

void vaei_pass_check_gradients(vaei_pass *pass, vaei_member member, const float *gradients) {
  const float most = 0x1p63f; /* its square, 8.5e37, is a float */
  float buffer[VAEI_MAX_TILE_PANELS * (BLOCK_ROWS + 1) * VAEI_VECTOR];
  task_walk walk = walk_begin(pass, member);
  for (task t; walk_next(pass, &walk, &t);) {
    const size_t count = task_rows(&t) * VAEI_VECTOR;
    if (!gradients) compute_task(pass, &t, buffer, count);
    for (uint32_t panel = t.panel; panel < t.panel_end; panel++) {
      const size_t at = task_offset(&pass->model->dense[t.layer], &t, panel);
      const float *g = gradients ? gradients + at : buffer + (panel - t.panel) * count;
      if (!pass->kernels->all_below(g, 1, count, count, most))
        atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
    }
  }
  vaei_team_barrier(member);
}

/* Adam's state for a task, without the gradient. */
static vaei_adam_tile task_adam(const vaei_dense *layer, const task *t, const vaei_adam *adam,
                                const vaei_adam_step *step, float *block) {
  const size_t at = task_offset(layer, t, t->panel);
  return (vaei_adam_tile){.step = step,
                          .w = block + at,
                          .m = adam->m + at,
                          .v = adam->v + at,
                          .panel = ((size_t)layer->inputs + 1) * VAEI_VECTOR,
                          .rows = (uint32_t)task_rows(t),
                          .panels = t->panel_end - t->panel};
}

/* Each task's gradient is computed as a whole and then given to Adam: bf16 products are not interleaved with it. */
static void update_by_tasks(vaei_pass *pass, vaei_member member, const vaei_adam *adam, const vaei_adam_step *step,
                            float *block) {
  float buffer[VAEI_MAX_TILE_PANELS * (BLOCK_ROWS + 1) * VAEI_VECTOR];
  task_walk walk = walk_begin(pass, member);
  for (task t; walk_next(pass, &walk, &t);) {
    vaei_adam_tile tile = task_adam(&pass->model->dense[t.layer], &t, adam, step, block);
    tile.g = buffer;
    tile.g_panel = task_rows(&t) * VAEI_VECTOR;
    compute_task(pass, &t, buffer, tile.g_panel);
    pass->kernels->adam(&tile);
    task_transpose(pass, &t, block);
  }
}

/* Every tile of gradients but the last is given to Adam while the next one is computed. */
static void update_at_once(vaei_pass *pass, vaei_member member, const vaei_adam *adam, const vaei_adam_step *step,
                           float *block) {
  float buffers[2][VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  const size_t panel = VAEI_MAX_TILE_ROWS * VAEI_VECTOR;
  unsigned side = 0;
  vaei_adam_tile waiting = {.panels = 0};
  task before = {.layer = 0}; /* the task whose last tile waits */
  task_walk walk = walk_begin(pass, member);
  for (task t; walk_next(pass, &walk, &t); before = t) {
    vaei_gradient gradient = task_gradient(pass, &t, panel);
    vaei_adam_tile tile = task_adam(&pass->model->dense[t.layer], &t, adam, step, block);
    for (uint32_t row = 0, end = tile.rows; row < end; row += tile.rows, side ^= 1) {
      tile.rows = next_tile(pass, &t, row, &gradient);
      tile.g = gradient.g = buffers[side];
      tile.g_panel = panel;
      pass->kernels->gradient_and_adam(&gradient, tile.rows, tile.panels, &waiting);
      if (row == 0 && waiting.panels) task_transpose(pass, &before, block);
      waiting = tile;
      const size_t step_on = (size_t)tile.rows * VAEI_VECTOR;
      gradient.x += tile.rows;
      tile.w += step_on;
      tile.m += step_on;
      tile.v += step_on;
    }
  }
  if (!waiting.panels) return;
  pass->kernels->adam(&waiting);
  task_transpose(pass, &before, block);
}

void vaei_pass_update(vaei_pass *pass, vaei_member member, const vaei_adam *adam, const vaei_adam_step *step,
                      float *block, const float *gradients) {
  if (!gradients && pass->mixed.kernels) {
    update_by_tasks(pass, member, adam, step, block);
    return;
  }
  if (!gradients) {
    update_at_once(pass, member, adam, step, block);
    return;
  }
  task_walk walk = walk_begin(pass, member);
  for (task t; walk_next(pass, &walk, &t);) {
    vaei_adam_tile tile = task_adam(&pass->model->dense[t.layer], &t, adam, step, block);
    tile.g = gradients + (tile.w - block);
    tile.g_panel = tile.panel;
    pass->kernels->adam(&tile);
    task_transpose(pass, &t, block);
  }
}

void vaei_pass_transpose(vaei_pass *pass, vaei_member member) {
  task_walk walk = walk_begin(pass, member);
  for (task t; walk_next(pass, &walk, &t);) task_transpose(pass, &t, pass->model->block);
}
