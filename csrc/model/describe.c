#include "model/describe.h"

#include <string.h>

#include "core/error.h"
#include "core/random.h"
#include "core/scalar.h"
#include "core/variates.h"
#include "model/output.h"

/* Some columns of a row of outputs. */
typedef struct piece {
  size_t columns;
  float output[VAEI_MAX_TILE_COLUMNS]; /* before the activation */
  float parameter[VAEI_MOST_PARAMETERS][VAEI_MAX_TILE_COLUMNS];
} piece;

static double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

/* The learned or fixed scale of a located likelihood, as the kernels take it. logvar: NULL, or the column's. */
static double scale_of(const vaei_pass *pass, const float *logvar) {
  const vae_config *config = &pass->model->config;
  const double most = VAEI_MOST_LOG_SCALE;
  if (config->sigma_kind == VAE_SIGMA_FIXED) return config->sigma;
  const double log_scale = logvar ? 0.5 * (double)*logvar : (double)*vaei_constant_of(pass->model, 0);
  return vaei_exp(clamp(log_scale, -most, most));
}

/* The parameters behind the first of the columns from `column` on, and then the first: the tile's output becomes the mean, whose
 * padding may reach into the second half of a row, at columns that have been read before. */
static void read_piece(const vaei_pass *pass, vaei_output_tile *tile, size_t column, piece *p) {
  const vae_config *config = tile->config;
  const vaei_likelihood *likelihood = vaei_likelihood_of(config);
  const bool second = config->sigma_kind == VAE_SIGMA_PER_OUTPUT;
  p->columns = tile->columns;
  memcpy(p->output, tile->output, tile->columns * sizeof(float));
  for (size_t j = 0; likelihood->scaled && j < tile->columns; j++)
    p->parameter[1][j] = (float)scale_of(pass, second ? tile->output + config->input_dim + j : NULL);
  for (uint32_t c = 0; c < likelihood->constant_count; c++)
    for (size_t j = 0; j < tile->columns; j++)
      p->parameter[1 + c][j] = (float)vaei_exp(clamp((double)vaei_constant_of(pass->model, c)[column + j],
                                                     -(double)VAEI_MOST_LOG_SCALE, likelihood->constants[c].most));
  likelihood->mean(tile);
  memcpy(p->parameter[0], tile->output, tile->columns * sizeof(float));
}

/* A float: what is beyond them becomes the largest. */
static float held(double x) {
  const double most = 0x1.fffffep+127;
  return (float)clamp(x, -most, most);
}

static void write_piece(const vaei_pass *pass, const vaei_description *d, const piece *p, size_t row, size_t column) {
  const vae_config *config = &pass->model->config;
  const vaei_likelihood *likelihood = vaei_likelihood_of(config);
  const size_t units = config->input_dim, at = (d->first + row) * units + column;
  for (uint32_t k = 0; d->wish == VAEI_WISH_PARAMETERS && k < VAEI_MOST_PARAMETERS && likelihood->parameters[k]; k++)
    memcpy(d->values + k * d->rows * units + at, p->parameter[k], p->columns * sizeof(float));
  if (d->wish == VAEI_WISH_PARAMETERS) return;
  for (size_t j = 0; j < p->columns; j++) {
    vaei_column c = {.output = (double)p->output[j]};
    for (uint32_t k = 0; k < VAEI_MOST_PARAMETERS; k++) c.parameter[k] = (double)p->parameter[k][j];
    if (d->wish == VAEI_WISH_MEAN)
      d->values[at + j] = likelihood->expectation ? (float)likelihood->expectation(&c) : p->parameter[0][j];
    else {
      vaei_variates v = vaei_variates_of(d->seed, VAEI_STREAM_LIKELIHOOD, (uint32_t)(d->number + d->first + row),
                                         (uint32_t)(column + j));
      d->values[at + j] = held(likelihood->draw(&c, &v));
    }
  }
}

/* One column of each group by the running sum of its probabilities. */
static void draw_groups(const vaei_description *d, const vae_config *config, const float *probability, size_t row) {
  float *x = d->values + (d->first + row) * config->input_dim;
  memset(x, 0, config->input_dim * sizeof *x);
  for (uint32_t group = 0, column = 0; group < config->group_count; column += config->groups[group++]) {
    vaei_variates v = vaei_variates_of(d->seed, VAEI_STREAM_LIKELIHOOD, (uint32_t)(d->number + d->first + row), column);
    double left = vaei_variate_uniform(&v);
    uint32_t chosen = 0, last = config->groups[group] - 1;
    while (chosen < last && (left -= (double)probability[column + chosen]) >= 0) chosen++;
    while (probability[column + chosen] == 0 && chosen > 0)
      chosen--; /* where rounding went beyond the last that can be */
    x[column + chosen] = 1.0f;
  }
}

/* False where an output is not finite: then nothing is drawn. */
static bool describe_groups(const vaei_pass *pass, const vaei_description *d, vaei_output_tile *row, size_t number) {
  const size_t units = row->config->input_dim;
  vaei_likelihood_of(row->config)->mean(row);
  if (!pass->kernels->all_below(row->output, 1, units, units, __builtin_inff())) return false;
  if (d->wish == VAEI_WISH_SAMPLES) draw_groups(d, row->config, row->output, number);
  else memcpy(d->values + (d->first + number) * units, row->output, units * sizeof(float));
  return true;
}

static bool describe_columns(const vaei_pass *pass, const vaei_description *d, const vaei_output_tile *row,
                             size_t number, size_t column) {
  for (size_t first = 0; first < row->columns; first += VAEI_MAX_TILE_COLUMNS) {
    const size_t left = row->columns - first;
    vaei_output_tile part = *row;
    piece p = {.columns = 0};
    part.output += first;
    part.columns = left < VAEI_MAX_TILE_COLUMNS ? left : VAEI_MAX_TILE_COLUMNS;
    read_piece(pass, &part, column + first, &p);
    for (uint32_t k = 0; k < VAEI_MOST_PARAMETERS; k++)
      if (!pass->kernels->all_below(p.parameter[k], 1, p.columns, p.columns, __builtin_inff())) return false;
    write_piece(pass, d, &p, number, column + first);
  }
  return true;
}

static void describe_tile(vaei_pass *pass, const void *context, const vaei_output_tile *tile, size_t row,
                          size_t column) {
  const vaei_description *d = context;
  for (size_t i = 0; i < tile->rows; i++) {
    vaei_output_tile one = *tile;
    one.rows = 1;
    one.output += i * tile->output_row;
    const bool finite = vaei_likelihood_of(tile->config)->grouped ? describe_groups(pass, d, &one, row + i)
                                                                  : describe_columns(pass, d, &one, row + i, column);
    if (!finite) atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
  }
}

void vaei_pass_describe(vaei_pass *pass, vaei_member member, const vaei_description *description) {
  const vaei_output_user user = {describe_tile, description};
  vaei_pass_use_output(pass, member, &user);
}

vae_status vaei_describe_check_mean(const vae_model *model, vae_error *err) {
  if (model->config.likelihood != VAE_LIKELIHOOD_STUDENT_T) return VAE_OK;
  const float *log_df = vaei_constant_of(model, 1);
  for (uint32_t j = 0; j < model->config.input_dim; j++)
    if (!(log_df[j] > 0))
      return vaei_fail(err, VAE_ERROR_UNSUPPORTED,
                       "column %u has %g degrees of freedom; a Student-t with 1 or less has no mean", j,
                       vaei_exp((double)log_df[j]));
  return VAE_OK;
}
