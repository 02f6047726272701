#include "model/vae_workspace.h"

#include <string.h>

#include "core/error.h"
#include "core/random.h"
#include "core/scalar.h"
#include "model/batch.h"
#include "model/condition.h"
#include "model/coupled_pass.h"
#include "model/crew.h"
#include "model/data_value.h"
#include "model/prior.h"

vae_status vaei_workspace_new(const vae_model *model, const vaei_kernels *kernels, const vae_allocator *allocator,
                              uint32_t max_rows, uint32_t threads, vae_workspace **workspace, vae_error *err) {
  *workspace = NULL;
  vae_workspace *w = vaei_allocate_zeroed(allocator, sizeof *w);
  if (!w) return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for a workspace (%zu bytes asked for)", sizeof *w);
  w->allocator = *allocator;
  const vaei_pass_size size = {.rows = max_rows, .draws = max_rows, .at_once = max_rows};
  w->max_rows = max_rows;
  w->threads = threads;
  vae_status status = vaei_model_new_shape(&model->config, allocator, &w->shape, err);
  if (status == VAE_OK) w->shape->precision = model->precision;
  if (status == VAE_OK) status = vaei_pass_open(&w->pass, model, kernels, NULL, allocator, &size, err);
  if (status != VAE_OK) {
    vaei_workspace_delete(w);
    return status;
  }
  *workspace = w;
  return VAE_OK;
}

void vaei_workspace_delete(vae_workspace *w) {
  if (!w) return;
  const vae_allocator allocator = w->allocator;
  vaei_release(&allocator, w->gradients, w->gradients_size);
  vaei_coupling_close(&w->coupling);
  if (w->pass.arena.memory) vaei_pass_close(&w->pass);
  if (w->training.arena.memory) vaei_pass_close(&w->training);
  vaei_model_delete(w->shape);
  vaei_release(&allocator, w, sizeof *w);
}

/* An operation over rows, run by every member of a team, a chunk of rows at a time. */
typedef enum operation { ENCODE, DECODE, RECONSTRUCT, SAMPLE, PRIOR, EVALUATE, DESCRIBE } operation;

typedef struct row_job {
  operation operation;
  vaei_pass *pass;
  size_t rows, chunk; /* in all, and at a time */
  vae_objective objective;
  const vae_data *x;              /* with its condition; NULL where there is z, and then … */
  const vae_condition *condition; /* … the condition of z's rows; NULL where the model has none */
  const float *z_in;
  vaei_stream stream;
  uint64_t first_number; /* of row 0 in the stream */
  float *mean, *logvar, *z_out, *output;
  const vae_terms *terms;
  const vaei_observer *observer;
  const vaei_coupled_rows *coupled; /* NULL where the objective couples no rows */
  const vaei_description *description;
  vaei_sums sums;
  _Atomic size_t bad_row; /* SIZE_MAX: none */
} row_job;

/* x of the chunk → q; z = its mean where that is what is decoded. False where the data are bad. */
static bool encode_chunk(row_job *job, vaei_member member, size_t first) {
  vaei_pass *pass = job->pass;
  const size_t latents = pass->model->config.latent_dim;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const vaei_source source = {.data = job->x, .first = first};
  vaei_pass_gather(pass, member, &source, NULL, &job->bad_row);
  vaei_pass_encode(pass, member);
  const vaei_crew crew = vaei_encoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  for (size_t i = share.begin; i < share.end; i++) {
    const float *mean = head->y + i * head->row;
    if (job->mean) memcpy(job->mean + (first + i) * latents, mean, latents * sizeof(float));
    if (job->logvar) memcpy(job->logvar + (first + i) * latents, mean + latents, latents * sizeof(float));
    float *z = pass->z + i * pass->z_row;
    memcpy(z, mean, latents * sizeof(float));
    vaei_condition_join(pass, i, z, latents);
  }
  vaei_team_barrier(member);
  return atomic_load(&job->bad_row) == SIZE_MAX;
}

