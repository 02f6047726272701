/* N(0, I): the standard prior. Its formulas stand above the kernels (kernels.h: normal_posterior, normal_draw); the divergence
 * is Kingma & Welling 2014, appendix B. */
#include "core/scalar.h"
#include "model/prior.h"

static double posterior(vaei_pass *pass, size_t i) {
  const size_t latents = pass->model->config.latent_dim, at = i * pass->latent_row;
  float *mean = vaei_posterior_mean(pass, i);
  return (double)pass->kernels->normal_posterior(latents, mean, mean + latents, pass->deviation + at,
                                                 pass->inside + at);
}

static double latent_kl(const vaei_pass *pass, size_t i, size_t k) {
  const float *of_mean = vaei_posterior_mean(pass, i);
  const double mean = of_mean[k], logvar = of_mean[pass->model->config.latent_dim + k];
  return 0.5 * (mean * mean + vaei_exp(logvar) - 1.0 - logvar);
}

static double draw(vaei_pass *pass, size_t r, size_t i) {
  const size_t latents = pass->model->config.latent_dim;
  const float *mean = vaei_posterior_mean(pass, i);
  return (double)pass->kernels->normal_draw(latents, mean, mean + latents, pass->deviation + i * pass->latent_row,
                                            pass->noise + r * pass->latent_row, pass->z + r * pass->z_row);
}

/* d(-log p(z)) / dz = z */
static void draw_backward(vaei_pass *pass, size_t r, size_t i, float weight, float *dmean, float *dlogvar) {
  pass->kernels->normal_draw_backward(pass->model->config.latent_dim, pass->dz + r * pass->latent_row,
                                      pass->z + r * pass->z_row, weight, pass->deviation + i * pass->latent_row,
                                      pass->noise + r * pass->latent_row, dmean, dlogvar);
}

static void posterior_backward(vaei_pass *pass, size_t i, float weight, float constant, float *dmean, float *dlogvar) {
  const size_t at = i * pass->latent_row;
  pass->kernels->normal_posterior_backward(pass->model->config.latent_dim, vaei_posterior_mean(pass, i),
                                           pass->deviation + at, pass->inside + at, weight, constant, dmean, dlogvar);
}

static void sample(vaei_pass *pass, const vaei_stream *stream, const vaei_draws *draws, size_t begin, size_t end) {
  pass->kernels->normals(stream, draws, begin, end, pass->model->config.latent_dim, pass->z, pass->z_row);
}

const vaei_prior vaei_prior_standard = {.closed_form = true,
                                        .posterior = posterior,
                                        .latent_kl = latent_kl,
                                        .draw = draw,
                                        .draw_backward = draw_backward,
                                        .posterior_backward = posterior_backward,
                                        .sample = sample};
