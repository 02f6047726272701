/* with_isa ISA PROGRAM: runs the program with VAE_ISA set, or exits with 77 (skipped) where this machine or this build
 * lacks the instruction set. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vae/vae.h"

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: with_isa ISA PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  for (vae_isa isa = VAE_ISA_PORTABLE; vae_isa_name(isa); isa++) {
    if (strcmp(vae_isa_name(isa), argv[1]) != 0) continue;
    if (!vae_isa_available(isa)) {
      printf("%s is not available here: skipped\n", argv[1]);
      return 77;
    }
    setenv("VAE_ISA", argv[1], 1);
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
  }
  fprintf(stderr, "with_isa: \"%s\" is no instruction set that libvae knows\n", argv[1]);
  return 2;
}
