/* Checks that the public functions share. Each fills in the error and returns its code. */
#ifndef VAEI_CHECK_H
#define VAEI_CHECK_H

#include "core/error.h"
#include "core/memory.h"
#include "model/vae_model.h"
#include "vae/vae.h"

/* Refuses a NULL argument by its name. */
#define VAEI_REQUIRE(argument, err)                                                           \
  do {                                                                                        \
    if (!(argument)) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, #argument " is NULL"); \
  } while (0)

/* Copies a caller's struct over the library's defaults. */
vae_status vaei_check_struct(void *library, size_t library_size, const void *caller, const char *name, vae_error *err);

/* Refuses an inference copy where float32 weights are needed. what: "training", "gradients". */
vae_status vaei_check_float32(const vae_model *model, const char *what, vae_error *err);

/* A workspace runs models of the configuration and precision that it was made for. */
vae_status vaei_check_pair(const vae_model *model, const vae_workspace *workspace, vae_error *err);

/* Copies options' allocator (NULL: the C library's). */
vae_status vaei_check_allocator(vae_allocator *copy, const vae_allocator *allocator, vae_error *err);

/* Copies rows of data and checks them against a model. condition: receives the copy of their condition, which copy->condition
 * then points at. */
vae_status vaei_check_data(vae_data *copy, vae_condition *condition, const vae_data *data, const vae_model *model,
                           const char *name, vae_error *err);

/* The same without a look at their condition. */
vae_status vaei_check_values(vae_data *copy, const vae_data *data, const vae_model *model, const char *name,
                             vae_error *err);

/* Copies the condition of `rows` rows, which is NULL exactly where the model has none, and makes *result point at the copy, or
 * NULL. */
vae_status vaei_check_condition(vae_condition *copy, const vae_condition **result, const vae_condition *condition,
                                const vae_model *model, size_t rows, const char *name, vae_error *err);

/* Copies an objective (NULL: ELBO, one sample, beta 1) and checks it against a model. */
vae_status vaei_check_objective(vae_objective *copy, const vae_objective *objective, const vae_model *model,
                                vae_error *err);

/* Copies a training configuration (NULL: the defaults) and checks it against a model. */
vae_status vaei_check_training(vae_training *copy, const vae_training *training, const vae_model *model,
                               vae_error *err);

/* The number of rows of z, as of data. */
vae_status vaei_check_rows(size_t rows, vae_error *err);

/* threads as in the options: 0 to VAEI_MAX_THREADS. */
vae_status vaei_check_threads(int32_t threads, vae_error *err);

/* Copies terms; NULL stays NULL through *view. */
vae_status vaei_check_terms(vae_terms *copy, const vae_terms *terms, vae_error *err);

/* A file's name: neither NULL nor empty. */
vae_status vaei_check_path(const char *path, vae_error *err);

/* Finds a tensor and checks the count that goes with it. */
vae_status vaei_check_parameter(const vae_model *model, const char *name, size_t count,
                                const vaei_parameter **parameter, vae_error *err);

#endif
