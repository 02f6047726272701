/* A prior that is a mixture of K diagonal Gaussians, wherever their means and variances come from: tables made once for a set of
 * parameters, log p(z) at the draws, its gradients to z and to the tables, and sampling.
 *
 *   p(z) = sum_k w_k N(z; mean_k, exp(logvar_k)),  logvar clamped to [-20, 20]
 *   share_k(z) = w_k N(z; mean_k, …) / p(z)
 *   d(-log p) / dz = sum_k share_k (z - mean_k) / exp(logvar_k)
 *   d(-log p) / dmean_k = -share_k (z - mean_k) / exp(logvar_k)
 *   d(-log p) / dlogvar_k = share_k (1 - (z - mean_k)^2 / exp(logvar_k)) / 2, 0 where logvar_k is clamped
 *   d(-log p) / dlogit_k = w_k - share_k, for w = softmax(logit) */
#ifndef VAEI_COMPONENTS_H
#define VAEI_COMPONENTS_H

#include "kernels/kernels.h"
#include "parallel/team.h"

struct vaei_pass;

/* Tables lie in panels of 16 components, [panels][Z][16]. */
typedef struct vaei_components {
  uint32_t count, panels; /* K, ceil(K / 16); 0 where the prior is no mixture */
  float *mean, *logvar, *precision, *half_inside;
  float *constant;    /* [panels * 16]: log w_k - sum of logvar_k / 2 */
  float *weight;      /* [panels * 16]: w_k, 0 beyond K */
  double *cumulative; /* [K]: w_0 + … + w_k */
  /* In a pass with gradients: */
  float *d_mean,
      *d_logvar; /* [panels], each panel d_panel floats from the next one; d_mean's [Z][16] end in a row for logits */
  size_t d_panel;
  float *share;      /* [draws, share_row]: of the part's rows; from draw_backward on times the row's weight */
  float *score;      /* [draws, latent_row]: d(-log p) / dz */
  float *row_weight; /* [draws]: from draw_backward on */
  size_t share_row;
} vaei_components;

/* Takes memory from the pass's arena, or plans it. The prior gives d_mean and d_logvar their place. */
void vaei_components_lay_out(struct vaei_pass *pass);

/* Some panels' tables from their mean and logvar, which are set. log_weight: [K]. */
void vaei_components_tables(struct vaei_pass *pass, vaei_range panels, const double *log_weight);

/* Of every component's log weight: weight and cumulative; by one member. */
void vaei_components_weights(struct vaei_pass *pass, const double *log_weight);

/* As the entries of vaei_prior. */
double vaei_components_posterior(struct vaei_pass *pass, size_t i);
double vaei_components_draw(struct vaei_pass *pass, size_t r, size_t i);
void vaei_components_draw_backward(struct vaei_pass *pass, size_t r, size_t i, float weight, float *dmean,
                                   float *dlogvar);
void vaei_components_posterior_backward(struct vaei_pass *pass, size_t i, float weight, float constant, float *dmean,
                                        float *dlogvar);
void vaei_components_sample(struct vaei_pass *pass, const vaei_stream *stream, const vaei_draws *draws, size_t begin,
                            size_t end);

/* Adds the part's rows to the gradients of the member's panels, in their order. Begins with a barrier of the team: rows are
 * everybody's. No barrier at the end. */
void vaei_components_collect(struct vaei_pass *pass, vaei_member member);

#endif