/* Gathers the condition of the chunk's rows, where there is one, and makes the prior ready to be drawn from. */
static void take_condition(row_job *job, vaei_member member, size_t first) {
  vaei_pass *pass = job->pass;
  const vaei_source source = {.first = first};
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  if (pass->c) vaei_condition_gather(pass, vaei_crew_share(&crew, 1), job->condition, &source, &job->bad_row);
  if (job->z_in || !pass->prior->forward) return;
  vaei_team_barrier(crew.member);
  pass->prior->forward(pass, &crew);
}

/* z of the chunk, from the caller or from the prior, with its condition. False where that is bad. */
static bool take_latents(row_job *job, vaei_member member, size_t first) {
  vaei_pass *pass = job->pass;
  const size_t latents = pass->model->config.latent_dim;
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  const vaei_draws draws = {.example = job->first_number + first, .samples = 1};
  take_condition(job, member, first);
  if (job->operation == SAMPLE) pass->prior->sample(pass, &job->stream, &draws, share.begin, share.end);
  for (size_t i = share.begin; i < share.end; i++) {
    float *z = pass->z + i * pass->z_row;
    if (job->operation != SAMPLE) memcpy(z, job->z_in + (first + i) * latents, latents * sizeof(float));
    if (job->z_out) memcpy(job->z_out + (first + i) * latents, z, latents * sizeof(float));
    if (!pass->kernels->all_below(z, 1, latents, latents, __builtin_inff()))
      atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
    vaei_condition_join(pass, i, z, latents);
  }
  vaei_team_barrier(pass->c ? member : crew.member);
  return atomic_load(&job->bad_row) == SIZE_MAX;
}

/* p(z|c) of the chunk. False where the condition is bad. */
static bool prior_chunk(row_job *job, vaei_member member, size_t first) {
  vaei_pass *pass = job->pass;
  const size_t latents = pass->model->config.latent_dim;
  const vaei_activations *head = &pass->layers[vaei_prior_head(pass->model)];
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  take_condition(job, member, first);
  for (size_t i = share.begin; i < share.end; i++) {
    const float *mean = head->y + i * head->row;
    if (job->mean) memcpy(job->mean + (first + i) * latents, mean, latents * sizeof(float));
    if (job->logvar) memcpy(job->logvar + (first + i) * latents, mean + latents, latents * sizeof(float));
    if (!pass->kernels->all_below(mean, 1, 2 * latents, 0, __builtin_inff()))
      atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
  }
  vaei_team_barrier(member);
  return atomic_load(&job->bad_row) == SIZE_MAX;
}

static void decode_chunk(row_job *job, vaei_member member, size_t first) {
  vaei_pass *pass = job->pass;
  const size_t units = pass->model->config.input_dim;
  vaei_pass_decode(pass, member);
  vaei_pass_output(pass, member, job->output + first * units);
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  if (!pass->kernels->all_below(job->output + (first + share.begin) * units, share.end - share.begin, units, units,
                                __builtin_inff()))
    atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
}

static void describe_chunk(row_job *job, vaei_member member, size_t first) {
  vaei_description description = *job->description;
  description.first = first;
  vaei_pass_decode(job->pass, member);
  vaei_pass_describe(job->pass, member, &description);
}

/* The loss of a chunk. False where the data are bad. */
static bool evaluate_chunk(row_job *job, vaei_member member, size_t first) {
  vaei_batch batch = {.source = {.data = job->x, .first = first},
                      .stream = job->stream,
                      .first_number = job->first_number + first,
                      .terms = {.rows = job->rows, .first = first},
                      .bad_row = &job->bad_row};
  if (job->terms) batch.terms.terms = *job->terms;
  vaei_batch_run(job->pass, member, &batch);
  if (member.rank == 0) vaei_pass_add_sums(job->pass, &job->sums);
  if (job->coupled) vaei_coupled_rows_add(job->coupled, job->pass, member, first);
  if (job->observer) job->observer->see(job->observer->context, job->pass, member, first);
  return atomic_load(&job->bad_row) == SIZE_MAX;
}

