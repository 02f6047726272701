/* Words for where a NaN or an infinity first appears. */
#include <stdio.h>
#include <string.h>

#include "core/names.h"
#include "core/scalar.h"
#include "model/mixed.h"
#include "model/prior.h"
#include "model/pass.h"

/* The first row of a matrix that holds something not finite, or rows. */
static size_t first_bad_row(const vaei_pass *pass, const float *y, size_t rows, size_t columns, size_t row) {
  for (size_t i = 0; i < rows; i++)
    if (!pass->kernels->all_below(y + i * row, 1, columns, columns, __builtin_inff())) return i;
  return rows;
}

/* The same for a layer's outputs or their gradients, in the form that the pass keeps. */
static size_t bad_row_of(const vaei_pass *pass, uint32_t layer, bool gradient, size_t rows) {
  const size_t units = pass->model->dense[layer].units;
  if (pass->mixed.kernels && pass->model->dense[layer].kind != VAEI_LAYER_HEAD) {
    const vaei_mixed_layer *packed = &pass->mixed.layers[layer];
    return vaei_mixed_first_bad_row(gradient ? &packed->dy : &packed->y, rows, units);
  }
  const vaei_activations *out = &pass->layers[layer];
  return first_bad_row(pass, gradient ? out->dy : out->y, rows, units, out->row);
}

/* The name of a layer: its first tensor's, without the last part where that is "weight". */
static void layer_name(const vae_model *model, uint32_t layer, char *name, size_t size) {
  for (size_t i = 0; i < model->parameter_count; i++)
    if (model->parameters[i].layer == layer) {
      snprintf(name, size, "%s", model->parameters[i].name);
      char *dot = strrchr(name, '.');
      if (dot && !model->parameters[i].bias) *dot = 0;
      return;
    }
}

/* The example that a row of a layer's values belongs to. */
static size_t example_of(const vaei_pass *pass, uint32_t layer, size_t row) {
  return pass->model->dense[layer].rows == VAEI_ROWS_EXAMPLES ? row : pass->part.example + row / pass->part.samples;
}

/* What the rows of the encoder are. */
static const char *rows_of(const vaei_pass *pass) { return pass->size.encoder_only ? "pseudo-inputs" : "batch"; }

/* Whether an example's KL is not finite because log p(z) at its samples is not: whatever q is, its own logvar is clamped. */
static bool density_is_bad(const vaei_pass *pass, size_t i) {
  const vaei_part *part = &pass->part;
  if (!pass->divergence || i < part->example || i >= (size_t)part->example + part->examples) return false;
  for (size_t r = (i - part->example) * part->samples; r < (i - part->example + 1) * part->samples; r++)
    if (!vaei_is_finite(pass->divergence[r])) return true;
  return false;
}

/* Where the encoder's side first goes wrong; false where it does not. drawn: samples have been drawn from q. */
static bool diagnose_encoder(const vaei_pass *pass, bool drawn, char *words, size_t size) {
  const vae_model *model = pass->model;
  char name[sizeof model->parameters->name] = "";
  for (uint32_t l = 0; l <= model->head; l++) {
    const size_t bad = bad_row_of(pass, l, false, pass->rows);
    layer_name(model, l, name, sizeof name);
    if (bad < pass->rows) {
      snprintf(words, size, "the output of layer %s, row %zu of the %s", name, bad, rows_of(pass));
      return true;
    }
  }
  for (size_t i = 0; i < pass->rows; i++)
    if (!vaei_is_finite(pass->kl[i])) { /* logvar itself has been clamped */
      const char *prior = vaei_prior_name(model->config.prior);
      const bool alone = model->config.prior == VAE_PRIOR_STANDARD || pass->size.encoder_only;
      if (drawn && density_is_bad(pass, i))
        snprintf(words, size, "log p(z) of the prior (%s), row %zu of the batch", prior, i);
      else
        snprintf(words, size, "the posterior (layer encoder.logvar)%s%s%s, row %zu of the %s",
                 alone ? "" : " or its KL from the ", alone ? "" : prior, alone ? "" : " prior", i, rows_of(pass));
      return true;
    }
  return false;
}

