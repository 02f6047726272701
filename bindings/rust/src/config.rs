//! Configurations as plain values. Defaults come from the library.

use crate::error::static_text;
use crate::sys::{self, Initialised};
use std::fmt;

/// An elementwise activation. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Activation(pub sys::vae_activation);

impl Activation {
    /// x
    pub const IDENTITY: Activation = Activation(sys::VAE_ACTIVATION_IDENTITY);
    /// max(x, 0)
    pub const RELU: Activation = Activation(sys::VAE_ACTIVATION_RELU);
    /// Slope 0.2 below zero.
    pub const LEAKY_RELU: Activation = Activation(sys::VAE_ACTIVATION_LEAKY_RELU);
    /// The hyperbolic tangent.
    pub const TANH: Activation = Activation(sys::VAE_ACTIVATION_TANH);
    /// 1 / (1 + exp(-x))
    pub const SIGMOID: Activation = Activation(sys::VAE_ACTIVATION_SIGMOID);
    /// Alpha 1.
    pub const ELU: Activation = Activation(sys::VAE_ACTIVATION_ELU);
    /// x sigmoid(x)
    pub const SILU: Activation = Activation(sys::VAE_ACTIVATION_SILU);
    /// The exact form, x Phi(x).
    pub const GELU: Activation = Activation(sys::VAE_ACTIVATION_GELU);
    /// log(1 + exp(x))
    pub const SOFTPLUS: Activation = Activation(sys::VAE_ACTIVATION_SOFTPLUS);

    /// The name in model files, `"leaky_relu"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_activation_name(self.0)) }
    }
}

/// p(x given z). The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Likelihood(pub sys::vae_likelihood);

impl Likelihood {
    /// On logits; data in [0, 1].
    pub const BERNOULLI: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_BERNOULLI);
    /// Location `output_activation`(output), scale `sigma`; any real data.
    pub const GAUSSIAN: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_GAUSSIAN);
    /// A density on [0, 1], on logits; what decoding gives is its parameter.
    pub const CONTINUOUS_BERNOULLI: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI);
    /// As `GAUSSIAN`; the scale is the mean distance from the location.
    pub const LAPLACE: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_LAPLACE);
    /// As `GAUSSIAN`, with the density 1 / (pi sigma cosh((x - location) / sigma)).
    pub const LOG_COSH: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_LOG_COSH);
    /// Rate softplus(output); counts, whole numbers from 0 to 2^22.
    pub const POISSON: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_POISSON);
    /// A softmax over each of `Config::groups`; a single 1 in each.
    pub const CATEGORICAL: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_CATEGORICAL);

    /// The name in model files, `"bernoulli"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_likelihood_name(self.0)) }
    }
}

/// How the scale of a Gaussian, Laplace or log-cosh likelihood is found. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SigmaKind(pub sys::vae_sigma_kind);

impl SigmaKind {
    /// `Config::sigma`.
    pub const FIXED: SigmaKind = SigmaKind(sys::VAE_SIGMA_FIXED);
    /// One learned number, exp of the tensor `decoder.log_sigma`.
    pub const GLOBAL: SigmaKind = SigmaKind(sys::VAE_SIGMA_GLOBAL);
    /// Learned for each row and column, by a second head of the decoder.
    pub const PER_OUTPUT: SigmaKind = SigmaKind(sys::VAE_SIGMA_PER_OUTPUT);

    /// The name, `"per_output"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_sigma_kind_name(self.0)) }
    }
}

/// p(z). The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prior(pub sys::vae_prior);

impl Prior {
    /// The standard normal distribution.
    pub const STANDARD: Prior = Prior(sys::VAE_PRIOR_STANDARD);

    /// The name in model files, `"standard"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_prior_name(self.0)) }
    }
}

/// Which bound is minimised. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectiveKind(pub sys::vae_objective_kind);

impl ObjectiveKind {
    /// The evidence lower bound (Kingma & Welling 2014).
    pub const ELBO: ObjectiveKind = ObjectiveKind(sys::VAE_OBJECTIVE_ELBO);
    /// The importance-weighted bound (Burda, Grosse & Salakhutdinov 2016).
    pub const IWAE: ObjectiveKind = ObjectiveKind(sys::VAE_OBJECTIVE_IWAE);

    /// The name in model files, `"elbo"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_objective_name(self.0)) }
    }
}

/// What becomes of grey data before the model sees them. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binarization(pub sys::vae_binarization);

impl Binarization {
    /// As they are.
    pub const NONE: Binarization = Binarization(sys::VAE_BINARIZATION_NONE);
    /// 1 with the value as probability, else 0, drawn anew in every step.
    pub const DYNAMIC: Binarization = Binarization(sys::VAE_BINARIZATION_DYNAMIC);

    /// The name in model files, `"dynamic"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_binarization_name(self.0)) }
    }
}

/// The learning rate over the passes; `config.h` has the formulas. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateSchedule(pub sys::vae_rate_schedule);

