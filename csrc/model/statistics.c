#include "model/vae_statistics.h"

#include "core/error.h"
#include "core/scalar.h"
#include "model/aggregate.h"
#include "model/likelihood.h"
#include "model/prior.h"

enum { MOST_AGGREGATE_ROWS = 10000 };

/* A running mean and sum of squared distances from it: Welford 1962, in the order in which values come. */
typedef struct moments {
  double count, mean, squares;
} moments;

static void add_value(moments *m, double value) {
  const double distance = value - m->mean;
  m->count += 1;
  m->mean += distance / m->count;
  m->squares += distance * (value - m->mean);
}

/* What the chunks add up to. */
typedef struct totals {
  const vae_statistics_arrays *arrays;
  moments *latent_mean; /* [Z], of q's means */
  double *latent_kl;    /* [Z] */
  moments log_evidence;
  double effective, effective_min;
  double sampling_variance; /* sum over examples of the variance of log_evidence over seeds */
  uint64_t few_effective;
  bool grey; /* some x is neither 0 nor 1 */
} totals;

/* Burda, Grosse & Salakhutdinov 2016, eq. 8 with L samples; effective samples: Kong 1992. The variance of a log is, to
 * first order, the squared relative deviation of what is under it: 1 / ESS - 1 / L. */
static void see_example(totals *t, const vaei_pass *pass, size_t i, size_t row) {
  const double log_evidence = -pass->example_loss[i];
  const double effective = pass->weight_sum[i] * pass->weight_sum[i] / pass->weight_squares[i];
  add_value(&t->log_evidence, log_evidence);
  t->effective += effective;
  if (effective < t->effective_min) t->effective_min = effective;
  t->few_effective += effective < VAE_FEW_EFFECTIVE_SAMPLES;
  t->sampling_variance += 1.0 / effective - 1.0 / pass->objective.samples;
  if (t->arrays->log_evidence) t->arrays->log_evidence[row] = log_evidence;
  if (t->arrays->effective_samples) t->arrays->effective_samples[row] = effective;
}

static bool is_binary(const float *x, size_t columns) {
  size_t binary = 0;
  for (size_t j = 0; j < columns; j++) binary += x[j] == 0.0f || x[j] == 1.0f;
  return binary == columns;
}

/* Latent k's share of KL(q(z|x), p(z)), and its mean. */
static void see_latent(totals *t, const vaei_pass *pass, size_t k) {
  const vaei_prior *prior = pass->prior;
  for (size_t i = 0; i < pass->rows; i++) {
    t->latent_kl[k] += prior->latent_kl ? prior->latent_kl(pass, i, k) : __builtin_nan("");
    add_value(&t->latent_mean[k], vaei_posterior_mean(pass, i)[k]);
  }
}

/* Latents are shared out: each one's sums run over all rows in their order. */
static void see_chunk(void *context, const vaei_pass *pass, vaei_member member, size_t first) {
  totals *t = context;
  const vaei_range latents = vaei_team_share(member, pass->model->config.latent_dim);
  for (size_t k = latents.begin; k < latents.end; k++) see_latent(t, pass, k);
  for (size_t i = 0; member.rank == 0 && i < pass->rows; i++) {
    see_example(t, pass, i, first + i);
    t->grey = t->grey || !is_binary(pass->x + i * pass->x_row, pass->model->config.input_dim);
  }
}

/* Whether p(x|z) is a density, and not the probabilities of separate values. */

/* Bits per dimension: minus log2 p(x) / D, for a density of what was rounded to bins minus log2 of their width. */
static void find_bits(vae_statistics *s, const vae_config *config, const vae_data *x, double bin_width, bool grey) {
  const double log_two = 0.69314718055994530942;
  s->bits_per_dimension = -s->log_evidence / ((double)config->input_dim * log_two);
  const bool mixes = grey && config->likelihood == VAE_LIKELIHOOD_BERNOULLI; /* grey is a mixture of 0 and 1 there */
  s->bits = mixes ? VAE_BITS_CROSS_ENTROPY : VAE_BITS_CODE_LENGTH;
  if (!vaei_likelihood_of(config)->density) return;
  const double width = bin_width == 0 && x->type == VAE_DATA_UINT8 ? x->scale : bin_width;
  s->bits = width > 0 ? VAE_BITS_BINS : VAE_BITS_DENSITY;
  if (width > 0) s->bits_per_dimension -= vaei_log(width) / log_two;
}

