/* Public functions of trainer.h. */
#include "api/check.h"
#include "core/scalar.h"
#include "core/structs.h"
#include "train/vae_trainer.h"

vae_status vae_trainer_create(vae_model *model, const vae_training *training, const vae_allocator *allocator,
                              vae_trainer **trainer, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  *trainer = NULL;
  VAEI_REQUIRE(model, err);
  vae_training own;
  vae_allocator copy;
  vae_status status = vaei_check_float32(model, "training", err);
  if (status == VAE_OK) status = vaei_check_training(&own, training, model, err);
  if (status == VAE_OK) status = vaei_check_allocator(&copy, allocator, err);
  if (status != VAE_OK) return status;
  const vaei_kernels *kernels = NULL;
  const vaei_bf16_kernels *bf16 = NULL;
  status = vaei_kernels_find(own.isa, &kernels, err);
  if (status == VAE_OK && own.precision == VAE_PRECISION_BFLOAT16)
    status = vaei_bf16_find(kernels, &bf16, own.precision_fallback ? NULL : err);
  if (status == VAE_ERROR_UNSUPPORTED && kernels && own.precision_fallback) status = VAE_OK;
  if (status != VAE_OK) return status;
  return vaei_trainer_new(model, &own, kernels, bf16, vaei_team_threads(own.threads), &copy, trainer, err);
}

void vae_trainer_free(vae_trainer *trainer) { vaei_trainer_delete(trainer); }

/* The caller's loss, ready to be written. */
static vae_status check_loss(const vae_loss *loss, vae_error *err) {
  if (!loss || loss->struct_size > sizeof loss->struct_size) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "loss->struct_size is %u; call vae_loss_init first",
                   loss->struct_size);
}

vae_status vae_trainer_epoch(vae_trainer *trainer, const vae_data *data, vae_progress_callback callback, void *user,
                             vae_loss *loss, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  vae_data own;
  vae_condition condition;
  vae_loss result;
  vae_loss_init(&result);
  vae_status status = vaei_check_data(&own, &condition, data, trainer->model, "data", err);
  if (status == VAE_OK) status = check_loss(loss, err);
  if (status != VAE_OK) return status;
  status = vaei_trainer_epoch(trainer, &own, callback, user, &result, err);
  if (loss && (status == VAE_OK || status == VAE_STOPPED)) vaei_struct_write(loss, &result, sizeof result);
  return status;
}

vae_status vae_trainer_step(vae_trainer *trainer, const vae_data *data, const float *noise, vae_loss *loss,
                            const vae_terms *terms, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  vae_data own;
  vae_condition condition;
  vae_terms wanted;
  vae_loss result;
  vae_status status = vaei_check_data(&own, &condition, data, trainer->model, "data", err);
  if (status == VAE_OK) status = vaei_check_terms(&wanted, terms, err);
  if (status == VAE_OK) status = check_loss(loss, err);
  if (status != VAE_OK) return status;
  const size_t samples = trainer->training.objective.samples, most = 1u << 20, draws = 1u << 30;
  if (own.rows > most || own.rows * samples > draws)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "data->rows is %zu; a step takes 1 to %zu, and no more than 2^30 latent samples (%zu each)",
                     own.rows, most, samples);
  status = vaei_trainer_step(trainer, &own, noise, &result, terms ? &wanted : NULL, err);
  if (loss && status == VAE_OK) vaei_struct_write(loss, &result, sizeof result);
  return status;
}

vae_status vae_trainer_get_gradient(const vae_trainer *trainer, const char *name, float *values, size_t count,
                                    vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  VAEI_REQUIRE(name, err);
  VAEI_REQUIRE(values, err);
  if (!trainer->training.keep_gradients)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "trainer keeps no gradients; create it with training.keep_gradients set to 1");
  if (!trainer->has_gradients)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "trainer has no gradients before its first step");
  const vaei_parameter *p = NULL;
  const vae_status status = vaei_check_parameter(trainer->model, name, count, &p, err);
  if (status == VAE_OK) vaei_parameter_unpack(trainer->model, p, trainer->gradients, values);
  return status;
}

vae_status vae_trainer_get_info(const vae_trainer *trainer, vae_trainer_info *info, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  VAEI_REQUIRE(info, err);
  const size_t block = trainer->model->block_size * sizeof(float);
  const vae_trainer_info own = {
      .struct_size = sizeof own,
      .threads = (int32_t)trainer->team,
      .isa = trainer->kernels->isa,
      .epoch = trainer->epoch,
      .batch = trainer->batch,
      .step = trainer->adam.steps,
      .bytes = sizeof *trainer + vaei_pass_bytes(&trainer->pass) + (trainer->gradients ? 3 : 2) * block +
               (trainer->best.parameters ? 3 * block : 0) + trainer->order_size * sizeof *trainer->order,
      .precision = trainer->training.precision,
      .waited = trainer->best.waited,
      .learning_rate = trainer->last.learning_rate,
      .beta = trainer->last.beta,
      .gradient_norm = trainer->last.gradient_norm,
      .capacity = trainer->last.capacity,
      .best_loss = trainer->best.parameters ? trainer->best.loss : __builtin_inf(),
      .best_epoch = trainer->best.epoch,
  };
  if (vaei_struct_write(info, &own, sizeof own)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "info->struct_size is %u; call vae_trainer_info_init first",
                   info->struct_size);
}

vae_status vae_trainer_judge(vae_trainer *trainer, double loss, int32_t *stop, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  VAEI_REQUIRE(stop, err);
  *stop = 0;
  if (!vaei_is_finite(loss)) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "loss is %g; it must be finite", loss);
  if (trainer->batch)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "trainer is within epoch %llu, after batch %llu; a state is judged between epochs",
                     (unsigned long long)trainer->epoch, (unsigned long long)trainer->batch);
  const vae_status status = vaei_trainer_judge(trainer, loss, err);
  *stop = status == VAE_OK && trainer->training.patience && trainer->best.waited >= trainer->training.patience;
  return status;
}

vae_status vae_trainer_take_best(vae_trainer *trainer, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  if (!trainer->best.parameters)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "trainer has no best state; vae_trainer_judge makes the first one");
  vaei_trainer_take_best(trainer);
  return VAE_OK;
}

vae_status vae_trainer_save(const vae_trainer *trainer, const char *path, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  const vae_status status = vaei_check_path(path, err);
  return status == VAE_OK ? vaei_trainer_save(trainer, path, err) : status;
}

vae_status vae_trainer_restore(vae_trainer *trainer, const char *path, vae_error *err) {
  VAEI_REQUIRE(trainer, err);
  const vae_status status = vaei_check_path(path, err);
  return status == VAE_OK ? vaei_trainer_restore(trainer, path, err) : status;
}
