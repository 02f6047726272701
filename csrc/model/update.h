/* How the weight gradients of all layers are cut into tasks. */
#ifndef VAEI_UPDATE_H
#define VAEI_UPDATE_H

#include "model/pass.h"

/* Rows [row, row_end) of a layer's weights, its inputs, the bias with the last of them; panels [panel, panel_end). */
struct vaei_task {
  uint32_t layer, row, row_end, panel, panel_end;
  bool bias;
  size_t cost;    /* of this and of all tasks before it */
  double squares; /* sum of its gradients' squares, where that was asked for */
};

/* The rows of a task, the bias counted. */
static inline uint32_t vaei_task_rows(const vaei_task *task) { return task->row_end - task->row + task->bias; }

size_t vaei_update_task_count(const vae_model *model, const vaei_limits *limits);

/* Fills pass->tasks. */
void vaei_update_plan(vaei_pass *pass);

#endif
