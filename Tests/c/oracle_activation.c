/* The activations, from their formulas. */
#include <math.h>

#include "oracle.h"

/* log(1 + exp(x)) without overflow. */
static oracle_real softplus(oracle_real x) { return (x > 0 ? x : 0) + log1pl(expl(x > 0 ? -x : x)); }

oracle_real oracle_activate(vae_activation activation, oracle_real x) {
  switch (activation) {
    case VAE_ACTIVATION_RELU: return x > 0 ? x : 0;
    case VAE_ACTIVATION_LEAKY_RELU: return x > 0 ? x : 0.2L * x;
    case VAE_ACTIVATION_TANH: return tanhl(x);
    case VAE_ACTIVATION_SIGMOID: return 1 / (1 + expl(-x));
    case VAE_ACTIVATION_ELU: return x > 0 ? x : expm1l(x);
    case VAE_ACTIVATION_SILU: return x / (1 + expl(-x));
    case VAE_ACTIVATION_GELU: return x * 0.5L * erfcl(-x * sqrtl(0.5L));
    case VAE_ACTIVATION_SOFTPLUS: return softplus(x);
    default: return x;
  }
}
