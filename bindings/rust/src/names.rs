//! The sets of values that configurations choose from, with their names in model files.

use crate::error::static_text;
use crate::sys;
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
    /// Mean softplus(output), a learned dispersion for each column; counts, whole numbers from 0 to 2^22.
    pub const NEGATIVE_BINOMIAL: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_NEGATIVE_BINOMIAL);
    /// Location `output_activation`(output), scale and degrees of freedom learned for each column.
    pub const STUDENT_T: Likelihood = Likelihood(sys::VAE_LIKELIHOOD_STUDENT_T);

    /// The name in model files, `"bernoulli"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_likelihood_name(self.0)) }
    }

    /// What p(x|z) is described by, `["location", "scale"]`: the matrices of
    /// [`Model::likelihood_parameters`](crate::Model::likelihood_parameters) in their order.
    pub fn parameter_names(self) -> impl Iterator<Item = &'static str> {
        (0..)
            .map(move |index| unsafe { sys::vae_likelihood_parameter_name(self.0, index) })
            .take_while(|name| !name.is_null())
            .map(|name| unsafe { static_text(name) })
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
    /// p(z|c) from a net of its own, `Config::prior_net` (Sohn, Lee & Yan 2015).
    pub const CONDITIONAL: Prior = Prior(sys::VAE_PRIOR_CONDITIONAL);
    /// `Config::prior_components` learned Gaussians.
    pub const MIXTURE: Prior = Prior(sys::VAE_PRIOR_MIXTURE);
    /// The mean of q over `Config::prior_components` learned pseudo-inputs (Tomczak & Welling 2018).
    pub const VAMP: Prior = Prior(sys::VAE_PRIOR_VAMP);

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

/// The gradient of the importance-weighted bound for the encoder. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Estimator(pub sys::vae_estimator);

impl Estimator {
    /// The bound's own.
    pub const PLAIN: Estimator = Estimator(sys::VAE_ESTIMATOR_PLAIN);
    /// With less variance for many samples (Tucker et al. 2019).
    pub const DOUBLY_REPARAMETERIZED: Estimator = Estimator(sys::VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED);

    /// The name in model files, `"doubly_reparameterized"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_estimator_name(self.0)) }
    }
}

/// What couples the examples of a mini-batch, as a penalty; `config.h` has formulas and sources. The set is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Regularizer(pub sys::vae_regularizer);

impl Regularizer {
    /// Nothing.
    pub const NONE: Regularizer = Regularizer(sys::VAE_REGULARIZER_NONE);
    /// The total correlation (Chen et al. 2018).
    pub const TC: Regularizer = Regularizer(sys::VAE_REGULARIZER_TC);
    /// Covariances of q's means (Kumar et al. 2018).
    pub const DIP_I: Regularizer = Regularizer(sys::VAE_REGULARIZER_DIP_I);
    /// With the mean variances of q added.
    pub const DIP_II: Regularizer = Regularizer(sys::VAE_REGULARIZER_DIP_II);
    /// The maximum mean discrepancy with a Gaussian kernel.
    pub const MMD_RBF: Regularizer = Regularizer(sys::VAE_REGULARIZER_MMD_RBF);
    /// With the inverse multiquadric kernel.
    pub const MMD_IMQ: Regularizer = Regularizer(sys::VAE_REGULARIZER_MMD_IMQ);
    /// The sliced Wasserstein distance (Kolouri et al. 2019).
    pub const SLICED_WASSERSTEIN: Regularizer = Regularizer(sys::VAE_REGULARIZER_SLICED_WASSERSTEIN);

    /// The name in model files, `"mmd_imq"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_regularizer_name(self.0)) }
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

impl fmt::Debug for Estimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Regularizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
