/* What changes in the course of a run, as functions of the time in passes over the data. They hold no state, so a run
 * that is continued from its counters goes on to the bit. */
#ifndef VAEI_SCHEDULE_H
#define VAEI_SCHEDULE_H

#include "vae/config.h"

/* The learning rate at a time of at least 0. */
double vaei_rate_at(const vae_training *training, double time);

/* What the objective's beta is multiplied by, 0 to 1. */
double vaei_warm_up_at(const vae_training *training, double time);

/* The objective's capacity: Burgess et al. 2018, section 5.2, linearly from 0 within training.capacity_epochs. */
double vaei_capacity_at(const vae_training *training, double time);

#endif
