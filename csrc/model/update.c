/* The gradients of the weights, dW = x^T dy and db = sum of dy, and what becomes of them.
 *
 * All layers' gradients form one list of tasks: a task is a block of up to VAEI_TASK_ROWS rows of a layer's weights (inputs)
 * by one column of tiles. A member owns the same ones in every step (update_plan.c). In a plain step the gradient of a tile
 * lives in one of two buffers on the stack, and Adam takes it while the next tile is computed; it is never written to memory.
 * With bf16 operands Adam follows a whole task. */
#include "model/update.h"

#include <string.h>

#include "core/scalar.h"
#include "model/layer_product.h"
#include "model/mixed.h"

typedef struct member_tasks {
  const vaei_task *begin, *end;
} member_tasks;

/* The first task of a member's, or of a later one's. */
static const vaei_task *task_from(const vaei_pass *pass, uint32_t owner) {
  const vaei_task *task = pass->tasks, *end = pass->tasks + pass->task_count;
  while (task < end && task->owner < owner) task++;
  return task;
}

static member_tasks tasks_of(const vaei_pass *pass, vaei_member member) {
  return (member_tasks){task_from(pass, member.rank), task_from(pass, member.rank + 1)};
}

/* Where row t->row of a panel lies in a block of the model's layout. */
static size_t task_offset(const vaei_dense *layer, const vaei_task *t, uint32_t panel) {
  return layer->offset + ((size_t)panel * ((size_t)layer->inputs + 1) + t->row) * VAEI_VECTOR;
}

/* The first layer whose gradients the prior computes. */
static uint32_t own_layer(const vae_model *model) {
  uint32_t l = model->output_end;
  while (model->dense[l].kind != VAEI_LAYER_OWN) l++;
  return l;
}

static size_t panel_size(const vaei_dense *layer) { return ((size_t)layer->inputs + 1) * VAEI_VECTOR; }

/* What a task's sums begin with, from its first row on, panels panel_size apart: the gradients of the parts before this one, or
 * all of it where the prior has computed it; NULL where there is nothing. */
static const float *task_start(const vaei_pass *pass, const vaei_task *t) {
  const vaei_dense *layer = &pass->model->dense[t->layer];
  if (layer->kind == VAEI_LAYER_OWN)
    return pass->own + (task_offset(layer, t, t->panel) - pass->model->dense[own_layer(pass->model)].offset);
  return pass->kept_part && layer->rows == VAEI_ROWS_DRAWS ? pass->partial + task_offset(layer, t, t->panel) : NULL;
}

/* dW of a task's first row, without its place: the sum runs over the rows of the batch or of its last part. A table of the
 * prior's has no rows: the sum stays what it begins with. */
static vaei_gradient task_gradient(const vaei_pass *pass, const vaei_task *t, size_t g_panel) {
  static const float nothing[VAEI_VECTOR * VAEI_MAX_TILE_PANELS];
  const vaei_activations *out = &pass->layers[t->layer];
  size_t x_row;
  if (pass->model->dense[t->layer].kind == VAEI_LAYER_OWN)
    return (vaei_gradient){.x = nothing,
                           .dy = nothing,
                           .start = task_start(pass, t),
                           .start_panel = panel_size(&pass->model->dense[t->layer]),
                           .g_panel = g_panel};
  const float *x = vaei_layer_input(pass, t->layer, &x_row);
  return (vaei_gradient){.depth = vaei_pass_layer_rows(pass, t->layer),
                         .x = x + t->row,
                         .x_row = x_row,
                         .dy = out->dy + (size_t)t->panel * VAEI_VECTOR,
                         .dy_row = out->row,
                         .start = task_start(pass, t),
                         .start_panel = panel_size(&pass->model->dense[t->layer]),
                         .g_panel = g_panel};
}

/* The rows of the tile that begins at row `row` of a task: the bias, the weight of an input that is always one, is a tile
 * of its own, and *gradient is set to read it. */
static uint32_t next_tile(const vaei_pass *pass, const vaei_task *t, uint32_t row, vaei_gradient *gradient) {
  static const float one = 1.0f;
  const uint32_t left = t->row_end - t->row - row, most = pass->kernels->tile_rows;
  if (left) return left < most ? left : most;
  gradient->x = &one;
  gradient->x_row = 0;
  return 1;
}

