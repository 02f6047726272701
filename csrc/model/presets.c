/* One function a preset, in the order of the list at the end, which has their sources. */
#include "model/presets.h"

#include <string.h>

enum { IMAGE = 28 * 28 };

static const vae_layer relu_100_100[] = {{sizeof(vae_layer), 100, VAE_ACTIVATION_RELU},
                                         {sizeof(vae_layer), 100, VAE_ACTIVATION_RELU}};
static const vae_layer relu_400[] = {{sizeof(vae_layer), 400, VAE_ACTIVATION_RELU}};
static const vae_layer relu_400_400[] = {{sizeof(vae_layer), 400, VAE_ACTIVATION_RELU},
                                         {sizeof(vae_layer), 400, VAE_ACTIVATION_RELU}};
static const vae_layer leaky_400_400[] = {{sizeof(vae_layer), 400, VAE_ACTIVATION_LEAKY_RELU},
                                          {sizeof(vae_layer), 400, VAE_ACTIVATION_LEAKY_RELU}};
static const vae_layer relu_512_256[] = {{sizeof(vae_layer), 512, VAE_ACTIVATION_RELU},
                                         {sizeof(vae_layer), 256, VAE_ACTIVATION_RELU}};
static const vae_layer relu_256_512[] = {{sizeof(vae_layer), 256, VAE_ACTIVATION_RELU},
                                         {sizeof(vae_layer), 512, VAE_ACTIVATION_RELU}};
static const vae_layer tanh_200_200[] = {{sizeof(vae_layer), 200, VAE_ACTIVATION_TANH},
                                         {sizeof(vae_layer), 200, VAE_ACTIVATION_TANH}};
static const vae_layer silu_300_300[] = {{sizeof(vae_layer), 300, VAE_ACTIVATION_SILU},
                                         {sizeof(vae_layer), 300, VAE_ACTIVATION_SILU}};
static const vae_layer relu_500_500[] = {{sizeof(vae_layer), 500, VAE_ACTIVATION_RELU},
                                         {sizeof(vae_layer), 500, VAE_ACTIVATION_RELU}};
static const vae_layer relu_1200_1200[] = {{sizeof(vae_layer), 1200, VAE_ACTIVATION_RELU},
                                           {sizeof(vae_layer), 1200, VAE_ACTIVATION_RELU}};
static const vae_layer tanh_1200_1200_1200[] = {{sizeof(vae_layer), 1200, VAE_ACTIVATION_TANH},
                                                {sizeof(vae_layer), 1200, VAE_ACTIVATION_TANH},
                                                {sizeof(vae_layer), 1200, VAE_ACTIVATION_TANH}};

/* Stacks for an image of 28 x 28 pixels. */
static void set_net(vae_config *config, const vae_layer *encoder, uint32_t encoder_count, uint32_t latent_dim,
                    const vae_layer *decoder, uint32_t decoder_count) {
  config->input_dim = IMAGE;
  config->encoder = encoder;
  config->encoder_count = encoder_count;
  config->latent_dim = latent_dim;
  config->decoder = decoder;
  config->decoder_count = decoder_count;
}

/* sigma^2 = D/2 makes (x - m)^2 / (2 sigma^2), summed over D pixels, the mean of (x - m)^2; beta = 1/Z makes the sum of the
 * KL over Z latents its mean. What is left of -log p is constant: D (log sigma + log(2 pi)/2). */
static void tutorial_mse(vae_config *config, vae_training *training) {
  set_net(config, relu_100_100, 2, 8, relu_100_100, 2);
  config->likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  config->output_activation = VAE_ACTIVATION_RELU;
  config->sigma = 19.798989873223331; /* sqrt(784 / 2) */
  training->objective.beta = 1.0 / 8;
  training->batch_size = 32;
  training->learning_rate = 1e-4;
}

static void kingma_mlp(vae_config *config, vae_training *training) {
  set_net(config, relu_400, 1, 20, relu_400, 1);
  training->batch_size = 128;
}