impl RateSchedule {
    /// Always `learning_rate`.
    pub const CONSTANT: RateSchedule = RateSchedule(sys::VAE_RATE_CONSTANT);
    /// Times `rate_decay` a pass.
    pub const EXPONENTIAL: RateSchedule = RateSchedule(sys::VAE_RATE_EXPONENTIAL);
    /// Half a cosine over `rate_epochs`, down to `rate_floor`.
    pub const COSINE: RateSchedule = RateSchedule(sys::VAE_RATE_COSINE);
    /// Times `rate_decay` at each of `rate_milestones`.
    pub const STEPS: RateSchedule = RateSchedule(sys::VAE_RATE_STEPS);
    /// 10^(-i/7) for 3^i passes (Burda et al. 2016).
    pub const BURDA: RateSchedule = RateSchedule(sys::VAE_RATE_BURDA);

    /// The name in model files, `"cosine"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_rate_schedule_name(self.0)) }
    }
}

/// The objective's beta over the passes; `config.h` has the formulas. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WarmUp(pub sys::vae_warm_up);

impl WarmUp {
    /// Always beta.
    pub const NONE: WarmUp = WarmUp(sys::VAE_WARM_UP_NONE);
    /// From 0 to beta over `warm_up_epochs`.
    pub const LINEAR: WarmUp = WarmUp(sys::VAE_WARM_UP_LINEAR);
    /// `warm_up_cycles` times from 0 to beta (Fu et al. 2019).
    pub const CYCLIC: WarmUp = WarmUp(sys::VAE_WARM_UP_CYCLIC);

    /// The name in model files, `"linear"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_warm_up_name(self.0)) }
    }
}

/// The kernels' instruction set. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Isa(pub sys::vae_isa);

impl Isa {
    /// The environment's VAE_ISA, else the best that the machine has.
    pub const AUTO: Isa = Isa(sys::VAE_ISA_AUTO);
    /// Plain C.
    pub const PORTABLE: Isa = Isa(sys::VAE_ISA_PORTABLE);
    /// AVX2 with FMA.
    pub const AVX2: Isa = Isa(sys::VAE_ISA_AVX2);
    /// AVX-512.
    pub const AVX512: Isa = Isa(sys::VAE_ISA_AVX512);
    /// NEON.
    pub const NEON: Isa = Isa(sys::VAE_ISA_NEON);

    /// `"avx512"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_isa_name(self.0)) }
    }

    /// Whether the loaded library has it and this machine can run it.
    pub fn is_available(self) -> bool {
        unsafe { sys::vae_isa_available(self.0) != 0 }
    }
}

/// What matrix products are computed in (training), or weights are kept in (inference copies). The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Precision(pub sys::vae_precision);

impl Precision {
    /// The usual one.
    pub const FLOAT32: Precision = Precision(sys::VAE_PRECISION_FLOAT32);
    /// The upper half of a float32; sums stay float32.
    pub const BFLOAT16: Precision = Precision(sys::VAE_PRECISION_BFLOAT16);
    /// Bytes with a scale for each unit; not for training.
    pub const INT8: Precision = Precision(sys::VAE_PRECISION_INT8);

    /// `"bf16"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_precision_name(self.0)) }
    }
}

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Likelihood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for SigmaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Prior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ObjectiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Binarization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for RateSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for WarmUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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

/// A model's configuration. An empty stack is a linear encoder or decoder.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// D, at least 1.
    pub input_dim: u32,
    /// C; must be 0 in this version.
    pub condition_dim: u32,
    /// Z, at least 1.
    pub latent_dim: u32,
    /// From the input to the latent's mean and log-variance.
    pub encoder: Vec<Layer>,
    /// From the latent to the output.
    pub decoder: Vec<Layer>,
    /// p(z)
    pub prior: Prior,
    /// p(x given z)
    pub likelihood: Likelihood,
    /// Of a Gaussian, Laplace or log-cosh likelihood's location; the identity for others.
    pub output_activation: Activation,
    /// How their scale is found; fixed for others.
    pub sigma_kind: SigmaKind,
    /// Their scale, in units of the data; 1e-4 to 1e4, and 1 where it is learned.
    pub sigma: f64,
    /// Of a categorical likelihood: the columns of each variable; empty for others.
    pub groups: Vec<u32>,
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
        }
    }
}

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// Which bound.
    pub kind: ObjectiveKind,
    /// K latent samples per example, 1 to 65536.
    pub samples: u32,
    /// Weight of the KL, 0 to 1e6; 1 for the importance-weighted bound.
    pub beta: f64,
    /// Of grey data; for a Bernoulli likelihood.
    pub binarization: Binarization,
}

impl Default for Objective {
    /// The evidence lower bound, one sample, beta 1.
    fn default() -> Self {
        Objective::from_c(&sys::vae_objective::initialised())
    }
}

impl Objective {
    pub(crate) fn to_c(self) -> sys::vae_objective {
        let mut objective = sys::vae_objective::initialised();
        objective.kind = self.kind.0;
        objective.samples = self.samples;
        objective.beta = self.beta;
        objective.binarization = self.binarization.0;
        objective
    }

