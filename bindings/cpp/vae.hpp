// libvae for C++20: the C interface (include/vae) with owners, spans and exceptions. Header only; link libvae.
//
//   vae::Model model({.input_dim = 784, .latent_dim = 20, .encoder = {{400}}, .decoder = {{400}}});
//   vae::Trainer trainer(model, {.batch_size = 128});
//   for (int epoch = 0; epoch < 10; epoch++) trainer.epoch(pixels);
//   vae::Workspace workspace(model);
//   std::vector<float> codes = model.encode(workspace, pixels).mean;
//
// What holds for all of it:
//  - Matrices are row-major; `x: [n, D]` means n rows of D values, one row after the other. D is the model's input
//    dimension, C its condition's, Z its latent dimension, K an objective's latent samples. Losses are in nats per
//    example.
//  - A model with a condition needs it with all rows, Rows(x).given(condition), and beside z: decode_given,
//    sample_given.
//  - Spans, Rows and Conditions borrow: the memory is the caller's and is read or written during the call only. An
//    empty span for an output means that it is not wanted. The forms that take output spans allocate nothing.
//  - Owners (Model, Workspace, Trainer) can be moved, not copied. A moved-from one is only good for destruction and
//    assignment.
//  - What fails throws vae::Error with the status and the library's message; std::bad_alloc comes only from the
//    vectors that are returned. Arguments are checked before anything is written; after an error outputs hold anything.
//  - Threads: the const functions of a Model may run in any number of threads at once, each with a Workspace of its
//    own. Everything else needs its objects for itself alone. There is no global state.
#ifndef VAE_VAE_HPP
#define VAE_VAE_HPP

#include "config.hpp"
#include "data.hpp"
#include "errors.hpp"
#include "inference.hpp"
#include "model.hpp"
#include "names.hpp"
#include "options.hpp"
#include "preset.hpp"
#include "statistics.hpp"
#include "trainer.hpp"
#include "training.hpp"

#endif