static void leaky_mlp(vae_config *config, vae_training *training) {
  set_net(config, leaky_400_400, 2, 200, leaky_400_400, 2);
  training->batch_size = 100;
}

static void two_hidden_bce(vae_config *config, vae_training *training) {
  set_net(config, relu_512_256, 2, 2, relu_256_512, 2);
  training->batch_size = 100;
}

static void two_hidden_reconstruction_only(vae_config *config, vae_training *training) {
  two_hidden_bce(config, training);
  training->objective.beta = 0;
}

static void iwae_1layer(vae_config *config, vae_training *training) {
  set_net(config, tanh_200_200, 2, 50, tanh_200_200, 2);
  training->objective.kind = VAE_OBJECTIVE_IWAE;
  training->objective.samples = 5;
  training->objective.binarization = VAE_BINARIZATION_DYNAMIC;
  training->batch_size = 20;
  training->rate_schedule = VAE_RATE_BURDA;
  training->beta1 = 0.99;
  training->beta2 = 0.999;
  training->epsilon = 1e-4 / 20; /* theirs is for gradients summed over the batch of 20 */
}

static void vampprior_mlp(vae_config *config, vae_training *training) {
  set_net(config, silu_300_300, 2, 40, silu_300_300, 2);
  config->prior = VAE_PRIOR_VAMP;
  config->prior_components = 500;
  training->objective.binarization = VAE_BINARIZATION_DYNAMIC;
  training->batch_size = 100;
  training->learning_rate = 5e-4;
  training->warm_up = VAE_WARM_UP_LINEAR;
  training->warm_up_epochs = 100;
  training->patience = 50;
}

/* The dense nets of Higgins et al. for dSprites, which the other presets for disentangling share. */
static void set_disentangling_net(vae_config *config) {
  set_net(config, relu_1200_1200, 2, 10, tanh_1200_1200_1200, 3);
}

static void beta_vae_h(vae_config *config, vae_training *training) {
  set_disentangling_net(config);
  training->objective.beta = 4;
  training->batch_size = 64;
  training->learning_rate = 1e-4;
}

static void beta_vae_b(vae_config *config, vae_training *training) {
  set_disentangling_net(config);
  training->objective.beta = 0;
  training->objective.capacity = 25;
  training->objective.capacity_weight = 1000;
  training->capacity_epochs = 100;
  training->batch_size = 64;
  training->learning_rate = 5e-4;
}

static void beta_tc(vae_config *config, vae_training *training) {
  set_disentangling_net(config);
  training->objective.regularizer = VAE_REGULARIZER_TC;
  training->objective.regularizer_weight = 5; /* their beta, 6, less the 1 that the KL has already */
  training->batch_size = 2048;
}

static void set_dip(vae_training *training, vae_regularizer regularizer, double off_diagonal, double diagonal) {
  training->objective.regularizer = regularizer;
  training->objective.regularizer_weight = off_diagonal;
  training->objective.regularizer_diagonal = diagonal;
  training->batch_size = 128;
  training->learning_rate = 1e-4;
}

static void dip_i(vae_config *config, vae_training *training) {
  set_disentangling_net(config);
  set_dip(training, VAE_REGULARIZER_DIP_I, 10, 100);
}

static void dip_ii(vae_config *config, vae_training *training) {
  set_disentangling_net(config);
  set_dip(training, VAE_REGULARIZER_DIP_II, 10, 10);
}

/* -(1 - alpha) KL - (alpha + lambda - 1) MMD of Zhao et al., with alpha 0 and lambda 1000. */
static void info_vae(vae_config *config, vae_training *training) {
  set_net(config, relu_400_400, 2, 20, relu_400_400, 2);
  training->objective.regularizer = VAE_REGULARIZER_MMD_RBF;
  training->objective.regularizer_weight = 999;
  training->objective.kernel_scale = 20 * 20; /* their program's: a mean over the latents, divided by their number */
  training->batch_size = 200;
}