/* Goes on by `rows` rows. */
static void step_on(vaei_gradient *gradient, uint32_t rows) {
  gradient->x += rows;
  if (gradient->start) gradient->start += (size_t)rows * VAEI_VECTOR;
}

/* Whether the encoder's sums begin with the rows of pseudo-inputs. */
static bool begins_with_pseudo(const vaei_pass *pass, const vaei_task *t) {
  return pass->pseudo && pass->model->dense[t->layer].rows == VAEI_ROWS_EXAMPLES;
}

/* dW of a task, the sum over a pass's own rows going on from start (NULL: zero; it may be `to`). */
static void compute_rows(const vaei_pass *pass, const vaei_task *t, const float *start, size_t start_panel, float *to,
                         size_t to_panel) {
  if (pass->mixed.kernels && pass->model->dense[t->layer].kind != VAEI_LAYER_OWN) {
    vaei_mixed_gradient(pass, t, start, start_panel, to, to_panel);
    return;
  }
  const vaei_adam_tile none = {.panels = 0};
  vaei_gradient gradient = task_gradient(pass, t, to_panel);
  gradient.start = start;
  gradient.start_panel = start_panel;
  for (uint32_t row = 0, rows; row < vaei_task_rows(t); row += rows) {
    rows = next_tile(pass, t, row, &gradient);
    gradient.g = to + (size_t)row * VAEI_VECTOR;
    pass->kernels->gradient_and_adam(&gradient, rows, t->panel_end - t->panel, &none);
    step_on(&gradient, rows);
  }
}

/* The copies of a task's weights: the transposed ones in blocks of 16 by 16, or those in bf16. */
static void task_transpose(vaei_pass *pass, const vaei_task *t, const float *block) {
  const vaei_dense *layer = &pass->model->dense[t->layer];
  if (t->row == t->row_end || layer->kind == VAEI_LAYER_OWN) return; /* biases alone, or no products */
  for (uint32_t panel = t->panel; pass->mixed.kernels && panel < t->panel_end; panel++)
    vaei_mixed_copy_weights(pass, t, panel, block + task_offset(layer, t, panel));
  if (pass->mixed.kernels || !layer->transposed_size) return;
  for (uint32_t panel = t->panel; panel < t->panel_end; panel++) {
    const uint32_t unit = panel * VAEI_VECTOR, units = layer->units - unit < 16 ? layer->units - unit : 16;
    const float *weights = block + task_offset(layer, t, panel);
    for (uint32_t row = t->row; row < t->row_end && row / 16 < layer->input_panels; row += 16) {
      const uint32_t rows = t->row_end - row < 16 ? t->row_end - row : 16;
      float *to = pass->transposed + layer->transposed + ((size_t)(row / 16) * layer->units + unit) * VAEI_VECTOR;
      pass->kernels->transpose(weights + (size_t)(row - t->row) * VAEI_VECTOR, rows, to, units);
    }
  }
}

/* dW of a task. */
static void compute_task(const vaei_pass *pass, const vaei_task *t, float *to, size_t to_panel) {
  if (!begins_with_pseudo(pass, t)) {
    compute_rows(pass, t, task_start(pass, t), panel_size(&pass->model->dense[t->layer]), to, to_panel);
    return;
  }
  compute_rows(pass->pseudo, t, NULL, 0, to, to_panel);
  compute_rows(pass, t, to, to_panel, to, to_panel);
}

void vaei_pass_gradients(vaei_pass *pass, vaei_member member, float *gradients) {
  const member_tasks mine = tasks_of(pass, member);
  for (const vaei_task *t = mine.begin; t < mine.end; t++) {
    const vaei_dense *layer = &pass->model->dense[t->layer];
    compute_task(pass, t, gradients + task_offset(layer, t, t->panel), panel_size(layer));
  }
}

void vaei_pass_keep_part(vaei_pass *pass, vaei_member member) {
  const member_tasks mine = tasks_of(pass, member);
  for (const vaei_task *t = mine.begin; t < mine.end; t++) {
    const vaei_dense *layer = &pass->model->dense[t->layer];
    if (layer->rows == VAEI_ROWS_DRAWS)
      compute_task(pass, t, pass->partial + task_offset(layer, t, t->panel), panel_size(layer));
  }
}