/* The same for a conditional prior's net, and for pseudo-inputs. */
static bool diagnose_prior(const vaei_pass *pass, char *words, size_t size) {
  const vae_model *model = pass->model;
  char name[sizeof model->parameters->name] = "";
  if (pass->pseudo) return diagnose_encoder(pass->pseudo, false, words, size);
  if (model->config.prior != VAE_PRIOR_CONDITIONAL) return false;
  for (uint32_t l = model->output_end; l <= vaei_prior_head(model); l++) {
    const size_t bad = bad_row_of(pass, l, false, pass->rows);
    layer_name(model, l, name, sizeof name);
    if (bad < pass->rows) {
      snprintf(words, size, "the output of layer %s, row %zu of the batch", name, bad);
      return true;
    }
  }
  return false;
}

/* The same for z, of q where that has been computed, and the decoder's hidden layers. */
static bool diagnose_decoder(const vaei_pass *pass, bool encoded, char *words, size_t size) {
  const vae_model *model = pass->model;
  const size_t draws = (size_t)pass->part.examples * pass->part.samples;
  char name[sizeof model->parameters->name] = "";
  const size_t draw = first_bad_row(pass, pass->z, draws, model->config.latent_dim, pass->z_row);
  if (draw < draws) {
    snprintf(words, size, "the latent sample z (%s), row %zu of the batch",
             encoded ? "layer encoder.logvar" : "drawn from the prior", example_of(pass, model->head + 1, draw));
    return true;
  }
  for (uint32_t l = model->head + 1; l < model->output; l++) {
    const size_t bad = bad_row_of(pass, l, false, draws);
    layer_name(model, l, name, sizeof name);
    if (bad < draws) {
      snprintf(words, size, "the output of layer %s, row %zu of the batch", name, example_of(pass, l, bad));
      return true;
    }
  }
  return false;
}

/* The same for the loss and the gradients of the activations. */
static bool diagnose_loss(const vaei_pass *pass, char *words, size_t size) {
  const vae_model *model = pass->model;
  char name[sizeof model->parameters->name] = "";
  for (size_t i = 0; i < pass->rows; i++)
    if (!vaei_is_finite(pass->example_loss[i] + pass->nll_total[i])) {
      snprintf(words, size, "the loss (layer decoder.mean), row %zu of the batch", i);
      return true;
    }
  for (uint32_t l = model->dense_count; pass->size.gradients && l-- > 0;) {
    if (model->dense[l].kind == VAEI_LAYER_OWN) continue;
    const size_t rows = vaei_pass_layer_rows(pass, l);
    const size_t bad = bad_row_of(pass, l, true, rows);
    layer_name(model, l, name, sizeof name);
    if (bad < rows) {
      snprintf(words, size, "the gradient at layer %s, row %zu of the batch", name, example_of(pass, l, bad));
      return true;
    }
  }
  return false;
}

void vaei_pass_diagnose(const vaei_pass *pass, unsigned phases, char *words, size_t size) {
  if ((phases & VAEI_RAN_PRIOR) && diagnose_prior(pass, words, size)) return;
  if ((phases & VAEI_RAN_ENCODER) && diagnose_encoder(pass, phases & VAEI_RAN_LOSS, words, size)) return;
  if ((phases & VAEI_RAN_DECODER) && diagnose_decoder(pass, phases & VAEI_RAN_ENCODER, words, size)) return;
  if ((phases & VAEI_RAN_LOSS) && diagnose_loss(pass, words, size)) return;
  snprintf(words, size, "%s",
           phases & VAEI_RAN_LOSS ? "the gradient of a weight (over 9e18 counts as such)"
                                  : "the output (layer decoder.mean)");
}