/* False where the data are bad. */
static bool run_chunk(row_job *job, vaei_member member, size_t first) {
  if (job->operation == EVALUATE) return evaluate_chunk(job, member, first);
  if (job->operation == PRIOR) return prior_chunk(job, member, first);
  const bool has_z = job->operation == DECODE || job->operation == SAMPLE || job->operation == DESCRIBE;
  if (!(has_z ? take_latents : encode_chunk)(job, member, first)) return false;
  if (job->output) decode_chunk(job, member, first);
  if (job->description) describe_chunk(job, member, first);
  return true;
}

static void run_job(vaei_member member, void *context) {
  row_job *job = context;
  vaei_pass *pass = job->pass;
  if (job->operation == EVALUATE || job->operation == SAMPLE) vaei_pass_prepare(pass, member);
  for (size_t first = 0; first < job->rows; first += job->chunk) {
    const size_t left = job->rows - first;
    vaei_team_barrier(member);
    if (member.rank == 0) vaei_pass_begin(pass, (uint32_t)(left < job->chunk ? left : job->chunk), &job->objective);
    vaei_team_barrier(member);
    if (!run_chunk(job, member, first)) return;
    vaei_team_barrier(member);
    if (atomic_load_explicit(&pass->not_finite, memory_order_relaxed)) return;
  }
}

static vae_status not_finite(const vaei_pass *pass, unsigned phases, const char *what, vae_error *err) {
  char words[160];
  vaei_pass_diagnose(pass, phases, words, sizeof words);
  return vaei_fail(err, VAE_ERROR_NOT_FINITE, "%s: %s is not finite", what, words);
}

/* Runs a job whose operands are set, and says what stopped it. */
static vae_status run(vae_workspace *w, const vae_model *model, row_job *job, const char *what, vae_error *err) {
  const uint32_t samples = job->operation == EVALUATE ? job->objective.samples : 1;
  w->has_gradients = false;
  job->objective.samples = samples;
  job->pass = &w->pass;
  job->pass->model = model;
  job->chunk = w->max_rows;
  atomic_store(&job->bad_row, SIZE_MAX);
  const size_t together = (job->rows < job->chunk ? job->rows : job->chunk) * samples;
  vaei_team_run(vaei_pass_team(&w->pass, together, w->threads, job->rows > job->chunk), run_job, job);
  const size_t bad = atomic_load(&job->bad_row);
  if (bad != SIZE_MAX)
    return job->x ? vaei_data_error(model, job->x, bad, err) : vaei_condition_error(model, job->condition, bad, err);
  if (!atomic_load(&w->pass.not_finite)) return VAE_OK;
  static const unsigned phases[] = {[ENCODE] = VAEI_RAN_ENCODER,
                                    [DECODE] = VAEI_RAN_DECODER,
                                    [RECONSTRUCT] = VAEI_RAN_ENCODER | VAEI_RAN_DECODER,
                                    [SAMPLE] = VAEI_RAN_PRIOR | VAEI_RAN_DECODER,
                                    [PRIOR] = VAEI_RAN_PRIOR,
                                    [EVALUATE] = VAEI_RAN_ALL,
                                    [DESCRIBE] = VAEI_RAN_DECODER};
  return not_finite(&w->pass, phases[job->operation], what, err);
}

vae_status vaei_workspace_encode(vae_workspace *w, const vae_model *model, const vae_data *x, float *mean,
                                 float *logvar, vae_error *err) {
  row_job job = {.operation = ENCODE, .rows = x->rows, .x = x, .mean = mean, .logvar = logvar};
  return run(w, model, &job, "encode", err);
}

static vae_status check_latents(const vae_model *model, const float *z, size_t rows, vae_error *err) {
  const size_t latents = model->config.latent_dim;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < latents; j++)
      if (!(z[i * latents + j] - z[i * latents + j] == 0))
        return vaei_fail(err, VAE_ERROR_DATA, "z row %zu, column %zu is %g; allowed is any finite number", i, j,
                         (double)z[i * latents + j]);
  return VAE_OK;
}

