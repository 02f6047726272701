//! Variational autoencoders on the CPU: a safe layer over the C library libvae, without dependencies.
//!
//! ```
//! use libvae::{Config, Layer, Model, Trainer, Training, Workspace};
//!
//! # fn main() -> Result<(), libvae::Error> {
//! let table: Vec<f32> = (0..200 * 6).map(|i| if i % 7 < 3 { 1.0 } else { 0.0 }).collect();
//! let config = Config {
//!     input_dim: 6,
//!     latent_dim: 2,
//!     encoder: vec![Layer::relu(16)],
//!     decoder: vec![Layer::relu(16)],
//!     ..Config::default()
//! };
//! let mut model = Model::new(&config, 1)?;
//! let mut trainer = Trainer::new(&mut model, &Training { batch_size: 32, ..Training::default() })?;
//! for _ in 0..3 {
//!     println!("{}", trainer.epoch(&table)?.loss);
//! }
//! drop(trainer); // gives the model back
//! let codes = model.encode(&mut Workspace::new(&model)?, &table)?;
//! assert_eq!(codes.mean.len(), 200 * 2);
//! # Ok(())
//! # }
//! ```
//!
//! # What holds for all of it
//!
//! - Matrices are row-major slices; `[n, D]` means n rows of D values. D is the model's input dimension, C its
//!   condition's, Z its latent dimension, K an objective's latent samples. Losses are in nats per example.
//! - A model with a condition needs it with all rows, [`Rows::given`], and beside z: [`Model::decode_given`],
//!   [`Model::sample_given`].
//! - Data are borrowed for the call and read in place ([`Rows`]). The `…_into` forms write into the caller's slices
//!   and allocate nothing; the others return vectors.
//! - Every failure is an [`Error`] with a [`Status`] and a message that names the argument, its value and what is
//!   allowed. Nothing panics on data. A panic in a callback stops the training and goes on from the call.
//! - Threads: a [`Model`] is `Send` and `Sync`: its `&self` methods only read, each thread with a [`Workspace`] of its
//!   own. `Workspace` and [`Trainer`] are `Send`, not `Sync`: one thread at a time. There is no global state.
#![warn(missing_docs)]

mod allocator;
mod condition;
mod config;
mod data;
mod error;
mod inference;
mod likelihood;
mod model;
mod names;
mod preset;
mod statistics;
pub mod sys;
mod trainer;
mod training;
mod workspace;

pub use allocator::Allocator;
pub use condition::Condition;
pub use config::{Config, Layer};
pub use data::{Loss, Rows, Terms};
pub use error::{Error, Status};
pub use model::{Model, Parameter};
pub use names::{
    Activation, Binarization, Estimator, Isa, Likelihood, ObjectiveKind, Precision, Prior, RateSchedule, Regularizer,
    SigmaKind, WarmUp,
};
pub use preset::Preset;
pub use statistics::{Bits, Statistics, StatisticsOptions, StatisticsWarnings};
pub use trainer::{Epoch, Progress, Trainer, TrainerInfo};
pub use training::{Objective, Training};
pub use workspace::{Gaussian, Posterior, Workspace, WorkspaceInfo, WorkspaceOptions};

/// The version of the library that was loaded, `"0.1.0"`.
pub fn version() -> &'static str {
    // Static storage, and plain digits and dots.
    unsafe { error::static_text(sys::vae_version_string()) }
}
