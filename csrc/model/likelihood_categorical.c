/* Categorical variables, each a group of columns with a single 1 in it: -log p(x) = log sum exp(o) - o[x] within a group. The
 * mean is the probabilities, softmax(o). */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean; /* output is the probabilities in any case */
  const vae_config *config = t->config;
  for (uint32_t group = 0, column = 0; group < config->group_count; column += config->groups[group++])
    t->kernels->categorical(config->groups[group], t->output + column, t->x + column, t->d ? *t->row_weight : 0.0f,
                            t->d ? t->d + column : NULL, t->nll);
}

static void mean_of(const vaei_output_tile *t) {
  const vae_config *config = t->config;
  for (size_t i = 0; i < t->rows; i++)
    for (uint32_t group = 0, column = 0; group < config->group_count; column += config->groups[group++])
      t->kernels->softmax(config->groups[group], t->output + i * t->output_row + column);
}

/* The log of the data's frequency, which is taken as at least 0.001. */
static double bias_for(const vae_config *config, double mean) {
  (void)config;
  return vaei_log(vaei_clip(mean, 0.001, 1.0));
}

const vaei_likelihood vaei_likelihood_categorical = {
    .support = {0.0f, 1.0f, true, "0 or 1, with a single 1 in each group (a categorical likelihood)"},
    .tame = true,
    .grouped = true,
    .loss = loss_of,
    .mean = mean_of,
    .bias = bias_for,
    .parameters = {"probability"},
};
