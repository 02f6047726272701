/* The density of a mixture of diagonal Gaussians, from the formula alone. */
#include <math.h>

#include "oracle.h"

static const oracle_real LOG_TWO_PI = 1.837877066409345483560659472811235279722794947275566825634L;

oracle_real oracle_mixture(const oracle_real *components, size_t count, size_t latents, const oracle_real *z) {
  oracle_real largest = -INFINITY, sum = 0;
  for (int round = 0; round < 2; round++)
    for (size_t k = 0; k < count; k++) {
      const oracle_real *component = components + k * (2 * latents + 1);
      oracle_real term = component[2 * latents];
      for (size_t i = 0; i < latents; i++) {
        const oracle_real distance = z[i] - component[i], logvar = component[latents + i];
        term -= 0.5L * (distance * distance * expl(-logvar) + logvar + LOG_TWO_PI);
      }
      if (round == 0) largest = term > largest ? term : largest;
      else sum += expl(term - largest);
    }
  return largest + logl(sum);
}
