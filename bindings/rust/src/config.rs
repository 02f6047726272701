//! What a model is: a plain value. Defaults come from the library.

use crate::names::{Activation, Likelihood, Prior, SigmaKind};
use crate::sys::{self, Initialised};

/// A hidden dense layer and the activation after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    /// 1 to 2^24.
    pub units: u32,
    /// After the sums.
    pub activation: Activation,
}

impl Layer {
    /// A layer with any activation.
    pub const fn new(units: u32, activation: Activation) -> Self {
        Layer { units, activation }
    }

    /// A layer with ReLU.
    pub const fn relu(units: u32) -> Self {
        Layer::new(units, Activation::RELU)
    }

    pub(crate) fn to_c(self) -> sys::vae_layer {
        let mut layer = sys::vae_layer::initialised();
        layer.units = self.units;
        layer.activation = self.activation.0;
        layer
    }

    /// # Safety
    /// `first` must point to `count` layers, strided by the first one's struct_size.
    unsafe fn from_c(first: *const sys::vae_layer, count: u32) -> Vec<Layer> {
        // A newer library may have longer elements than this crate knows.
        let at = |index| (first as *const u8).add(index * (*first).struct_size as usize) as *const sys::vae_layer;
        (0..count as usize).map(|index| Layer::new((*at(index)).units, Activation((*at(index)).activation))).collect()
    }
}

/// A model's configuration. An empty stack is a linear encoder, decoder or prior net.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// D, at least 1.
    pub input_dim: u32,
    /// C: columns of the condition, or classes of its labels; 0: none.
    pub condition_dim: u32,
    /// Z, at least 1.
    pub latent_dim: u32,
    /// From the input to the latent's mean and log-variance.
    pub encoder: Vec<Layer>,
    /// From the latent to the output.
    pub decoder: Vec<Layer>,
    /// p(z), or p(z|c).
    pub prior: Prior,
    /// p(x given z)
    pub likelihood: Likelihood,
    /// Of a Gaussian, Laplace, log-cosh or Student-t likelihood's location; the identity for others.
    pub output_activation: Activation,
    /// How the scale of the first three is found; fixed for others.
    pub sigma_kind: SigmaKind,
    /// Their scale, in units of the data; 1e-4 to 1e4, and 1 where it is learned.
    pub sigma: f64,
    /// Of a categorical likelihood: the columns of each variable; empty for others.
    pub groups: Vec<u32>,
    /// Hidden layers of a conditional prior, from the condition on; empty for others.
    pub prior_net: Vec<Layer>,
    /// K of a mixture or VampPrior; 0 for others.
    pub prior_components: u32,
}

impl Default for Config {
    /// No dimensions and no layers yet, which a model needs; Bernoulli.
    fn default() -> Self {
        unsafe { Config::from_c(&sys::vae_config::initialised()) }
    }
}

impl Config {
    /// Calls `body` with the C struct, whose layers live as long as the call.
    pub(crate) fn with_c<R>(&self, body: impl FnOnce(&sys::vae_config) -> R) -> R {
        let encoder: Vec<_> = self.encoder.iter().map(|layer| layer.to_c()).collect();
        let decoder: Vec<_> = self.decoder.iter().map(|layer| layer.to_c()).collect();
        let prior_net: Vec<_> = self.prior_net.iter().map(|layer| layer.to_c()).collect();
        let mut config = sys::vae_config::initialised();
        config.input_dim = self.input_dim;
        config.condition_dim = self.condition_dim;
        config.latent_dim = self.latent_dim;
        config.encoder = encoder.as_ptr();
        config.decoder = decoder.as_ptr();
        // More than the 64 that are allowed must not wrap round to fewer.
        config.encoder_count = encoder.len().try_into().unwrap_or(u32::MAX);
        config.decoder_count = decoder.len().try_into().unwrap_or(u32::MAX);
        config.prior = self.prior.0;
        config.likelihood = self.likelihood.0;
        config.output_activation = self.output_activation.0;
        config.sigma_kind = self.sigma_kind.0;
        config.sigma = self.sigma;
        config.groups = self.groups.as_ptr();
        config.group_count = self.groups.len().try_into().unwrap_or(u32::MAX);
        config.prior_net = prior_net.as_ptr();
        config.prior_net_count = prior_net.len().try_into().unwrap_or(u32::MAX);
        config.prior_components = self.prior_components;
        body(&config)
    }

    /// # Safety
    /// The layers and groups of `config` must be valid.
    pub(crate) unsafe fn from_c(config: &sys::vae_config) -> Self {
        Config {
            input_dim: config.input_dim,
            condition_dim: config.condition_dim,
            latent_dim: config.latent_dim,
            encoder: Layer::from_c(config.encoder, config.encoder_count),
            decoder: Layer::from_c(config.decoder, config.decoder_count),
            prior: Prior(config.prior),
            likelihood: Likelihood(config.likelihood),
            output_activation: Activation(config.output_activation),
            sigma_kind: SigmaKind(config.sigma_kind),
            sigma: config.sigma,
            groups: match config.group_count {
                0 => Vec::new(),
                count => std::slice::from_raw_parts(config.groups, count as usize).to_vec(),
            },
            prior_net: Layer::from_c(config.prior_net, config.prior_net_count),
            prior_components: config.prior_components,
        }
    }
}
