/* Activations and their derivatives. Those of SiLU and GELU need the input and are written by the forward pass; the
 * others follow from the output. */

VF_INLINE vf activation_leaky_slope(vf y) { return vf_select(vf_less(vf_set(0.0f), y), vf_set(1.0f), vf_set(0.2f)); }

/* One vector forward. *slope is set for SiLU and GELU only. */
VF_INLINE vf activation_forward(const vae_activation activation, vf x, vf *slope) {
  const vf zero = vf_set(0.0f), one = vf_set(1.0f);
  switch (activation) {
    case VAE_ACTIVATION_RELU: return vf_max(zero, x);
    case VAE_ACTIVATION_LEAKY_RELU: return vf_mul(x, activation_leaky_slope(x));
    case VAE_ACTIVATION_TANH: return vf_tanh(x);
    case VAE_ACTIVATION_SIGMOID: return vf_sigmoid(x);
    case VAE_ACTIVATION_ELU: return vf_select(vf_less(zero, x), x, vf_expm1_negative(vf_min(zero, x)));
    case VAE_ACTIVATION_SOFTPLUS: return vf_softplus(x);
    case VAE_ACTIVATION_SILU: {
      const vf s = vf_sigmoid(x); /* (x s)' = s (1 + x (1 - s)) */
      *slope = vf_mul(s, vf_fma(x, vf_sub(one, s), one));
      return vf_mul(x, s);
    }
    case VAE_ACTIVATION_GELU: {
      const vf cdf = vf_normal_cdf(x); /* (x Phi)' = Phi + x phi */
      const vf pdf = vf_mul(vf_set(0.398942280401432678f), vf_exp(vf_mul(vf_set(-0.5f), vf_mul(x, x))));
      *slope = vf_fma(x, pdf, cdf);
      return vf_mul(x, cdf);
    }
    default: return x;
  }
}

/* The derivative, from the output (or the slope that the forward pass kept). */
VF_INLINE vf activation_slope(const vae_activation activation, vf y) {
  const vf zero = vf_set(0.0f), one = vf_set(1.0f);
  switch (activation) {
    case VAE_ACTIVATION_RELU: return vf_select(vf_less(zero, y), one, zero);
    case VAE_ACTIVATION_LEAKY_RELU: return activation_leaky_slope(y);
    case VAE_ACTIVATION_TANH: return vf_fma(vf_sub(zero, y), y, one);
    case VAE_ACTIVATION_SIGMOID: return vf_mul(y, vf_sub(one, y));
    case VAE_ACTIVATION_ELU: return vf_select(vf_less(zero, y), one, vf_add(y, one));
    case VAE_ACTIVATION_SOFTPLUS: return vf_sub(zero, vf_expm1_negative(vf_sub(zero, y))); /* sigmoid = 1 - exp(-y) */
    case VAE_ACTIVATION_SILU:
    case VAE_ACTIVATION_GELU: return y;
    default: return one;
  }
}

VF_INLINE void activate_as(const vae_activation activation, size_t rows, size_t columns, float *y, size_t y_row,
                           float *slope, size_t slope_row) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j += 16) {
      vf d = vf_set(0.0f);
      vf_store(y + i * y_row + j, activation_forward(activation, vf_load(y + i * y_row + j), &d));
      if (slope) vf_store(slope + i * slope_row + j, d);
    }
}

static void activate(vae_activation activation, size_t rows, size_t columns, float *y, size_t y_row, float *slope,
                     size_t slope_row) {
  switch (activation) {
    case VAE_ACTIVATION_RELU: activate_as(VAE_ACTIVATION_RELU, rows, columns, y, y_row, 0, 0); break;
    case VAE_ACTIVATION_LEAKY_RELU: activate_as(VAE_ACTIVATION_LEAKY_RELU, rows, columns, y, y_row, 0, 0); break;
    case VAE_ACTIVATION_TANH: activate_as(VAE_ACTIVATION_TANH, rows, columns, y, y_row, 0, 0); break;
    case VAE_ACTIVATION_SIGMOID: activate_as(VAE_ACTIVATION_SIGMOID, rows, columns, y, y_row, 0, 0); break;
    case VAE_ACTIVATION_ELU: activate_as(VAE_ACTIVATION_ELU, rows, columns, y, y_row, 0, 0); break;
    case VAE_ACTIVATION_SOFTPLUS: activate_as(VAE_ACTIVATION_SOFTPLUS, rows, columns, y, y_row, 0, 0); break;
    case VAE_ACTIVATION_SILU: activate_as(VAE_ACTIVATION_SILU, rows, columns, y, y_row, slope, slope_row); break;
    case VAE_ACTIVATION_GELU: activate_as(VAE_ACTIVATION_GELU, rows, columns, y, y_row, slope, slope_row); break;
    default: break;
  }
}

VF_INLINE void activate_backward_as(const vae_activation activation, size_t rows, size_t columns, const float *y,
                                    size_t y_row, float *dy, size_t dy_row) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j += 16) {
      const vf slope = activation_slope(activation, vf_load(y + i * y_row + j));
      vf_store(dy + i * dy_row + j, vf_mul(vf_load(dy + i * dy_row + j), slope));
    }
}

static void activate_backward(vae_activation activation, size_t rows, size_t columns, const float *y, size_t y_row,
                              float *dy, size_t dy_row) {
  switch (activation) {
    case VAE_ACTIVATION_RELU: activate_backward_as(VAE_ACTIVATION_RELU, rows, columns, y, y_row, dy, dy_row); break;
    case VAE_ACTIVATION_LEAKY_RELU:
      activate_backward_as(VAE_ACTIVATION_LEAKY_RELU, rows, columns, y, y_row, dy, dy_row);
      break;
    case VAE_ACTIVATION_TANH: activate_backward_as(VAE_ACTIVATION_TANH, rows, columns, y, y_row, dy, dy_row); break;
    case VAE_ACTIVATION_SIGMOID:
      activate_backward_as(VAE_ACTIVATION_SIGMOID, rows, columns, y, y_row, dy, dy_row);
      break;
    case VAE_ACTIVATION_ELU: activate_backward_as(VAE_ACTIVATION_ELU, rows, columns, y, y_row, dy, dy_row); break;
    case VAE_ACTIVATION_SOFTPLUS:
      activate_backward_as(VAE_ACTIVATION_SOFTPLUS, rows, columns, y, y_row, dy, dy_row);
      break;
    case VAE_ACTIVATION_SILU:
    case VAE_ACTIVATION_GELU: activate_backward_as(VAE_ACTIVATION_SILU, rows, columns, y, y_row, dy, dy_row); break;
    default: break;
  }
}
