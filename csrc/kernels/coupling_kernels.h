/* What one row of a batch has to do with all others: densities of its draw under their q, and distances between draws. Matrices
 * of neighbours lie latent by latent, [Z, row], so that sixteen of them are worked on at a time; what lies between the last
 * of them and the next vector is finite. */

enum { NEIGHBOURS_AT_ONCE = 256 };

VF_INLINE float largest_lane(vf a) {
  float lane[16], most;
  vf_store(lane, a);
  most = lane[0];
  for (int i = 1; i < 16; i++) most = lane[i] > most ? lane[i] : most;
  return most;
}

/* The lanes from `valid` on, of which there is at least one, become copies of the first. */
VF_INLINE vf repeat_first(vf a, size_t valid) {
  float lane[16];
  vf_store(lane, a);
  for (size_t i = valid; i < 16; i++) lane[i] = lane[0];
  return vf_load(lane);
}

/* log N(z; mean, 1 / precision) = constant - (z - mean)^2 precision / 2, and its slope by the mean, (z - mean) precision. */
VF_INLINE vf log_normal(vf distance, vf precision, vf constant, vf *slope) {
  *slope = vf_mul(distance, precision);
  return vf_fma(vf_mul(vf_set(-0.5f), distance), *slope, constant);
}

/* The same of a draw's latent under 16 neighbours. */
VF_INLINE vf neighbour_density(const vaei_neighbours *q, size_t at, vf z, vf *slope) {
  return log_normal(vf_sub(z, vf_load(q->mean + at)), vf_load(q->precision + at), vf_load(q->constant + at), slope);
}

/* joint[j] = the sum over latents of log q(z_k|x_j) for the neighbours of a block; largest: NULL, or raised to the largest
 * of each latent. */
static void block_densities(const vaei_neighbours *q, const float *z, size_t first, size_t count, float *joint,
                            float *largest) {
  for (size_t j = 0; j < count; j += 16) vf_store(joint + j, vf_set(0.0f));
  for (size_t k = 0; k < q->latents; k++) {
    vf most = vf_set(-__builtin_inff());
    for (size_t j = 0; j < count; j += 16) {
      const size_t valid = valid_lanes(count, j);
      vf slope;
      const vf density = neighbour_density(q, k * q->row + first + j, vf_set(z[k]), &slope);
      vf_store(joint + j, vf_add(vf_load(joint + j), density));
      most = vf_max(valid == 16 ? density : repeat_first(density, valid), most);
    }
    const float most_lane = largest_lane(most);
    if (largest && most_lane > largest[k]) largest[k] = most_lane;
  }
}

static size_t neighbours_left(const vaei_neighbours *q, size_t first) {
  return q->rows - first < NEIGHBOURS_AT_ONCE ? q->rows - first : NEIGHBOURS_AT_ONCE;
}

static void draw_among(const vaei_neighbours *q, const float *z, vaei_draw_among *out) {
  float joint[NEIGHBOURS_AT_ONCE];
  const size_t all = q->latents;
  for (size_t k = 0; k <= all; k++) {
    out->largest[k] = -__builtin_inff();
    out->sum[k] = out->own[k] = out->joint[k] = 0.0f;
  }
  for (size_t first = 0; first < q->rows; first += NEIGHBOURS_AT_ONCE) {
    const size_t count = neighbours_left(q, first);
    block_densities(q, z, first, count, joint, out->largest);
    for (size_t j = 0; j < count; j++) out->largest[all] = joint[j] > out->largest[all] ? joint[j] : out->largest[all];
  }
  for (size_t first = 0; first < q->rows; first += NEIGHBOURS_AT_ONCE) {
    const size_t count = neighbours_left(q, first);
    vf total = vf_set(0.0f);
    block_densities(q, z, first, count, joint, NULL);
    for (size_t j = 0; j < count; j += 16) {
      const vf weight = vf_exp(vf_sub(vf_load(joint + j), vf_set(out->largest[all])));
      vf_store(joint + j, keep_valid(weight, valid_lanes(count, j)));
      total = vf_add(total, vf_load(joint + j));
    }
    out->sum[all] += vf_sum(total);
    for (size_t k = 0; k < all; k++) {
      vf sum = vf_set(0.0f), own = sum, together = sum;
      for (size_t j = 0; j < count; j += 16) {
        vf slope;
        const vf density = neighbour_density(q, k * q->row + first + j, vf_set(z[k]), &slope);
        const vf weight = keep_valid(vf_exp(vf_sub(density, vf_set(out->largest[k]))), valid_lanes(count, j));
        sum = vf_add(sum, weight);
        own = vf_fma(weight, slope, own);
        together = vf_fma(vf_load(joint + j), slope, together);
      }
      out->sum[k] += vf_sum(sum);
      out->own[k] += vf_sum(own);
      out->joint[k] += vf_sum(together);
    }
  }
}