static void describe_evidence(vae_statistics *s, const totals *t) {
  const double n = t->log_evidence.count;
  s->standard_error = n > 1 ? vaei_sqrt(t->log_evidence.squares / (n - 1.0) / n) : __builtin_nan("");
  s->interval_low = s->log_evidence - 1.96 * s->standard_error;
  s->interval_high = s->log_evidence + 1.96 * s->standard_error;
  s->sampling_error = vaei_sqrt(t->sampling_variance > 0 ? t->sampling_variance : 0) / n; /* rounding may pass zero */
  s->effective_samples = t->effective / n;
  s->effective_samples_min = t->effective_min;
  s->few_effective = t->few_effective;
  if ((double)t->few_effective > 0.1 * n) s->warnings |= VAE_WARNING_DEGENERATE_WEIGHTS;
}

/* Active units: Burda et al. 2016, section 5.2; the variance divides by n. */
static void describe_latents(vae_statistics *s, const totals *t, uint32_t latents, double active_variance) {
  for (uint32_t k = 0; k < latents; k++) {
    const double n = t->latent_mean[k].count, variance = t->latent_mean[k].squares / n;
    s->active_latents += variance > active_variance;
    if (t->arrays->latent_kl) t->arrays->latent_kl[k] = t->latent_kl[k] / n;
    if (t->arrays->latent_variance) t->arrays->latent_variance[k] = variance;
  }
  if (s->examples > 1 && 2 * (uint64_t)s->active_latents < latents) s->warnings |= VAE_WARNING_COLLAPSE;
}

static void describe_aggregate(vae_statistics *s, vaei_aggregate *aggregate) {
  s->aggregate_rows = (uint32_t)(s->examples / aggregate->batches);
  s->mutual_information = vaei_aggregate_information(aggregate);
  s->aggregate_kl = s->kl - s->mutual_information;
  if (aggregate->batches > 1 && s->mutual_information > vaei_log((double)s->aggregate_rows) - 1.0)
    s->warnings |= VAE_WARNING_MUTUAL_INFORMATION;
}

static vae_status measure(vae_workspace *w, const vae_model *model, const vae_data *x,
                          const vae_statistics_options *options, totals *t, vaei_aggregate *aggregate,
                          vae_statistics *s, vae_error *err) {
  const vae_objective objective = {
      .struct_size = sizeof objective, .kind = VAE_OBJECTIVE_IWAE, .samples = options->samples, .beta = 1.0};
  const vaei_observer observer = {see_chunk, t};
  vae_loss loss;
  const vae_status status =
      vaei_workspace_evaluate(w, model, x, &objective, options->seed, &loss, NULL, &observer, err);
  if (status != VAE_OK) return status;
  *s = (vae_statistics){.struct_size = sizeof *s,
                        .examples = loss.examples,
                        .log_evidence = -loss.loss,
                        .reconstruction = loss.reconstruction,
                        .kl = loss.kl,
                        .negative_elbo = loss.negative_elbo};
  describe_evidence(s, t);
  describe_latents(s, t, model->config.latent_dim, options->active_variance);
  find_bits(s, &model->config, x, options->bin_width, t->grey);
  describe_aggregate(s, aggregate);
  return VAE_OK;
}

vae_status vaei_workspace_statistics(vae_workspace *w, const vae_model *model, const vae_data *x,
                                     const vae_statistics_options *options, vae_statistics *statistics,
                                     const vae_statistics_arrays *arrays, vae_error *err) {
  const size_t latents = model->config.latent_dim;
  totals t = {.arrays = arrays, .effective_min = __builtin_inf()};
  const size_t bytes = latents * (sizeof *t.latent_mean + sizeof *t.latent_kl);
  t.latent_mean = vaei_allocate_zeroed(&w->allocator, bytes);
  if (!t.latent_mean)
    return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for statistics (%zu bytes asked for)", bytes);
  t.latent_kl = (double *)(t.latent_mean + latents);
  /* All memory first: a failure must not come after minutes of sampling. */
  vaei_aggregate aggregate;
  const uint32_t most = options->aggregate_rows ? options->aggregate_rows : MOST_AGGREGATE_ROWS;
  vae_status status = vaei_aggregate_open(&aggregate, w, model, x, options->seed, most, err);
  if (status == VAE_OK) {
    status = measure(w, model, x, options, &t, &aggregate, statistics, err);
    vaei_aggregate_close(&aggregate);
  }
  vaei_release(&w->allocator, t.latent_mean, bytes);
  return status;
}
