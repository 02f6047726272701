// The C headers as a C++17 program sees them: each compiles by itself, and a model is made, used and freed.
#include "vae/base.h"
#include "vae/config.h"
#include "vae/data.h"
#include "vae/model.h"
#include "vae/statistics.h"
#include "vae/trainer.h"
#include "vae/vae.h"
#include "vae/workspace.h"

#include <cstring>
#include <memory>
#include <vector>

#include "harness.h"

namespace {

struct Free {
  void operator()(vae_model *model) const { vae_model_free(model); }
  void operator()(vae_workspace *workspace) const { vae_workspace_free(workspace); }
  void operator()(vae_trainer *trainer) const { vae_trainer_free(trainer); }
};

void train() {
  vae_error err;
  vae_error_init(&err);
  vae_layer layer;
  vae_layer_init(&layer);
  layer.units = 8;
  vae_config config;
  vae_config_init(&config);
  config.input_dim = 6;
  config.latent_dim = 2;
  config.encoder = config.decoder = &layer;
  config.encoder_count = config.decoder_count = 1;

  vae_model *raw = nullptr;
  CHECK_OK(vae_model_create(&config, nullptr, &raw, &err), &err);
  std::unique_ptr<vae_model, Free> model(raw);

  std::vector<float> rows(20 * 6);
  for (std::size_t i = 0; i < rows.size(); i++) rows[i] = i % 7 < 3 ? 1.0f : 0.0f;
  vae_data data;
  vae_data_init(&data);
  data.values = rows.data();
  data.rows = 20;
  data.columns = 6;

  vae_training training;
  vae_training_init(&training);
  training.batch_size = 8;
  vae_trainer *raw_trainer = nullptr;
  CHECK_OK(vae_trainer_create(model.get(), &training, nullptr, &raw_trainer, &err), &err);
  std::unique_ptr<vae_trainer, Free> trainer(raw_trainer);
  int calls = 0;
  vae_loss loss;
  vae_loss_init(&loss);
  auto count = [](const vae_progress *, void *user) -> int32_t {
    ++*static_cast<int *>(user);
    return 0;
  };
  CHECK_OK(vae_trainer_epoch(trainer.get(), &data, count, &calls, &loss, &err), &err);
  CHECK(calls >= 1);
  CHECK_EQUAL(loss.examples, 20);

  vae_workspace *raw_workspace = nullptr;
  CHECK_OK(vae_workspace_create(model.get(), nullptr, &raw_workspace, &err), &err);
  std::unique_ptr<vae_workspace, Free> workspace(raw_workspace);
  std::vector<float> mean(20 * 2);
  CHECK_OK(vae_model_encode(model.get(), workspace.get(), &data, mean.data(), nullptr, &err), &err);
  CHECK_STATUS(vae_model_encode(nullptr, workspace.get(), &data, mean.data(), nullptr, &err),
               VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "model");
}

} // namespace

int main() {
  CHECK(std::strcmp(vae_status_name(VAE_OK), "VAE_OK") == 0);
  train();
  return harness_finish("header_cpp");
}
