/* How the weight gradients of all layers are cut into tasks, and whose they are. */
#ifndef VAEI_UPDATE_H
#define VAEI_UPDATE_H

#include "model/pass.h"

/* Rows [row, row_end) of a layer's weights, its inputs, the bias with the last of them; panels [panel, panel_end). */
struct vaei_task {
  uint32_t layer, row, row_end, panel, panel_end;
  bool bias;
  uint32_t owner;  /* the rank of the member whose it is */
  uint32_t number; /* in an order that is the same for every team: by layer, column and row */
  double
      squares; /* of the task with this place as its number: the sum of its gradients' squares, where that was asked for */
};

enum { VAEI_TASK_ROWS = 96 }; /* a multiple of 16 and of every tile's height; a whole task of gradients takes 18 KB */

/* The rows of a task, the bias counted. */
static inline uint32_t vaei_task_rows(const vaei_task *task) { return task->row_end - task->row + task->bias; }

size_t vaei_update_task_count(const vae_model *model, const vaei_limits *limits);

/* Fills pass->tasks for a team of `members`: each has a run of tasks of about the same cost, among them those of its columns of
 * every layer whose columns the team shares (crew.h). */
void vaei_update_plan(vaei_pass *pass, uint32_t members);

#endif