vae_status vaei_workspace_describe(vae_workspace *w, const vae_model *model, const float *z,
                                   const vae_condition *condition, const vaei_description *description,
                                   vae_error *err) {
  vae_status status = check_latents(model, z, description->rows, err);
  if (status == VAE_OK && description->wish == VAEI_WISH_MEAN) status = vaei_describe_check_mean(model, err);
  if (status != VAE_OK) return status;
  row_job job = {
      .operation = DESCRIBE, .rows = description->rows, .condition = condition, .z_in = z, .description = description};
  return run(w, model, &job, "likelihood", err);
}

vae_status vaei_workspace_decode(vae_workspace *w, const vae_model *model, const float *z, size_t rows,
                                 const vae_condition *condition, float *output, vae_error *err) {
  const vae_status status = check_latents(model, z, rows, err);
  if (status != VAE_OK) return status;
  row_job job = {.operation = DECODE, .rows = rows, .condition = condition, .z_in = z, .output = output};
  return run(w, model, &job, "decode", err);
}

vae_status vaei_workspace_reconstruct(vae_workspace *w, const vae_model *model, const vae_data *x, float *output,
                                      vae_error *err) {
  row_job job = {.operation = RECONSTRUCT, .rows = x->rows, .x = x, .output = output};
  return run(w, model, &job, "reconstruct", err);
}

vae_status vaei_workspace_sample(vae_workspace *w, const vae_model *model, uint64_t seed, uint64_t first_row,
                                 size_t rows, const vae_condition *condition, float *output, float *z, vae_error *err) {
  row_job job = {.operation = SAMPLE,
                 .rows = rows,
                 .condition = condition,
                 .stream = {.seed = seed, .stream = VAEI_STREAM_SAMPLING},
                 .first_number = first_row,
                 .output = output,
                 .z_out = z};
  return run(w, model, &job, "sample", err);
}

vae_status vaei_workspace_prior(vae_workspace *w, const vae_model *model, size_t rows, const vae_condition *condition,
                                float *mean, float *logvar, vae_error *err) {
  row_job job = {.operation = PRIOR, .rows = rows, .condition = condition, .mean = mean, .logvar = logvar};
  return run(w, model, &job, "prior", err);
}

/* Makes the job's objective couple its rows, where it does. */
static vae_status couple_rows(vae_workspace *w, const vae_model *model, row_job *job, const vaei_coupled_rows *coupled,
                              vae_error *err) {
  if (!vaei_objective_couples(&job->objective)) return VAE_OK;
  const vae_status status = vaei_coupling_fit(&w->coupling, w->pass.kernels, &w->allocator, model->config.latent_dim,
                                              VAEI_BLOCK_ROWS, &job->objective, false, err);
  if (status != VAE_OK) return status;
  if (!job->objective.data_rows) job->objective.data_rows = job->rows;
  job->coupled = coupled;
  vaei_coupling_begin(&w->coupling, &job->objective);
  return VAE_OK;
}

/* The penalty follows from all rows, and every example has the same share of it. */
static void add_penalty(vae_workspace *w, row_job *job) {
  vaei_coupling_conclude(&w->coupling);
  const double penalty = w->coupling.penalty;
  job->sums.penalty = penalty * (double)job->rows;
  job->sums.loss += job->sums.penalty;
  for (size_t i = 0; job->terms && job->terms->loss && i < job->rows; i++) job->terms->loss[i] += (float)penalty;
}

vae_status vaei_workspace_evaluate(vae_workspace *w, const vae_model *model, const vae_data *x,
                                   const vae_objective *objective, uint64_t seed, vae_loss *loss,
                                   const vae_terms *terms, const vaei_observer *observer, vae_error *err) {
  row_job job = {.operation = EVALUATE,
                 .rows = x->rows,
                 .x = x,
                 .objective = *objective,
                 .stream = {.seed = seed, .stream = VAEI_STREAM_EVALUATION},
                 .terms = terms,
                 .observer = observer};
  const vaei_coupled_rows coupled = {.coupling = &w->coupling, .rows = x->rows, .stream = job.stream};
  vae_status status = couple_rows(w, model, &job, &coupled, err);
  if (status == VAE_OK) status = run(w, model, &job, "evaluate", err);
  if (status != VAE_OK) return status;
  if (job.coupled) add_penalty(w, &job);
  if (!vaei_is_finite(job.sums.loss))
    return vaei_fail(err, VAE_ERROR_NOT_FINITE, "evaluate: the penalty (%g) is not finite", w->coupling.penalty);
  *loss = vaei_sums_loss(&job.sums);
  return VAE_OK;
}

