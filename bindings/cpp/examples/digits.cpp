// Trains on the handwritten digits that come with vae-cli, and says which two of the first ten look most alike.
//   vae-cli digits --out digits.idx
//   c++ -std=c++20 -O2 digits.cpp $(pkg-config --cflags --libs vae) -o digits && ./digits digits.idx
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vae/vae.hpp>

int main(int count, char **arguments) try {
  std::ifstream file(count > 1 ? arguments[1] : "digits.idx", std::ios::binary);
  std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  if (bytes.size() < 16 + 10 * 784) throw std::runtime_error("no digits: vae-cli digits --out digits.idx writes them");
  std::span<const std::uint8_t> pixels = std::span(bytes).subspan(16); // after the header: images of 28 x 28 bytes

  vae::Model model({.input_dim = 784, .latent_dim = 20, .encoder = {{400}}, .decoder = {{400}}});
  vae::Trainer trainer(model, {.seed = 1});
  for (int epoch = 1; epoch <= 2; epoch++) {
    vae::Loss loss = trainer.epoch(pixels);
    std::cout << "epoch " << epoch << ": loss " << loss.loss << " = " << loss.reconstruction << " + " << loss.kl
              << '\n';
  }
  model.save("digits-cpp.safetensors");

  vae::Workspace workspace(model);
  std::vector<float> codes = model.encode(workspace, pixels.first(10 * 784)).mean; // [10, 20]
  double nearest = INFINITY;
  int first = 0, second = 0;
  for (int i = 0; i < 10; i++)
    for (int j = 0; j < i; j++) {
      double square = 0;
      for (int k = 0; k < 20; k++) square += std::pow(codes[i * 20 + k] - codes[j * 20 + k], 2);
      if (square < nearest) nearest = square, first = j, second = i;
    }
  std::cout << "of the first ten digits, " << first << " and " << second << " have the nearest codes\n";
} catch (const std::exception &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