/* Squared error without a factor is a Gaussian with 2 sigma^2 = 1. */
static void set_wasserstein(vae_config *config, vae_training *training, uint32_t latent_dim,
                            vae_regularizer regularizer) {
  set_net(config, relu_400_400, 2, latent_dim, relu_400_400, 2);
  config->likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  config->output_activation = VAE_ACTIVATION_SIGMOID;
  config->sigma = 0.70710678118654757; /* sqrt(1 / 2) */
  training->objective.beta = 0;
  training->objective.regularizer = regularizer;
  training->objective.regularizer_weight = 10;
}

static void set_wae(vae_config *config, vae_training *training, vae_regularizer kernel) {
  set_wasserstein(config, training, 8, kernel);
  training->batch_size = 100;
  training->beta1 = 0.5;
  training->rate_schedule = VAE_RATE_STEPS;
  training->rate_decay = 0.5;
  training->rate_milestones[0] = 30;
  training->rate_milestones[1] = 50;
}

static void wae_rbf(vae_config *config, vae_training *training) { set_wae(config, training, VAE_REGULARIZER_MMD_RBF); }

static void wae_imq(vae_config *config, vae_training *training) { set_wae(config, training, VAE_REGULARIZER_MMD_IMQ); }

static void swae(vae_config *config, vae_training *training) {
  set_wasserstein(config, training, 2, VAE_REGULARIZER_SLICED_WASSERSTEIN);
  training->objective.projections = 50;
  training->batch_size = 500;
}

/* Their loss is log cosh(a t) / a + b KL, summed over pixels and latents: ours with sigma = 1/a and beta = a b, divided by
 * a. Here a = 10 and b = 1/10. */
static void log_cosh(vae_config *config, vae_training *training) {
  set_net(config, relu_400, 1, 20, relu_400, 1);
  config->likelihood = VAE_LIKELIHOOD_LOG_COSH;
  config->output_activation = VAE_ACTIVATION_SIGMOID;
  config->sigma = 0.1;
  training->batch_size = 128;
}

static void cvae_label(vae_config *config, vae_training *training) {
  kingma_mlp(config, training);
  config->condition_dim = 10;
}

static void cvae_quadrant(vae_config *config, vae_training *training) {
  set_net(config, relu_500_500, 2, 200, relu_500_500, 2);
  config->input_dim = IMAGE * 3 / 4;
  config->condition_dim = IMAGE;
  config->prior = VAE_PRIOR_CONDITIONAL;
  config->prior_net = relu_500_500;
  config->prior_net_count = 2;
  training->batch_size = 128;
  training->patience = 3;
}

