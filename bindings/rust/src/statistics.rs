//! What can be published about a model. `docs/EVALUATION.md` has formulas and sources.

use crate::data::Rows;
use crate::error::{call, static_text, Error};
use crate::model::Model;
use crate::sys::{self, Initialised};
use crate::workspace::Workspace;
use std::fmt;

/// What [`Model::statistics`] takes; `statistics.h` has every range.
#[derive(Clone, Debug, PartialEq)]
pub struct StatisticsOptions {
    /// L importance samples per example; papers take 5000.
    pub samples: u32,
    /// Of the noise, and of the order of rows in the aggregate posterior.
    pub seed: u64,
    /// A latent is active where the variance of its mean is over this.
    pub active_variance: f64,
    /// That x was rounded to; 0: the scale of bytes, none for floats.
    pub bin_width: f64,
    /// M rows that stand for the aggregate posterior at a time; 0: all, but at most 10,000.
    pub aggregate_rows: u32,
}

impl Default for StatisticsOptions {
    fn default() -> Self {
        let options = sys::vae_statistics_options::initialised();
        StatisticsOptions {
            samples: options.samples,
            seed: options.seed,
            active_variance: options.active_variance,
            bin_width: options.bin_width,
            aggregate_rows: options.aggregate_rows,
        }
    }
}

impl StatisticsOptions {
    fn to_c(&self) -> sys::vae_statistics_options {
        let mut options = sys::vae_statistics_options::initialised();
        options.samples = self.samples;
        options.seed = self.seed;
        options.active_variance = self.active_variance;
        options.bin_width = self.bin_width;
        options.aggregate_rows = self.aggregate_rows;
        options
    }
}

/// What [`Statistics::bits_per_dimension`] is. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bits(pub sys::vae_bits);

impl Bits {
    /// Of data that the likelihood gives probabilities to.
    pub const CODE_LENGTH: Bits = Bits(sys::VAE_BITS_CODE_LENGTH);
    /// Of greys under a Bernoulli likelihood: no code for them.
    pub const CROSS_ENTROPY: Bits = Bits(sys::VAE_BITS_CROSS_ENTROPY);
    /// Of a density, in units of x.
    pub const DENSITY: Bits = Bits(sys::VAE_BITS_DENSITY);
    /// Of a density times the width of a bin.
    pub const BINS: Bits = Bits(sys::VAE_BITS_BINS);

    /// `"code length"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_bits_name(self.0)) }
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wrong with the numbers, or with the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatisticsWarnings {
    /// Over a tenth of the examples have fewer than 10 effective samples: log p(x) is likely too low.
    pub degenerate_weights: bool,
    /// Most latents are inactive.
    pub collapse: bool,
    /// The mutual information is near log M, the most that M rows can show, and there are more rows.
    pub mutual_information: bool,
}

/// Means over the examples, in nats per example unless it says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// What to beware of.
    pub warnings: StatisticsWarnings,
    /// n
    pub examples: u64,
    /// log p(x) by importance sampling, on average from below.
    pub log_evidence: f64,
    /// Of `log_evidence` over examples; NaN for one.
    pub standard_error: f64,
    /// `log_evidence` -+ 1.96 standard errors.
    pub interval: (f64, f64),
    /// Of `log_evidence` over seeds.
    pub sampling_error: f64,
    /// Mean of the weights' effective samples, 1 to L.
    pub effective_samples: f64,
    /// The smallest of an example.
    pub effective_samples_min: f64,
    /// Examples with fewer than 10.
    pub few_effective: u64,
    /// -log p(x|z)
    pub reconstruction: f64,
    /// KL(q(z|x), p(z))
    pub kl: f64,
    /// reconstruction + kl
    pub negative_elbo: f64,
    /// I(x; z) under q, at most log M.
    pub mutual_information: f64,
    /// KL(aggregate posterior, p(z)) = kl - mutual_information
    pub aggregate_kl: f64,
    /// From `log_evidence`, in bits.
    pub bits_per_dimension: f64,
    /// What they mean.
    pub bits: Bits,
    /// Latents whose mean varies.
    pub active_latents: u32,
    /// M: the smallest batch there was.
    pub aggregate_rows: u32,
    /// `[Z]`, each latent's share of the KL; NaN for a mixture or VampPrior.
    pub latent_kl: Vec<f64>,
    /// `[Z]`, the variance over examples of each latent's mean.
    pub latent_variance: Vec<f64>,
    /// `[n]`
    pub example_log_evidence: Vec<f64>,
    /// `[n]`
    pub example_effective_samples: Vec<f64>,
}

impl Model {
    /// log p(x) by importance sampling, the parts of the bound, and what the latents do, over all rows.
    ///
    /// x: `[n, D]`. Fails with `INVALID_ARGUMENT`, `MISMATCH`, `DATA`, `NOT_FINITE` or `OUT_OF_MEMORY`.
    pub fn statistics<'a>(
        &self,
        workspace: &mut Workspace,
        x: impl Into<Rows<'a>>,
        options: &StatisticsOptions,
    ) -> Result<Statistics, Error> {
        let (mut data, shape) = self.view(x, 1)?;
        let (mut latent_kl, mut latent_variance) = (vec![0.0; shape.latents], vec![0.0; shape.latents]);
        let (mut evidence, mut effective) = (vec![0.0; shape.rows], vec![0.0; shape.rows]);
        let mut arrays = sys::vae_statistics_arrays::initialised();
        arrays.latent_kl = latent_kl.as_mut_ptr();
        arrays.latent_variance = latent_variance.as_mut_ptr();
        arrays.log_evidence = evidence.as_mut_ptr();
        arrays.effective_samples = effective.as_mut_ptr();
        let options = options.to_c();
        let mut s = sys::vae_statistics::initialised();
        call(|err| unsafe {
            let (model, workspace) = (self.as_ptr(), workspace.as_ptr());
            sys::vae_model_statistics(model, workspace, data.as_c(), &options, &mut s, &arrays, err)
        })?;
        Ok(Statistics {
            warnings: StatisticsWarnings {
                degenerate_weights: s.warnings & sys::VAE_WARNING_DEGENERATE_WEIGHTS != 0,
                collapse: s.warnings & sys::VAE_WARNING_COLLAPSE != 0,
                mutual_information: s.warnings & sys::VAE_WARNING_MUTUAL_INFORMATION != 0,
            },
            examples: s.examples,
            log_evidence: s.log_evidence,
            standard_error: s.standard_error,
            interval: (s.interval_low, s.interval_high),
            sampling_error: s.sampling_error,
            effective_samples: s.effective_samples,
            effective_samples_min: s.effective_samples_min,
            few_effective: s.few_effective,
            reconstruction: s.reconstruction,
            kl: s.kl,
            negative_elbo: s.negative_elbo,
            mutual_information: s.mutual_information,
            aggregate_kl: s.aggregate_kl,
            bits_per_dimension: s.bits_per_dimension,
            bits: Bits(s.bits),
            active_latents: s.active_latents,
            aggregate_rows: s.aggregate_rows,
            latent_kl,
            latent_variance,
            example_log_evidence: evidence,
            example_effective_samples: effective,
        })
    }
}
