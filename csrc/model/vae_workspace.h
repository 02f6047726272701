/* The inside of vae_workspace: running a model over any number of rows, a bounded number at a time. */
#ifndef VAEI_WORKSPACE_H
#define VAEI_WORKSPACE_H

#include "model/describe.h"
#include "model/pass.h"
#include "vae/workspace.h"

struct vae_workspace {
  vae_allocator allocator;
  uint32_t max_rows, threads;
  vae_model *shape;       /* a copy of the model's configuration and layout, without its parameters */
  vaei_pass pass;         /* without gradients */
  vaei_pass training;     /* with gradients; opened at the first use */
  vaei_coupling coupling; /* of evaluations; opened by the first whose objective couples rows */
  float *gradients;       /* block_size floats; NULL until then */
  size_t gradients_size;  /* bytes */
  bool has_gradients;
};

vae_status vaei_workspace_new(const vae_model *model, const vaei_kernels *kernels, const vae_allocator *allocator,
                              uint32_t max_rows, uint32_t threads, vae_workspace **workspace, vae_error *err);
void vaei_workspace_delete(vae_workspace *workspace);

/* Sees every chunk of an evaluation while its losses and its q are in the pass: rows `first` … of the data. Every member
 * calls it, between barriers. */
typedef struct vaei_observer {
  void (*see)(void *context, const vaei_pass *pass, vaei_member member, size_t first);
  void *context;
} vaei_observer;

/* As the public functions of the same names, or of those with _given; observer may be NULL; arguments have been checked. `x`
 * and `condition` are full-size copies, the latter NULL where the model has none. */
vae_status vaei_workspace_encode(vae_workspace *w, const vae_model *model, const vae_data *x, float *mean,
                                 float *logvar, vae_error *err);
vae_status vaei_workspace_decode(vae_workspace *w, const vae_model *model, const float *z, size_t rows,
                                 const vae_condition *condition, float *output, vae_error *err);
vae_status vaei_workspace_describe(vae_workspace *w, const vae_model *model, const float *z,
                                   const vae_condition *condition, const vaei_description *description, vae_error *err);
vae_status vaei_workspace_reconstruct(vae_workspace *w, const vae_model *model, const vae_data *x, float *output,
                                      vae_error *err);
vae_status vaei_workspace_sample(vae_workspace *w, const vae_model *model, uint64_t seed, uint64_t first_row,
                                 size_t rows, const vae_condition *condition, float *output, float *z, vae_error *err);
/* Of a conditional prior. */
vae_status vaei_workspace_prior(vae_workspace *w, const vae_model *model, size_t rows, const vae_condition *condition,
                                float *mean, float *logvar, vae_error *err);
vae_status vaei_workspace_evaluate(vae_workspace *w, const vae_model *model, const vae_data *x,
                                   const vae_objective *objective, uint64_t seed, vae_loss *loss,
                                   const vae_terms *terms, const vaei_observer *observer, vae_error *err);
vae_status vaei_workspace_gradients(vae_workspace *w, const vae_model *model, const vae_data *x,
                                    const vae_objective *objective, const float *noise, uint64_t seed, vae_loss *loss,
                                    const vae_terms *terms, vae_error *err);

#endif
