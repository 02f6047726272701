#include "model/coupled_pass.h"

#include "core/error.h"

static vae_status fit_path(vaei_pass *pass, const vae_objective *objective, vae_error *err) {
  if (pass->path || objective->estimator == VAE_ESTIMATOR_PLAIN) return VAE_OK;
  const size_t size = vaei_pass_path_size(pass);
  pass->path = vaei_allocate_zeroed(&pass->arena.allocator, size);
  if (pass->path) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for the estimator's gradients (%zu bytes asked for)", size);
}

vae_status vaei_pass_fit_objective(vaei_pass *pass, const vae_objective *objective, vae_error *err) {
  const vae_status status = fit_path(pass, objective, err);
  if (status != VAE_OK) return status;
  return vaei_coupling_fit(&pass->coupling, pass->kernels, &pass->arena.allocator, pass->model->config.latent_dim,
                           pass->size.rows, objective, pass->size.gradients, err);
}

/* q of the pass's examples from example `first` on. */
static vaei_posterior_rows rows_of(const vaei_pass *pass, size_t first) {
  const vaei_activations *head = &pass->layers[pass->model->head];
  return (vaei_posterior_rows){.q = head->y + first * head->row,
                               .q_row = head->row,
                               .deviation = pass->deviation + first * pass->latent_row,
                               .deviation_row = pass->latent_row,
                               .kl = pass->kl + first};
}

void vaei_pass_couple(vaei_pass *pass, vaei_member member, const float *noise, const vaei_stream *stream,
                      uint64_t first) {
  vaei_coupling *c = &pass->coupling;
  const vaei_posterior_rows rows = rows_of(pass, 0);
  if (member.rank == 0) vaei_coupling_begin_block(c, pass->rows, stream, first);
  vaei_team_barrier(member);
  vaei_coupling_take(c, member, &rows, 0, pass->rows, noise);
  vaei_coupling_add_block(c, member);
  if (member.rank == 0) {
    vaei_coupling_conclude(c);
    pass->penalty = c->penalty;
  }
  vaei_team_barrier(member);
  vaei_coupling_gradients(c, member);
  vaei_team_barrier(member);
}

/* Where block `index` of an evaluation begins. */
static size_t block_begin(size_t rows, size_t index) {
  const size_t blocks = (rows + VAEI_BLOCK_ROWS - 1) / VAEI_BLOCK_ROWS;
  return (size_t)((uint64_t)rows * index / blocks);
}

static size_t block_of(size_t rows, size_t row) {
  size_t index = row / VAEI_BLOCK_ROWS; /* no block is larger, so it cannot be an earlier one */
  while (block_begin(rows, index + 1) <= row) index++;
  return index;
}

void vaei_coupled_rows_add(const vaei_coupled_rows *all, const vaei_pass *pass, vaei_member member, size_t first) {
  const size_t last = first + pass->rows;
  for (size_t row = first, end; row < last; row = end) {
    const size_t block = block_of(all->rows, row), begin = block_begin(all->rows, block);
    const size_t block_end = block_begin(all->rows, block + 1);
    const vaei_posterior_rows rows = rows_of(pass, row - first);
    end = block_end < last ? block_end : last;
    if (row == begin) {
      if (member.rank == 0)
        vaei_coupling_begin_block(all->coupling, (uint32_t)(block_end - begin), &all->stream, begin);
      vaei_team_barrier(member);
    }
    vaei_coupling_take(all->coupling, member, &rows, (uint32_t)(row - begin), (uint32_t)(end - row), NULL);
    if (end == block_end) vaei_coupling_add_block(all->coupling, member);
  }
}