void vaei_pass_check_gradients(vaei_pass *pass, vaei_member member, const float *gradients) {
  const float most = 0x1p63f; /* its square, 8.5e37, is a float */
  float buffer[VAEI_MAX_TILE_PANELS * (VAEI_TASK_ROWS + 1) * VAEI_VECTOR];
  const member_tasks mine = tasks_of(pass, member);
  for (const vaei_task *t = mine.begin; t < mine.end; t++) {
    const size_t count = vaei_task_rows(t) * VAEI_VECTOR;
    if (!gradients) compute_task(pass, t, buffer, count);
    for (uint32_t panel = t->panel; panel < t->panel_end; panel++) {
      const size_t at = task_offset(&pass->model->dense[t->layer], t, panel);
      const float *g = gradients ? gradients + at : buffer + (panel - t->panel) * count;
      if (!pass->kernels->all_below(g, 1, count, count, most))
        atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
    }
  }
  vaei_team_barrier(member);
}

/* The sum of squares of `count` floats, a multiple of a vector: one running sum a lane, then the lanes in order. */
static double sum_of_squares(const float *x, size_t count) {
  double lanes[VAEI_VECTOR] = {0}, sum = 0;
  for (size_t i = 0; i < count; i += VAEI_VECTOR)
    for (size_t lane = 0; lane < VAEI_VECTOR; lane++) lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
  for (size_t lane = 0; lane < VAEI_VECTOR; lane++) sum += lanes[lane];
  return sum;
}

double vaei_pass_gradient_norm(vaei_pass *pass, vaei_member member, const float *gradients) {
  const member_tasks mine = tasks_of(pass, member);
  for (const vaei_task *t = mine.begin; t < mine.end; t++) {
    double squares = 0;
    for (uint32_t panel = t->panel; panel < t->panel_end; panel++)
      squares += sum_of_squares(gradients + task_offset(&pass->model->dense[t->layer], t, panel),
                                (size_t)vaei_task_rows(t) * VAEI_VECTOR);
    pass->tasks[t->number].squares = squares;
  }
  vaei_team_barrier(member);
  double sum = 0; /* by the tasks' numbers: an order that is the same for every team */
  for (size_t i = 0; i < pass->task_count; i++) sum += pass->tasks[i].squares;
  return vaei_sqrt(sum);
}

void vaei_pass_scale_gradients(vaei_pass *pass, vaei_member member, float scale, float *gradients) {
  const member_tasks mine = tasks_of(pass, member);
  for (const vaei_task *t = mine.begin; t < mine.end; t++)
    for (uint32_t panel = t->panel; panel < t->panel_end; panel++) {
      float *g = gradients + task_offset(&pass->model->dense[t->layer], t, panel);
      const size_t count = (size_t)vaei_task_rows(t) * VAEI_VECTOR;
      pass->kernels->scale_rows(1, count, &scale, g, count);
    }
}

/* Adam's state for a task, without the gradient. */
static vaei_adam_tile task_adam(const vaei_dense *layer, const vaei_task *t, const vaei_adam *adam, float *block) {
  const size_t at = task_offset(layer, t, t->panel);
  return (vaei_adam_tile){.w = block + at,
                          .m = adam->m + at,
                          .v = adam->v + at,
                          .panel = panel_size(layer),
                          .rows = vaei_task_rows(t),
                          .panels = t->panel_end - t->panel};
}

/* Adam on a task whose gradients are there. */
static void adam_on_task(const vaei_pass *pass, const vaei_task *t, const vaei_adam_steps *steps, vaei_adam_tile tile) {
  const size_t floats = (size_t)(t->row_end - t->row) * VAEI_VECTOR;
  tile.step = &steps->weights;
  tile.rows = t->row_end - t->row;
  pass->kernels->adam(&tile);
  if (!t->bias) return;
  tile.step = &steps->biases;
  tile.rows = 1;
  tile.g += floats;
  tile.w += floats;
  tile.m += floats;
  tile.v += floats;
  pass->kernels->adam(&tile);
}

