/* libvae: the variational autoencoder that you can link. Include this one header. */
#ifndef VAE_VAE_H
#define VAE_VAE_H

#include "base.h"
#include "config.h"
#include "data.h"
#include "model.h"
#include "preset.h"
#include "statistics.h"
#include "trainer.h"
#include "workspace.h"

#endif
