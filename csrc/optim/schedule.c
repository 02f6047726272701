/* The schedules of include/vae/config.h, with their sources there. One function each, and a table. */
#include "optim/schedule.h"

#include "core/scalar.h"

typedef double (*schedule)(const vae_training *training, double time);

static double constant(const vae_training *training, double time) {
  (void)training;
  (void)time;
  return 1.0;
}

/* The factors of the learning rate. */

static double exponential(const vae_training *training, double time) {
  return vaei_exp(time * vaei_log(training->rate_decay));
}

static double cosine(const vae_training *training, double time) {
  const double floor = training->rate_floor / training->learning_rate, part = time / training->rate_epochs;
  return part < 1.0 ? floor + (1.0 - floor) * 0.5 * (1.0 + vaei_cos_pi(part)) : floor;
}

static double steps(const vae_training *training, double time) {
  uint32_t passed = 0;
  while (passed < VAE_MAX_MILESTONES && training->rate_milestones[passed] &&
         time >= (double)training->rate_milestones[passed])
    passed++;
  return vaei_power(training->rate_decay, passed);
}

static double burda(const vae_training *training, double time) {
  (void)training;
  const int last = 7;
  const double ln_10 = 2.30258509299404568402;
  int stage = 0;
  for (double passes = 1, end = 1; stage < last && time >= end; stage++) end += passes *= 3;
  return vaei_exp(-stage * ln_10 / last);
}

static const schedule rates[] = {
    [VAE_RATE_CONSTANT] = constant, [VAE_RATE_EXPONENTIAL] = exponential,
    [VAE_RATE_COSINE] = cosine,     [VAE_RATE_STEPS] = steps,
    [VAE_RATE_BURDA] = burda,
};

double vaei_rate_at(const vae_training *training, double time) {
  return training->learning_rate * rates[training->rate_schedule](training, time);
}

/* The factors of beta. */

static double linear(const vae_training *training, double time) {
  return time < training->warm_up_epochs ? time / training->warm_up_epochs : 1.0;
}

static double cyclic(const vae_training *training, double time) {
  if (time >= training->warm_up_epochs) return 1.0;
  const double cycles = time / training->warm_up_epochs * training->warm_up_cycles; /* below 2^20: it fits an integer */
  const double rise = (cycles - (double)(int32_t)cycles) / training->warm_up_share;
  return rise < 1.0 ? rise : 1.0;
}

static const schedule warm_ups[] = {
    [VAE_WARM_UP_NONE] = constant, [VAE_WARM_UP_LINEAR] = linear, [VAE_WARM_UP_CYCLIC] = cyclic};

double vaei_warm_up_at(const vae_training *training, double time) {
  return warm_ups[training->warm_up](training, time);
}

double vaei_capacity_at(const vae_training *training, double time) {
  const double most = training->objective.capacity;
  return time < training->capacity_epochs ? most * (time / training->capacity_epochs) : most;
}