/* One mini-batch, forward and backward. */
typedef struct gradient_job {
  vaei_pass *pass;
  vaei_batch batch;
  float *gradients;
  _Atomic size_t bad_row;
} gradient_job;

static void run_gradients(vaei_member member, void *context) {
  gradient_job *job = context;
  vaei_pass *pass = job->pass;
  vaei_pass_assign(pass, member);
  vaei_pass_transpose(pass, member);
  vaei_team_barrier(member);
  vaei_batch_run(pass, member, &job->batch);
  if (atomic_load(&job->bad_row) != SIZE_MAX) return;
  vaei_pass_gradients(pass, member, job->gradients);
}

/* Opens or widens the pass with gradients. */
static vae_status training_pass(vae_workspace *w, const vae_model *model, uint64_t draws, vae_error *err) {
  if (!w->gradients) {
    w->gradients = vaei_allocate_zeroed(&w->allocator, model->block_size * sizeof(float));
    w->gradients_size = model->block_size * sizeof(float);
    if (!w->gradients)
      return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for gradients (%zu bytes asked for)",
                       w->gradients_size);
  }
  if (w->training.arena.memory && vaei_pass_holds(&w->training, w->max_rows, draws)) return VAE_OK;
  const vaei_pass_size size = {.rows = w->max_rows,
                               .draws = draws < w->max_rows ? w->max_rows : draws,
                               .at_once = VAEI_DRAWS_AT_ONCE,
                               .gradients = true};
  vaei_pass wider;
  const vae_status status = vaei_pass_open(&wider, model, w->pass.kernels, NULL, &w->allocator, &size, err);
  if (status != VAE_OK) return status;
  if (w->training.arena.memory) vaei_pass_close(&w->training);
  w->training = wider;
  return VAE_OK;
}

vae_status vaei_workspace_gradients(vae_workspace *w, const vae_model *model, const vae_data *x,
                                    const vae_objective *objective, const float *noise, uint64_t seed, vae_loss *loss,
                                    const vae_terms *terms, vae_error *err) {
  w->has_gradients = false;
  const size_t draws = x->rows * objective->samples;
  if (draws > UINT32_MAX)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%zu rows with %u samples each are too many at once", x->rows,
                     objective->samples);
  vae_status status = training_pass(w, model, (uint32_t)draws, err);
  if (status == VAE_OK) status = vaei_pass_fit_objective(&w->training, objective, err);
  if (status != VAE_OK) return status;
  vaei_pass *pass = &w->training;
  pass->model = model;
  gradient_job job = {.pass = pass,
                      .batch = {.source = {.data = x},
                                .noise = noise,
                                .stream = {.seed = seed, .stream = VAEI_STREAM_TRAINING},
                                .terms.rows = x->rows,
                                .bad_row = &job.bad_row},
                      .gradients = w->gradients};
  if (terms) job.batch.terms.terms = *terms;
  atomic_store(&job.bad_row, SIZE_MAX);
  vaei_pass_begin(pass, (uint32_t)x->rows, objective);
  vaei_team_run(vaei_pass_team(pass, draws, w->threads, false), run_gradients, &job);
  if (atomic_load(&job.bad_row) != SIZE_MAX) return vaei_data_error(model, x, atomic_load(&job.bad_row), err);
  if (atomic_load(&pass->not_finite)) return not_finite(pass, VAEI_RAN_ALL, "loss and gradients", err);
  if (!pass->kernels->all_below(w->gradients, 1, model->block_size, model->block_size, __builtin_inff()))
    return not_finite(pass, VAEI_RAN_ALL, "loss and gradients", err);
  vaei_sums sums = {0};
  vaei_pass_add_sums(pass, &sums);
  if (loss) *loss = vaei_sums_loss(&sums);
  w->has_gradients = true;
  return VAE_OK;
}