/* Each task's gradient is computed as a whole and then given to Adam: bf16 products are not interleaved with it. */
static void update_by_tasks(vaei_pass *pass, member_tasks mine, const vaei_update *u, vaei_ahead *ahead) {
  float buffer[VAEI_MAX_TILE_PANELS * (VAEI_TASK_ROWS + 1) * VAEI_VECTOR];
  for (const vaei_task *t = mine.begin; t < mine.end; t++) {
    vaei_adam_tile tile = task_adam(&pass->model->dense[t->layer], t, u->adam, u->block);
    vaei_ahead_fetch(ahead);
    tile.g = buffer;
    tile.g_panel = vaei_task_rows(t) * VAEI_VECTOR;
    compute_task(pass, t, buffer, tile.g_panel);
    adam_on_task(pass, t, u->steps, tile);
    task_transpose(pass, t, u->block);
  }
}

/* Every tile of gradients but the last is given to Adam while the next one is computed. */
static void update_at_once(vaei_pass *pass, member_tasks mine, const vaei_update *u, vaei_ahead *ahead) {
  float buffers[2][VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  float begun[VAEI_MAX_TILE_PANELS * (VAEI_TASK_ROWS + 1) * VAEI_VECTOR];
  const size_t panel = VAEI_MAX_TILE_ROWS * VAEI_VECTOR;
  unsigned side = 0;
  vaei_adam_tile waiting = {.panels = 0};
  for (const vaei_task *t = mine.begin; t < mine.end; t++) {
    vaei_gradient gradient = task_gradient(pass, t, panel);
    vaei_ahead_fetch(ahead);
    if (begins_with_pseudo(pass, t)) {
      gradient.start = begun;
      gradient.start_panel = vaei_task_rows(t) * VAEI_VECTOR;
      compute_rows(pass->pseudo, t, NULL, 0, begun, gradient.start_panel);
    }
    vaei_adam_tile tile = task_adam(&pass->model->dense[t->layer], t, u->adam, u->block);
    for (uint32_t row = 0, end = tile.rows; row < end; row += tile.rows, side ^= 1) {
      tile.step = row < t->row_end - t->row ? &u->steps->weights : &u->steps->biases;
      tile.rows = next_tile(pass, t, row, &gradient);
      tile.g = gradient.g = buffers[side];
      tile.g_panel = panel;
      pass->kernels->gradient_and_adam(&gradient, tile.rows, tile.panels, &waiting);
      if (row == 0 && waiting.panels) task_transpose(pass, t - 1, u->block); /* its last tile waited */
      waiting = tile;
      const size_t floats = (size_t)tile.rows * VAEI_VECTOR;
      step_on(&gradient, tile.rows);
      tile.w += floats;
      tile.m += floats;
      tile.v += floats;
    }
  }
  if (!waiting.panels) return;
  pass->kernels->adam(&waiting);
  task_transpose(pass, mine.end - 1, u->block);
}

/* The gradients are there. */
static void update_with(vaei_pass *pass, member_tasks mine, const vaei_update *u, vaei_ahead *ahead) {
  for (const vaei_task *t = mine.begin; t < mine.end; t++) {
    vaei_adam_tile tile = task_adam(&pass->model->dense[t->layer], t, u->adam, u->block);
    vaei_ahead_fetch(ahead);
    tile.g = u->gradients + (tile.w - u->block);
    tile.g_panel = tile.panel;
    adam_on_task(pass, t, u->steps, tile);
    task_transpose(pass, t, u->block);
  }
}

void vaei_pass_update(vaei_pass *pass, vaei_member member, const vaei_update *update) {
  const member_tasks mine = tasks_of(pass, member);
  vaei_ahead ahead = vaei_ahead_begin(pass, member, update->next, update->next_rows, (size_t)(mine.end - mine.begin));
  if (update->gradients) update_with(pass, mine, update, &ahead);
  else if (pass->mixed.kernels) update_by_tasks(pass, mine, update, &ahead);
  else update_at_once(pass, mine, update, &ahead);
}

void vaei_pass_assign(vaei_pass *pass, vaei_member member) {
  vaei_team_barrier(member);
  if (member.rank == 0 && pass->planned_for != member.size) {
    vaei_update_plan(pass, member.size);
    if (pass->pseudo) vaei_crew_plan(pass->pseudo, member.size);
  }
  vaei_team_barrier(member);
}

void vaei_pass_transpose(vaei_pass *pass, vaei_member member) {
  const member_tasks mine = tasks_of(pass, member);
  for (const vaei_task *t = mine.begin; t < mine.end; t++) task_transpose(pass, t, pass->model->block);
}
