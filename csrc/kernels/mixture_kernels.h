/* Mixtures of diagonal Gaussians, sixteen components at a time: tables lie in panels of [latents][16]. */

static void gaussian_table(size_t latents, const float *logvar, float *precision, float *half_inside,
                           float *log_volume) {
  const vf low = vf_set(-20.0f), high = vf_set(20.0f), half = vf_set(0.5f), zero = vf_set(0.0f);
  vf sum = zero;
  for (size_t j = 0; j < latents; j++) {
    const vf raw = vf_load(logvar + j * 16), lv = vf_max(low, vf_min(high, raw));
    vf_store(precision + j * 16, vf_exp(vf_sub(zero, lv)));
    vf_store(half_inside + j * 16, vf_select(vf_less(raw, low), zero, vf_select(vf_less(high, raw), zero, half)));
    sum = vf_fma(half, lv, sum);
  }
  vf_store(log_volume, sum);
}

/* Four panels at a time, so that as many chains of additions run beside one another: log of the weighted densities. */
VF_INLINE void log_terms(const vaei_gaussians *g, const float *z, size_t panel, const int panels, float *terms) {
  const vf half = vf_set(-0.5f);
  const size_t step = g->latents * 16;
  const float *mean = g->mean + panel * step, *precision = g->precision + panel * step;
  vf sum[4] = {vf_set(0.0f), vf_set(0.0f), vf_set(0.0f), vf_set(0.0f)};
  for (size_t j = 0; j < g->latents; j++) {
    const vf at = vf_set(z[j]);
    VAEI_EACH (p, panels) {
      const vf t = vf_sub(at, vf_load(mean + (size_t)p * step + j * 16));
      sum[p] = vf_fma(vf_mul(t, t), vf_load(precision + (size_t)p * step + j * 16), sum[p]);
    }
  }
  VAEI_EACH (p, panels) {
    const size_t at = (panel + (size_t)p) * 16;
    vf_store(terms + at, vf_fma(half, sum[p], vf_load(g->constant + at)));
  }
}

/* The log of the sum is taken relative to its largest term; a component that is more than 87 nats below has no share. */
static double mixture_density(const vaei_gaussians *g, const float *z, float *share) {
  const size_t panels = (g->count + 15) / 16;
  size_t panel = 0;
  for (; panel + 4 <= panels; panel += 4) log_terms(g, z, panel, 4, share);
  for (; panel < panels; panel++) log_terms(g, z, panel, 1, share);
  float largest = share[0], log_sum[16];
  for (size_t k = 1; k < g->count; k++)
    if (share[k] > largest) largest = share[k];
  const vf most = vf_set(largest), zero = vf_set(0.0f);
  vf sum = zero;
  for (size_t k = 0; k < panels * 16; k += 16) {
    const vf below = vf_sub(vf_load(share + k), most);
    const vf relative = vf_select(vf_less(below, vf_set(-87.0f)), zero, vf_exp(below));
    const vf kept = vf_keep_first(relative, valid_lanes(g->count, k));
    vf_store(share + k, kept);
    sum = vf_add(sum, kept);
  }
  const vf total = vf_set(vf_sum(sum));
  for (size_t k = 0; k < panels * 16; k += 16) vf_store(share + k, vf_div(vf_load(share + k), total));
  vf_store(log_sum, vf_log(total));
  return (double)largest + (double)log_sum[0];
}

static void mixture_score(const vaei_gaussians *g, const float *z, const float *share, float *score) {
  const size_t panels = (g->count + 15) / 16, step = g->latents * 16;
  for (size_t j = 0; j < g->latents; j++) {
    const vf at = vf_set(z[j]);
    vf sum = vf_set(0.0f);
    for (size_t p = 0; p < panels; p++) {
      const vf t = vf_sub(at, vf_load(g->mean + p * step + j * 16));
      const vf slope = vf_mul(t, vf_load(g->precision + p * step + j * 16));
      sum = vf_fma(vf_load(share + p * 16), slope, sum);
    }
    score[j] = vf_sum(sum);
  }
}

static void gaussian_gradient(const vaei_gaussian_panel *panel, size_t rows, const float *z, size_t z_row,
                              const float *share, size_t share_row) {
  const vf zero = vf_set(0.0f), one = vf_set(1.0f);
  for (size_t j = 0; j < panel->latents; j++) {
    const vf mean = vf_load(panel->mean + j * 16), precision = vf_load(panel->precision + j * 16);
    const vf half = vf_load(panel->half_inside + j * 16);
    vf d_mean = vf_load(panel->d_mean + j * 16), d_logvar = vf_load(panel->d_logvar + j * 16);
    for (size_t r = 0; r < rows; r++) {
      const vf t = vf_sub(vf_set(z[r * z_row + j]), mean), slope = vf_mul(t, precision);
      const vf weight = vf_load(share + r * share_row);
      d_mean = vf_fma(vf_sub(zero, weight), slope, d_mean);
      d_logvar = vf_fma(vf_mul(weight, half), vf_fma(vf_sub(zero, t), slope, one), d_logvar);
    }
    vf_store(panel->d_mean + j * 16, d_mean);
    vf_store(panel->d_logvar + j * 16, d_logvar);
  }
}
