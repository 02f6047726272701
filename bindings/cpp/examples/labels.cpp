// Trains on handwritten digits with what each one shows, and writes 0, 1, 2 and 3 in one hand.
//   vae-cli digits --out digits.idx --labels labels.idx
//   c++ -std=c++20 -O2 labels.cpp $(pkg-config --cflags --libs vae) -o labels && ./labels
#include <fstream>
#include <iostream>
#include <iterator>
#include <vae/vae.hpp>

std::vector<std::uint8_t> read(const char *path, std::size_t header) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  if (bytes.size() <= header) throw std::runtime_error(std::string("no data in ") + path);
  bytes.erase(bytes.begin(), bytes.begin() + long(header));
  return bytes;
}

int main() try {
  std::vector<std::uint8_t> pixels = read("digits.idx", 16), labels = read("labels.idx", 8);
  vae::Rows digits = vae::Rows(pixels).given(vae::Condition::labels(labels)); // a label, 0 to 9, for each image

  vae::Model model({.input_dim = 784, .condition_dim = 10, .latent_dim = 4, .encoder = {{200}}, .decoder = {{200}}},
                   {.seed = 1});
  vae::Trainer trainer(model, {.batch_size = 64, .learning_rate = 2e-3, .seed = 1});
  for (int epoch = 1; epoch <= 6; epoch++) std::cout << "epoch " << epoch << ": " << trainer.epoch(digits).loss << '\n';

  vae::Workspace workspace(model);
  std::vector<float> hand(4, 0.5f), written; // z, the same for all: what is not the digit itself
  for (std::uint32_t digit = 0; digit < 4; digit++) {
    std::vector<float> image = model.decode_given(workspace, hand, vae::Condition::label(digit)); // [1, 784]
    written.insert(written.end(), image.begin(), image.end());
  }
  for (int line = 0; line < 28; line += 2, std::cout << '\n')
    for (int at = 0; at < 4 * 28; at++) std::cout << " .o@"[int(written[at / 28 * 784 + line * 28 + at % 28] * 3.99f)];
} catch (const std::exception &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
