/* Who changes which weights.
 *
 * As long as a team has the same size a member has the same tasks, so weights and moments stay near its core. Of a layer whose
 * columns the team shares it has the columns that it computes in the forward pass: no other core reads them then, and none has to be
 * told that they change. The tasks of other layers even out what the members have to do. */
#include <string.h>

#include "model/crew.h"
#include "model/update.h"

/* At least one, for the biases. */
static uint32_t row_blocks(const vaei_dense *layer) {
  return layer->inputs ? (layer->inputs + VAEI_TASK_ROWS - 1) / VAEI_TASK_ROWS : 1;
}

size_t vaei_update_task_count(const vae_model *model, const vaei_limits *limits) {
  size_t count = 0;
  for (uint32_t l = 0; l < model->dense_count; l++)
    count += (size_t)row_blocks(&model->dense[l]) * vaei_column_tiles(limits, model->dense[l].panels);
  return count;
}

/* What a task costs for a sum over `rows` rows, in multiply-adds of a vector: docs/KERNELS.md, section 4. own: whether its member
 * alone reads the weights. */
static size_t task_cost(const vaei_pass *pass, const vaei_task *task, size_t rows, bool own) {
  enum {
    ADAM = 32,      /* its arithmetic on a vector of weights, where that passes between the sum's multiply-adds */
    MEMORY = 68,    /* fetching and storing the vector and its moments: what a step on it takes at least */
    TRANSPOSE = 13, /* its share of a transposed copy */
    READ = 40       /* telling other members, who read it in every step */
  };
  const size_t sum = pass->mixed.kernels ? rows / VAEI_PAIR : rows;
  const size_t vectors = (size_t)vaei_task_rows(task) * (task->panel_end - task->panel);
  const size_t step = sum + ADAM < MEMORY ? MEMORY : sum + ADAM;
  return vectors * (step + (own ? 0 : READ) + (pass->model->dense[task->layer].transposed_size ? TRANSPOSE : 0));
}

/* The most rows that a layer's sums run over. */
static size_t task_rows_summed(const vaei_pass *pass, uint32_t layer) {
  const bool pseudo = pass->pseudo && pass->model->dense[layer].rows == VAEI_ROWS_EXAMPLES;
  return (size_t)vaei_pass_most_rows(pass, layer) + (pseudo ? pass->model->config.prior_components : 0);
}

/* A walk through all tasks in the order of their numbers. */
typedef struct task_walk {
  uint32_t members;
  uint32_t column, block; /* of the next one in its layer */
  vaei_task task;
  size_t cost;
  bool shared; /* the team shares the layer's columns */
} task_walk;

static task_walk walk_begin(uint32_t members) { return (task_walk){.members = members, .task.number = UINT32_MAX}; }

/* The next task, without its owner; false where there is none. */
static bool walk_next(const vaei_pass *pass, task_walk *walk) {
  const vae_model *model = pass->model;
  vaei_task *task = &walk->task;
  while (task->layer < model->dense_count &&
         walk->column == vaei_column_tiles(&pass->limits, model->dense[task->layer].panels)) {
    task->layer++;
    walk->column = 0;
  }
  if (task->layer == model->dense_count) return false;
  const vaei_dense *layer = &model->dense[task->layer];
  const uint32_t columns = vaei_column_tiles(&pass->limits, layer->panels), blocks = row_blocks(layer);
  task->bias = walk->block + 1 == blocks;
  task->row = walk->block * VAEI_TASK_ROWS;
  task->row_end = task->bias ? layer->inputs : task->row + VAEI_TASK_ROWS;
  task->panel = vaei_column_begin(walk->column, columns, layer->panels);
  task->panel_end = vaei_column_begin(walk->column + 1, columns, layer->panels);
  task->number++;
  walk->shared = pass->layers[task->layer].shared;
  walk->cost = task_cost(pass, task, task_rows_summed(pass, task->layer), walk->shared || walk->members == 1);
  walk->block = task->bias ? 0 : walk->block + 1;
  walk->column += task->bias;
  return true;
}

/* How tasks are divided: those of shared columns by column, the others one after the other into what room members have. */
typedef struct division {
  uint32_t members;
  size_t room[VAEI_MAX_THREADS + 1]; /* before each member's, and in all */
  size_t others, passed;             /* the cost of the others, in all and so far */
  uint32_t owner;                    /* of the last one of them */
} division;

static uint32_t column_owner(const vaei_pass *pass, const vaei_task *task, uint32_t members) {
  const uint32_t panels = pass->model->dense[task->layer].panels;
  const vaei_member place = {vaei_column_owner(task->panel, task->panel_end, panels, members), members};
  return vaei_column_rank(pass, task->layer, place); /* the order from the other end is its own inverse */
}

/* The owner of the walk's task. Called for each in turn. */
static uint32_t owner_of(const vaei_pass *pass, division *d, const task_walk *walk) {
  const uint32_t members = d->members;
  if (walk->shared) return column_owner(pass, &walk->task, members);
  const double middle = ((double)d->passed + 0.5 * (double)walk->cost) / (double)d->others * (double)d->room[members];
  d->passed += walk->cost;
  while (d->owner + 1 < members && middle >= (double)d->room[d->owner + 1]) d->owner++;
  return d->owner;
}

static void divide(const vaei_pass *pass, division *d) {
  const uint32_t members = d->members;
  size_t taken[VAEI_MAX_THREADS] = {0}, all = 0;
  for (task_walk walk = walk_begin(members); walk_next(pass, &walk);) {
    all += walk.cost;
    if (walk.shared) taken[column_owner(pass, &walk.task, members)] += walk.cost;
    else d->others += walk.cost;
  }
  for (uint32_t i = 0; i < members; i++) {
    const size_t fair = all / members + 1;
    d->room[i + 1] = d->room[i] + (taken[i] < fair ? fair - taken[i] : 0);
  }
}

void vaei_update_plan(vaei_pass *pass, uint32_t members) {
  vaei_crew_plan(pass, members);
  division d = {.members = members};
  divide(pass, &d);
  division again = d;
  uint32_t begin[VAEI_MAX_THREADS + 1] = {0};
  for (task_walk walk = walk_begin(members); walk_next(pass, &walk);) begin[owner_of(pass, &d, &walk) + 1]++;
  for (uint32_t i = 0; i < members; i++) begin[i + 1] += begin[i];
  for (task_walk walk = walk_begin(members); walk_next(pass, &walk);) {
    walk.task.owner = owner_of(pass, &again, &walk);
    pass->tasks[begin[walk.task.owner]++] = walk.task;
  }
  pass->planned_for = members;
}