static const vaei_preset presets[] = {
    {"tutorial-mse", 50, "tutorials that minimise the mean squared error",
     "784-100-100-8 with ReLU on the output too. Their loss, the squared error averaged over pixels and the KL "
     "averaged over "
     "latents, is the ELBO with sigma = sqrt(D/2) and beta = 1/Z less a constant. A pixel whose ReLU is off for all "
     "digits "
     "learns nothing.",
     tutorial_mse},
    {"kingma-mlp", 10, "Kingma & Welling 2014; pytorch/examples, vae",
     "The VAE of most introductions, as PyTorch's example trains it. The paper has 500 tanh units and Adagrad.",
     kingma_mlp},
    {"leaky-mlp", 30, "Jackson-Kang/Pytorch-VAE-tutorial, 01",
     "Two hidden layers with leaky ReLU (0.2) and 200 latents, most of which stay unused.", leaky_mlp},
    {"two-hidden-bce", 50, "lyeoni/pytorch-mnist-VAE", "784-512-256-2: the plane of latents can be drawn as a picture.",
     two_hidden_bce},
    {"two-hidden-reconstruction-only", 50, "programs that leave the KL out",
     "two-hidden-bce with beta 0: a noisy autoencoder. It reconstructs better, and samples from the prior are no "
     "digits.",
     two_hidden_reconstruction_only},
    {"iwae-1layer", 3280, "Burda, Grosse & Salakhutdinov 2016, one stochastic layer, k = 5",
     "Importance-weighted bound on digits drawn anew from their grey values, Adam's constants and rates from the "
     "authors' "
     "code. There q's heads give log sigma (here log variance), the second moment starts at 1, epsilon stands beside "
     "the "
     "uncorrected root and batches come in the order of the data.",
     iwae_1layer},
    {"vampprior-mlp", 2000, "Tomczak & Welling 2018, VAE with one layer",
     "500 pseudo-inputs, warm-up over 100 epochs, early stopping after 50. Their layers are gated, here dense with "
     "SiLU, "
     "x sigmoid(x), and their Adam normalises gradients, which this one does not.",
     vampprior_mlp},
    {"beta-vae-h", 50, "Higgins et al. 2017, nets for dSprites",
     "beta 4. Their optimiser there is Adagrad with 1e-2, here Adam.", beta_vae_h},
    {"beta-vae-b", 150, "Burgess et al. 2018",
     "The KL is held at a capacity that rises from 0 to 25 nats, with gamma 1000. There over 100,000 steps with "
     "convolutions; "
     "here over 100 epochs (94,000 steps of 60,000 rows) with the nets of beta-vae-h.",
     beta_vae_b},
    {"beta-tc", 50, "Chen et al. 2018, nets for dSprites",
     "Total correlation with beta 6 by minibatch-weighted sampling, batches of 2048.", beta_tc},
    {"dip-i", 50, "Kumar, Sattigeri & Balakrishnan 2018, DIP-VAE-I",
     "Covariance of q's means drawn to the identity: lambda_od 10, lambda_d 100. Nets of beta-vae-h; batch and rate "
     "are ours.",
     dip_i},
    {"dip-ii", 50, "Kumar, Sattigeri & Balakrishnan 2018, DIP-VAE-II",
     "Covariance of z drawn to the identity: lambda_od 10, lambda_d 10. Nets of beta-vae-h; batch and rate are ours.",
     dip_ii},
    {"info-vae", 50, "Zhao, Song & Ermon 2019, InfoVAE",
     "alpha 0 and lambda 1000 (ours): the KL and 999 times the maximum mean discrepancy with their RBF kernel. There "
     "with "
     "convolutions.",
     info_vae},
    {"wae-rbf", 100, "Tolstikhin et al. 2018, WAE-MMD", "wae-imq with an RBF kernel, which the paper found worse.",
     wae_rbf},
    {"wae-imq", 100, "Tolstikhin et al. 2018, WAE-MMD on MNIST",
     "Squared error and 10 times the discrepancy with the inverse multiquadratic kernel, 8 latents. There with "
     "convolutions, "
     "a sum of kernels and a deterministic encoder; here q keeps a variance, which nothing but the error limits.",
     wae_imq},
    {"swae", 50, "Kolouri et al. 2019, SWAE",
     "Squared error and 10 times the sliced Wasserstein distance from the prior, 50 directions, 2 latents. There with "
     "convolutions, cross-entropy beside the error and priors on a disc or ring; here a normal one.",
     swae},
    {"log-cosh", 50, "Chen, Chen & Zhang 2018",
     "log cosh(a t) of the error t with a = 10, made a density: smooth near 0 as a square, linear far away. There with "
     "convolutions on faces.",
     log_cosh},
    {"cvae-label", 20, "Sohn, Lee & Yan 2015; Kingma et al. 2014",
     "kingma-mlp with the digit's label joined to x and to z: draws digits of a class.", cvae_label},
    {"cvae-quadrant", 100, "Sohn, Lee & Yan 2015; Pyro, example cvae",
     "Completes a digit of which one quadrant is seen: x is the missing pixels, c all 784 with -1 for the missing "
     "ones, and "
     "p(z|c) has a net. Close to, not the same as, the published nets, which take a baseline's guess too.",
     cvae_quadrant},
};

size_t vaei_preset_count(void) { return sizeof presets / sizeof *presets; }

const vaei_preset *vaei_preset_at(size_t index) { return index < vaei_preset_count() ? &presets[index] : NULL; }

const vaei_preset *vaei_preset_find(const char *name) {
  for (size_t i = 0; i < vaei_preset_count(); i++)
    if (strcmp(presets[i].name, name) == 0) return &presets[i];
  return NULL;
}
