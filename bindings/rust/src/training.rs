//! What is minimised, and how: plain values. Defaults come from the library.

use crate::names::{Binarization, Estimator, Isa, ObjectiveKind, Precision, RateSchedule, Regularizer, WarmUp};
use crate::sys::{self, Initialised};

/// What is minimised; `config.h` has every range and formula, docs/OBJECTIVES.md what combines.
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
    /// Of the importance-weighted bound.
    pub estimator: Estimator,
    /// Nats that each latent's KL counts as at least; 0: off.
    pub free_bits: f64,
    /// Nats that the KL is drawn to …
    pub capacity: f64,
    /// … with this weight; 0: off.
    pub capacity_weight: f64,
    /// Of the evidence lower bound.
    pub regularizer: Regularizer,
    /// Directions of the sliced Wasserstein distance; 0: 50.
    pub projections: u32,
    /// What the regularizer is multiplied by.
    pub regularizer_weight: f64,
    /// Of the variances' distance from 1: DIP.
    pub regularizer_diagonal: f64,
    /// Of the kernels: MMD; 0: 2 Z.
    pub kernel_scale: f64,
    /// Rows of the data set, for the total correlation; 0: those of the data that is given.
    pub data_rows: u64,
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
        objective.estimator = self.estimator.0;
        objective.free_bits = self.free_bits;
        objective.capacity = self.capacity;
        objective.capacity_weight = self.capacity_weight;
        objective.regularizer = self.regularizer.0;
        objective.projections = self.projections;
        objective.regularizer_weight = self.regularizer_weight;
        objective.regularizer_diagonal = self.regularizer_diagonal;
        objective.kernel_scale = self.kernel_scale;
        objective.data_rows = self.data_rows;
        objective
    }

    fn from_c(objective: &sys::vae_objective) -> Self {
        Objective {
            kind: ObjectiveKind(objective.kind),
            samples: objective.samples,
            beta: objective.beta,
            binarization: Binarization(objective.binarization),
            estimator: Estimator(objective.estimator),
            free_bits: objective.free_bits,
            capacity: objective.capacity,
            capacity_weight: objective.capacity_weight,
            regularizer: Regularizer(objective.regularizer),
            projections: objective.projections,
            regularizer_weight: objective.regularizer_weight,
            regularizer_diagonal: objective.regularizer_diagonal,
            kernel_scale: objective.kernel_scale,
            data_rows: objective.data_rows,
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
    // VAE_MAX_MILESTONES, as a number: rustc 1.95 breaks down where a closure of another crate copies an array whose
    // length is a named constant.
    pub rate_milestones: [u32; 16],
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
    /// `Objective::capacity` is reached linearly after so many; 0: from the start.
    pub capacity_epochs: f64,
    /// Share of the hidden outputs that a step leaves out, 0 to 0.95.
    pub dropout: f64,
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
        training.capacity_epochs = self.capacity_epochs;
        training.dropout = self.dropout;
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
            capacity_epochs: training.capacity_epochs,
            dropout: training.dropout,
        }
    }
}
