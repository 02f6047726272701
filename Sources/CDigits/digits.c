// The compiler reads the two files at build time (C23 #embed, clang 19 and later): nothing is looked up at run time, and the
// digits stay with the program when it is moved. The paths are relative to this file.
#include "CDigits.h"

static const uint8_t images[] = {
#embed "data/digits-images-idx3-ubyte.gz"
};

static const uint8_t labels[] = {
#embed "data/digits-labels-idx1-ubyte.gz"
};

const uint8_t *vae_digits_images(size_t *size) {
  *size = sizeof images;
  return images;
}

const uint8_t *vae_digits_labels(size_t *size) {
  *size = sizeof labels;
  return labels;
}