static void posterior_among(const vaei_neighbours *q, size_t j, const float *z, const float *log_sum, float *dmean,
                            float *dlogvar) {
  float joint[NEIGHBOURS_AT_ONCE];
  const float *all = log_sum + q->latents * q->row;
  const vf half = vf_set(0.5f);
  for (size_t first = 0; first < q->rows; first += NEIGHBOURS_AT_ONCE) {
    const size_t count = neighbours_left(q, first);
    for (size_t i = 0; i < count; i += 16) vf_store(joint + i, vf_set(0.0f));
    for (size_t k = 0; k < q->latents; k++) {
      const size_t row = k * q->row;
      const vf mean = vf_set(q->mean[row + j]), precision = vf_set(q->precision[row + j]);
      for (size_t i = 0; i < count; i += 16) {
        vf slope;
        const vf distance = vf_sub(vf_load(z + row + first + i), mean);
        const vf density = log_normal(distance, precision, vf_set(q->constant[row + j]), &slope);
        vf_store(joint + i, vf_add(vf_load(joint + i), density));
      }
    }
    for (size_t i = 0; i < count; i += 16) {
      const vf weight = vf_exp(vf_sub(vf_load(joint + i), vf_load(all + first + i)));
      vf_store(joint + i, keep_valid(weight, valid_lanes(count, i)));
    }
    for (size_t k = 0; k < q->latents; k++) {
      const size_t row = k * q->row;
      const vf mean = vf_set(q->mean[row + j]), precision = vf_set(q->precision[row + j]);
      vf dm = vf_set(0.0f), dv = dm;
      for (size_t i = 0; i < count; i += 16) {
        vf slope;
        const vf distance = vf_sub(vf_load(z + row + first + i), mean);
        const vf density = log_normal(distance, precision, vf_set(q->constant[row + j]), &slope);
        const vf alone = vf_exp(vf_sub(density, vf_load(log_sum + row + first + i)));
        const vf g = vf_sub(vf_load(joint + i), keep_valid(alone, valid_lanes(count, i)));
        dm = vf_fma(g, slope, dm);
        dv = vf_fma(g, vf_sub(vf_mul(vf_mul(half, distance), slope), half), dv);
      }
      dmean[k] += vf_sum(dm);
      dlogvar[k] += vf_sum(dv);
    }
  }
}

static double kernel_sum(const vaei_kernel_sum *p, const float *z, float *pull) {
  float weight[NEIGHBOURS_AT_ONCE];
  const vf scale = vf_set(p->scale), minus_inverse = vf_set(-1.0f / p->scale);
  double sum = 0;
  for (size_t first = 0; first < p->rows; first += NEIGHBOURS_AT_ONCE) {
    const size_t count = p->rows - first < NEIGHBOURS_AT_ONCE ? p->rows - first : NEIGHBOURS_AT_ONCE;
    vf total = vf_set(0.0f);
    for (size_t j = 0; j < count; j += 16) {
      vf squares = vf_set(0.0f);
      for (size_t k = 0; k < p->latents; k++) {
        const vf distance = vf_sub(vf_set(z[k]), vf_load(p->y + k * p->row + first + j));
        squares = vf_fma(distance, distance, squares);
      }
      const vf value = p->inverse ? vf_div(scale, vf_add(scale, squares)) : vf_exp(vf_mul(squares, minus_inverse));
      const vf kept = keep_valid(value, valid_lanes(count, j));
      total = vf_add(total, kept);
      vf_store(weight + j, p->inverse ? vf_mul(kept, kept) : kept);
    }
    sum += (double)vf_sum(total);
    for (size_t k = 0; pull && k < p->latents; k++) {
      vf add = vf_set(0.0f);
      for (size_t j = 0; j < count; j += 16)
        add = vf_fma(vf_load(weight + j), vf_sub(vf_set(z[k]), vf_load(p->y + k * p->row + first + j)), add);
      pull[k] += vf_sum(add);
    }
  }
  return sum;
}
