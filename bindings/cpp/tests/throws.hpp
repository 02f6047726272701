// What the tests of vae.hpp share. As harness.h, for the file with main only.
#ifndef VAE_TESTS_THROWS_HPP
#define VAE_TESTS_THROWS_HPP

#include <vae/vae.hpp>

#include <cstring>
#include <utility>

#include "harness.h"

// Runs `body` and checks that it throws vae::Error with that status and a message that holds `text`.
template <typename Body>
void check_throws(vae::Status status, const char *text, Body &&body) {
  try {
    std::forward<Body>(body)();
    CHECK_THAT(false, "nothing was thrown where %s was expected", vae::name(status));
  } catch (const vae::Error &error) {
    CHECK_THAT(error.status() == status, "%s, not %s: %s", vae::name(error.status()), vae::name(status), error.what());
    CHECK_THAT(std::strstr(error.what(), text) != nullptr, "the message \"%s\" lacks \"%s\"", error.what(), text);
  }
}

#endif