    fn from_c(objective: &sys::vae_objective) -> Self {
        Objective {
            kind: ObjectiveKind(objective.kind),
            samples: objective.samples,
            beta: objective.beta,
            binarization: Binarization(objective.binarization),
        }
    }
}

/// How a model is trained: Adam (Kingma & Ba 2015) on shuffled mini-batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Rows of a mini-batch, 1 to 2^20.
    pub batch_size: u32,
    /// What is minimised.
    pub objective: Objective,
    /// Adam's alpha, over 0, at most 1e3.
    pub learning_rate: f64,
    /// In [0, 1).
    pub beta1: f64,
    /// In [0, 1).
    pub beta2: f64,
    /// 1e-30 to 1e3; outside the root.
    pub epsilon: f64,
    /// Of shuffling and noise.
    pub seed: u64,
    /// 0: VAE_THREADS, else OMP_NUM_THREADS, else the processors that the process may use.
    pub threads: i32,
    /// The kernels.
    pub isa: Isa,
    /// Every step leaves its gradients for [`Trainer::gradient`](crate::Trainer::gradient).
    pub keep_gradients: bool,
    /// Of the operands of matrix products.
    pub precision: Precision,
    /// float32 where bfloat16 cannot be had.
    pub precision_fallback: bool,
    /// Of `learning_rate`.
    pub rate_schedule: RateSchedule,
    /// Of the objective's beta; not for the importance-weighted bound.
    pub warm_up: WarmUp,
    /// Over 0, at most 1: exponential, steps.
    pub rate_decay: f64,
    /// Over 0: cosine.
    pub rate_epochs: f64,
    /// 0 to `learning_rate`: cosine.
    pub rate_floor: f64,
    /// Epochs in rising order, zeros behind them: steps.
    pub rate_milestones: [u32; sys::VAE_MAX_MILESTONES],
    /// Over 0: linear, cyclic.
    pub warm_up_epochs: f64,
    /// Over 0, at most 1: cyclic.
    pub warm_up_share: f64,
    /// At least 1: cyclic.
    pub warm_up_cycles: u32,
    /// AdamW's; biases do not decay. 0 is Adam.
    pub weight_decay: f64,
    /// The most that the gradient's L2 norm may be; 0: no limit.
    pub clip_norm: f64,
    /// Judgements without a better loss until [`Trainer::judge`](crate::Trainer::judge) says stop; 0: never.
    pub patience: u32,
}

impl Default for Training {
    /// Batch 128, the evidence lower bound, a learning rate of 1e-3, seed 0.
    fn default() -> Self {
        Training::from_c(&sys::vae_training::initialised())
    }
}

impl Training {
    pub(crate) fn to_c(self) -> sys::vae_training {
        let mut training = sys::vae_training::initialised();
        training.batch_size = self.batch_size;
        training.objective = self.objective.to_c();
        training.learning_rate = self.learning_rate;
        training.beta1 = self.beta1;
        training.beta2 = self.beta2;
        training.epsilon = self.epsilon;
        training.seed = self.seed;
        training.threads = self.threads;
        training.isa = self.isa.0;
        training.keep_gradients = self.keep_gradients.into();
        training.precision = self.precision.0;
        training.precision_fallback = self.precision_fallback.into();
        training.rate_schedule = self.rate_schedule.0;
        training.warm_up = self.warm_up.0;
        training.rate_decay = self.rate_decay;
        training.rate_epochs = self.rate_epochs;
        training.rate_floor = self.rate_floor;
        training.rate_milestones = self.rate_milestones;
        training.warm_up_epochs = self.warm_up_epochs;
        training.warm_up_share = self.warm_up_share;
        training.warm_up_cycles = self.warm_up_cycles;
        training.weight_decay = self.weight_decay;
        training.clip_norm = self.clip_norm;
        training.patience = self.patience;
        training
    }

    pub(crate) fn from_c(training: &sys::vae_training) -> Self {
        Training {
            batch_size: training.batch_size,
            objective: Objective::from_c(&training.objective),
            learning_rate: training.learning_rate,
            beta1: training.beta1,
            beta2: training.beta2,
            epsilon: training.epsilon,
            seed: training.seed,
            threads: training.threads,
            isa: Isa(training.isa),
            keep_gradients: training.keep_gradients != 0,
            precision: Precision(training.precision),
            precision_fallback: training.precision_fallback != 0,
            rate_schedule: RateSchedule(training.rate_schedule),
            warm_up: WarmUp(training.warm_up),
            rate_decay: training.rate_decay,
            rate_epochs: training.rate_epochs,
            rate_floor: training.rate_floor,
            rate_milestones: training.rate_milestones,
            warm_up_epochs: training.warm_up_epochs,
            warm_up_share: training.warm_up_share,
            warm_up_cycles: training.warm_up_cycles,
            weight_decay: training.weight_decay,
            clip_norm: training.clip_norm,
            patience: training.patience,
        }
    }
}
