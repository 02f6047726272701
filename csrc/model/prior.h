/* p(z): each prior is a file prior_*.c and one entry of a table; its formula and source stand above the code.
 *
 * Two kinds of KL(q(z|x), p(z)). Where it is known from q and the prior's parameters, posterior and posterior_backward give it
 * and its gradients. Else it is estimated: the mean over an example's samples of log q(z|x) - log p(z), whose gradient reaches
 * q and the prior through draw_backward, with weight beta / (n K) a sample, as the importance-weighted bound's does with the
 * sample's own weight.
 *
 * Examples i count within the batch; rows r within the part. A function that is told a row or an example touches nothing that
 * belongs to others, since members work on them side by side; so gradients of parameters that rows share are summed elsewhere,
 * in an order that no team changes. */
#ifndef VAEI_PRIOR_H
#define VAEI_PRIOR_H

#include "model/crew.h"

/* What a prior adds to a model. */
typedef struct vaei_prior_size {
  uint32_t layers, tensors;
  uint64_t values;
} vaei_prior_size;

typedef struct vaei_prior {
  bool closed_form; /* KL(q, p) needs no samples */

  /* Its parameters; NULL for a prior without any. lay_out appends `layers` layers behind the likelihood's and `tensors`
   * names. */
  vaei_prior_size (*size)(const vae_config *);
  void (*lay_out)(vae_model *);

  /* The initial values of layers of kind OWN, which is for the prior to say; NULL where it has none. */
  void (*init)(vae_model *, uint64_t seed);

  /* Memory of a pass, taken from its arena or planned; and, once the arena is open, what else is to be opened. NULL: none. */
  void (*lay_out_pass)(vaei_pass *);
  vae_status (*open)(vaei_pass *, vae_error *);

  /* As vaei_pass_prepare. NULL: nothing. */
  void (*prepare)(vaei_pass *, vaei_member);

  /* NULL, or what it has to know of c before the first q: the outputs of layers of its own for the crew's examples. Ends with
   * a barrier of the crew. backward: from the gradients of their last outputs, which posterior_backward and draw_backward
   * leave, to those of the others. Begins after a barrier of the crew and ends with one. */
  void (*forward)(vaei_pass *, const vaei_crew *);
  void (*backward)(vaei_pass *, const vaei_crew *);

  /* Example i: clamps logvar of q in place, sets deviation and inside, and returns KL(q, p) (NaN where q is not finite). Where
   * there is no closed form 0 (or NaN), to which the samples' log q(z|x) - log p(z) are added. */
  double (*posterior)(vaei_pass *, size_t i);

  /* Latent k's share of that, after it; NULL where there is no closed form. */
  double (*latent_kl)(const vaei_pass *, size_t i, size_t k);

  /* Row r of example i: z = mean + deviation * noise. Returns log p(z) - log q(z|x). */
  double (*draw)(vaei_pass *, size_t r, size_t i);

  /* Adds to dmean and dlogvar, of q, what comes through z: with g = dz + weight * d(-log p(z)) / dz,
   * dmean += g, dlogvar += g * deviation * noise / 2. Adds weight * d(-log p(z)) to the gradients of the prior's own. With a
   * closed form weight is 0 for the ELBO. */
  void (*draw_backward)(vaei_pass *, size_t r, size_t i, float weight, float *dmean, float *dlogvar);

  /* After the last sample of example i: adds weight * dKL(q, p) to dmean and dlogvar, and to the gradients of the prior's own;
   * then adds constant to dlogvar, and sets it to 0 where logvar was clamped. weight is 0 where there is no closed form. */
  void (*posterior_backward)(vaei_pass *, size_t i, float weight, float constant, float *dmean, float *dlogvar);

  /* After the gradients of a part's draws: adds what the part's rows give to the gradients of parameters that they share. Begins
   * with a barrier of the team and ends with none. NULL: nothing. */
  void (*collect)(vaei_pass *, vaei_member);

  /* After the encoder's gradients and a barrier of the team: what is left of the gradients of the prior's own parameters. Ends
   * with a barrier. NULL: nothing. */
  void (*finish)(vaei_pass *, vaei_member);

  /* Draws rows begin to end of z from p(z), after forward and a barrier of the crew where there is one; row r has draws->example + r as its number in the stream. */
  void (*sample)(vaei_pass *, const vaei_stream *, const vaei_draws *draws, size_t begin, size_t end);
} vaei_prior;

extern const vaei_prior vaei_prior_standard, vaei_prior_conditional, vaei_prior_mixture, vaei_prior_vamp;

/* The entry of a checked configuration, and what it adds to a model. */
const vaei_prior *vaei_prior_of(const vae_config *config);
vaei_prior_size vaei_prior_size_of(const vae_config *config);

/* A value of a layer of kind OWN: input j of a unit, or with j = inputs its bias; whatever the model's precision. */
static inline float vaei_prior_value(const vae_model *model, uint32_t layer, size_t j, uint32_t unit) {
  if (!model->block) return vaei_narrow_value(model, layer, j, unit);
  const vaei_dense *own = &model->dense[layer];
  const size_t panel = ((size_t)own->inputs + 1) * VAEI_LANES;
  return model->block[own->offset + unit / VAEI_LANES * panel + j * VAEI_LANES + unit % VAEI_LANES];
}

/* Fills a table of a prior's own from N(mean, deviation^2), unit by unit. */
void vaei_prior_init_table(vae_model *model, const vaei_parameter *table, uint64_t seed, float mean, float deviation);

/* The layer with [mean | logvar] of a conditional prior. */
static inline uint32_t vaei_prior_head(const vae_model *model) {
  return model->output_end + model->config.prior_net_count;
}

/* mean of q(z|x) in the head's outputs; logvar lies latent_dim behind. */
static inline float *vaei_posterior_mean(const vaei_pass *pass, size_t i) {
  const vaei_activations *head = &pass->layers[pass->model->head];
  return head->y + i * head->row;
}

#endif
