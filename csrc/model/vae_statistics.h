/* The inside of vae_model_statistics. */
#ifndef VAEI_STATISTICS_H
#define VAEI_STATISTICS_H

#include "model/vae_workspace.h"
#include "vae/statistics.h"

/* As the public function; arguments have been checked, structs are full-size copies. */
vae_status vaei_workspace_statistics(vae_workspace *w, const vae_model *model, const vae_data *x,
                                     const vae_statistics_options *options, vae_statistics *statistics,
                                     const vae_statistics_arrays *arrays, vae_error *err);

#endif
