//! The C interface, declared by hand from `include/vae/*.h`, which say shapes, ownership, errors and threads of each
//! function. `tests/abi.rs` compares every size, offset, number and name with the headers.
//!
//! For what the safe layer does not have; its handles come from `as_ptr`.
#![allow(non_camel_case_types)]
#![allow(missing_docs)]

use std::mem::{size_of, MaybeUninit};
use std::os::raw::{c_char, c_void};

pub type vae_status = i32;
pub type vae_isa = i32;
pub type vae_precision = i32;
pub type vae_activation = i32;
pub type vae_likelihood = i32;
pub type vae_prior = i32;
pub type vae_sigma_kind = i32;
pub type vae_objective_kind = i32;
pub type vae_binarization = i32;
pub type vae_estimator = i32;
pub type vae_regularizer = i32;
pub type vae_rate_schedule = i32;
pub type vae_warm_up = i32;
pub type vae_data_type = i32;
pub type vae_condition_type = i32;
pub type vae_bits = i32;
pub type vae_statistics_warnings = u32;

pub const VAE_OK: vae_status = 0;
pub const VAE_ERROR_INVALID_ARGUMENT: vae_status = 1;
pub const VAE_ERROR_MISMATCH: vae_status = 2;
pub const VAE_ERROR_DATA: vae_status = 3;
pub const VAE_ERROR_NOT_FINITE: vae_status = 4;
pub const VAE_ERROR_OUT_OF_MEMORY: vae_status = 5;
pub const VAE_ERROR_IO: vae_status = 6;
pub const VAE_ERROR_FORMAT: vae_status = 7;
pub const VAE_ERROR_UNSUPPORTED: vae_status = 8;
pub const VAE_STOPPED: vae_status = 9;
pub const VAE_ERROR_MESSAGE_SIZE: usize = 512;
pub const VAE_ISA_AUTO: vae_isa = 0;
pub const VAE_ISA_PORTABLE: vae_isa = 1;
pub const VAE_ISA_AVX2: vae_isa = 2;
pub const VAE_ISA_AVX512: vae_isa = 3;
pub const VAE_ISA_NEON: vae_isa = 4;
pub const VAE_PRECISION_FLOAT32: vae_precision = 0;
pub const VAE_PRECISION_BFLOAT16: vae_precision = 1;
pub const VAE_PRECISION_INT8: vae_precision = 2;
pub const VAE_ACTIVATION_IDENTITY: vae_activation = 0;
pub const VAE_ACTIVATION_RELU: vae_activation = 1;
pub const VAE_ACTIVATION_LEAKY_RELU: vae_activation = 2;
pub const VAE_ACTIVATION_TANH: vae_activation = 3;
pub const VAE_ACTIVATION_SIGMOID: vae_activation = 4;
pub const VAE_ACTIVATION_ELU: vae_activation = 5;
pub const VAE_ACTIVATION_SILU: vae_activation = 6;
pub const VAE_ACTIVATION_GELU: vae_activation = 7;
pub const VAE_ACTIVATION_SOFTPLUS: vae_activation = 8;
pub const VAE_LIKELIHOOD_BERNOULLI: vae_likelihood = 0;
pub const VAE_LIKELIHOOD_GAUSSIAN: vae_likelihood = 1;
pub const VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI: vae_likelihood = 2;
pub const VAE_LIKELIHOOD_LAPLACE: vae_likelihood = 3;
pub const VAE_LIKELIHOOD_LOG_COSH: vae_likelihood = 4;
pub const VAE_LIKELIHOOD_POISSON: vae_likelihood = 5;
pub const VAE_LIKELIHOOD_CATEGORICAL: vae_likelihood = 6;
pub const VAE_LIKELIHOOD_NEGATIVE_BINOMIAL: vae_likelihood = 7;
pub const VAE_LIKELIHOOD_STUDENT_T: vae_likelihood = 8;
pub const VAE_PRIOR_STANDARD: vae_prior = 0;
pub const VAE_PRIOR_CONDITIONAL: vae_prior = 1;
pub const VAE_PRIOR_MIXTURE: vae_prior = 2;
pub const VAE_PRIOR_VAMP: vae_prior = 3;
pub const VAE_SIGMA_FIXED: vae_sigma_kind = 0;
pub const VAE_SIGMA_GLOBAL: vae_sigma_kind = 1;
pub const VAE_SIGMA_PER_OUTPUT: vae_sigma_kind = 2;
pub const VAE_MAX_DIM: u32 = 1 << 24;
pub const VAE_MAX_LAYERS: u32 = 64;
pub const VAE_MAX_GROUPS: u32 = 4096;
pub const VAE_MAX_COMPONENTS: u32 = 4096;
pub const VAE_OBJECTIVE_ELBO: vae_objective_kind = 0;
pub const VAE_OBJECTIVE_IWAE: vae_objective_kind = 1;
pub const VAE_BINARIZATION_NONE: vae_binarization = 0;
pub const VAE_BINARIZATION_DYNAMIC: vae_binarization = 1;
pub const VAE_ESTIMATOR_PLAIN: vae_estimator = 0;
pub const VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED: vae_estimator = 1;
pub const VAE_REGULARIZER_NONE: vae_regularizer = 0;
pub const VAE_REGULARIZER_TC: vae_regularizer = 1;
pub const VAE_REGULARIZER_DIP_I: vae_regularizer = 2;
pub const VAE_REGULARIZER_DIP_II: vae_regularizer = 3;
pub const VAE_REGULARIZER_MMD_RBF: vae_regularizer = 4;
pub const VAE_REGULARIZER_MMD_IMQ: vae_regularizer = 5;
pub const VAE_REGULARIZER_SLICED_WASSERSTEIN: vae_regularizer = 6;
pub const VAE_RATE_CONSTANT: vae_rate_schedule = 0;
pub const VAE_RATE_EXPONENTIAL: vae_rate_schedule = 1;
pub const VAE_RATE_COSINE: vae_rate_schedule = 2;
pub const VAE_RATE_STEPS: vae_rate_schedule = 3;
pub const VAE_RATE_BURDA: vae_rate_schedule = 4;
pub const VAE_WARM_UP_NONE: vae_warm_up = 0;
pub const VAE_WARM_UP_LINEAR: vae_warm_up = 1;
pub const VAE_WARM_UP_CYCLIC: vae_warm_up = 2;
pub const VAE_MAX_MILESTONES: usize = 16;
pub const VAE_MAX_SAMPLES: u32 = 1 << 16;
pub const VAE_DATA_FLOAT32: vae_data_type = 0;
pub const VAE_DATA_UINT8: vae_data_type = 1;
pub const VAE_CONDITION_FLOAT32: vae_condition_type = 0;
pub const VAE_CONDITION_UINT8: vae_condition_type = 1;
pub const VAE_CONDITION_LABELS_UINT8: vae_condition_type = 2;
pub const VAE_CONDITION_LABELS_UINT32: vae_condition_type = 3;
pub const VAE_BITS_CODE_LENGTH: vae_bits = 0;
pub const VAE_BITS_CROSS_ENTROPY: vae_bits = 1;
pub const VAE_BITS_DENSITY: vae_bits = 2;
pub const VAE_BITS_BINS: vae_bits = 3;
pub const VAE_WARNING_DEGENERATE_WEIGHTS: vae_statistics_warnings = 1;
pub const VAE_WARNING_COLLAPSE: vae_statistics_warnings = 2;
pub const VAE_WARNING_MUTUAL_INFORMATION: vae_statistics_warnings = 4;
pub const VAE_FEW_EFFECTIVE_SAMPLES: u32 = 10;

/// Opaque: a configuration and its parameters.
#[repr(C)]
pub struct vae_model {
    _private: [u8; 0],
}

/// Opaque: scratch memory of one thread.
#[repr(C)]
pub struct vae_workspace {
    _private: [u8; 0],
}

/// Opaque: an optimiser at work on a model.
#[repr(C)]
pub struct vae_trainer {
    _private: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_error {
    pub struct_size: u32,
    pub code: vae_status,
    pub message: [c_char; VAE_ERROR_MESSAGE_SIZE],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_allocator {
    pub struct_size: u32,
    pub user: *mut c_void,
    pub allocate: Option<unsafe extern "C" fn(user: *mut c_void, size: usize, alignment: usize) -> *mut c_void>,
    pub release: Option<unsafe extern "C" fn(user: *mut c_void, memory: *mut c_void, size: usize, alignment: usize)>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_layer {
    pub struct_size: u32,
    pub units: u32,
    pub activation: vae_activation,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_config {
    pub struct_size: u32,
    pub input_dim: u32,
    pub condition_dim: u32,
    pub latent_dim: u32,
    pub encoder: *const vae_layer,
    pub decoder: *const vae_layer,
    pub encoder_count: u32,
    pub decoder_count: u32,
    pub prior: vae_prior,
    pub likelihood: vae_likelihood,
    pub output_activation: vae_activation,
    pub sigma_kind: vae_sigma_kind,
    pub sigma: f64,
    pub groups: *const u32,
    pub group_count: u32,
    pub reserved: u32,
    pub prior_net: *const vae_layer,
    pub prior_net_count: u32,
    pub prior_components: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_objective {
    pub struct_size: u32,
    pub kind: vae_objective_kind,
    pub samples: u32,
    pub beta: f64,
    pub binarization: vae_binarization,
    pub estimator: vae_estimator,
    pub free_bits: f64,
    pub capacity: f64,
    pub capacity_weight: f64,
    pub regularizer: vae_regularizer,
    pub projections: u32,
    pub regularizer_weight: f64,
    pub regularizer_diagonal: f64,
    pub kernel_scale: f64,
    pub data_rows: u64,
    pub reserved: [u64; 15],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_training {
    pub struct_size: u32,
    pub batch_size: u32,
    pub objective: vae_objective,
    pub learning_rate: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub seed: u64,
    pub threads: i32,
    pub isa: vae_isa,
    pub keep_gradients: i32,
    pub reserved: u32,
    pub precision: vae_precision,
    pub precision_fallback: i32,
    pub rate_schedule: vae_rate_schedule,
    pub warm_up: vae_warm_up,
    pub rate_decay: f64,
    pub rate_epochs: f64,
    pub rate_floor: f64,
    pub rate_milestones: [u32; VAE_MAX_MILESTONES],
    pub warm_up_epochs: f64,
    pub warm_up_share: f64,
    pub weight_decay: f64,
    pub clip_norm: f64,
    pub warm_up_cycles: u32,
    pub patience: u32,
    pub capacity_epochs: f64,
    pub dropout: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_condition {
    pub struct_size: u32,
    pub r#type: vae_condition_type,
    pub values: *const c_void,
    pub rows: usize,
    pub row_stride: usize,
    pub scale: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_data {
    pub struct_size: u32,
    pub r#type: vae_data_type,
    pub values: *const c_void,
    pub rows: usize,
    pub columns: usize,
    pub row_stride: usize,
    pub scale: f64,
    pub condition: *const vae_condition,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_loss {
    pub struct_size: u32,
    pub examples: u64,
    pub loss: f64,
    pub reconstruction: f64,
    pub kl: f64,
    pub negative_elbo: f64,
    pub penalty: f64,
    pub reserved: [f64; 8],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_terms {
    pub struct_size: u32,
    pub loss: *mut f32,
    pub kl: *mut f32,
    pub reconstruction: *mut f32,
    pub sample_nll: *mut f32,
    pub mean: *mut f32,
    pub logvar: *mut f32,
    pub z: *mut f32,
    pub output: *mut f32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_model_options {
    pub struct_size: u32,
    pub seed: u64,
    pub allocator: *const vae_allocator,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_parameter_info {
    pub struct_size: u32,
    pub name: *const c_char,
    pub rank: u32,
    pub shape: [u64; 4],
    pub count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_workspace_options {
    pub struct_size: u32,
    pub max_rows: u32,
    pub threads: i32,
    pub isa: vae_isa,
    pub allocator: *const vae_allocator,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_workspace_info {
    pub struct_size: u32,
    pub threads: i32,
    pub isa: vae_isa,
    pub max_rows: u32,
    pub bytes: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_statistics_options {
    pub struct_size: u32,
    pub samples: u32,
    pub seed: u64,
    pub active_variance: f64,
    pub bin_width: f64,
    pub aggregate_rows: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_statistics {
    pub struct_size: u32,
    pub warnings: vae_statistics_warnings,
    pub examples: u64,
    pub log_evidence: f64,
    pub standard_error: f64,
    pub interval_low: f64,
    pub interval_high: f64,
    pub sampling_error: f64,
    pub effective_samples: f64,
    pub effective_samples_min: f64,
    pub few_effective: u64,
    pub reconstruction: f64,
    pub kl: f64,
    pub negative_elbo: f64,
    pub mutual_information: f64,
    pub aggregate_kl: f64,
    pub bits_per_dimension: f64,
    pub bits: vae_bits,
    pub active_latents: u32,
    pub aggregate_rows: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_statistics_arrays {
    pub struct_size: u32,
    pub latent_kl: *mut f64,
    pub latent_variance: *mut f64,
    pub log_evidence: *mut f64,
    pub effective_samples: *mut f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_progress {
    pub struct_size: u32,
    pub epoch: u64,
    pub batch: u64,
    pub batches: u64,
    pub step: u64,
    pub loss: vae_loss,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_trainer_info {
    pub struct_size: u32,
    pub threads: i32,
    pub isa: vae_isa,
    pub epoch: u64,
    pub batch: u64,
    pub step: u64,
    pub bytes: u64,
    pub precision: vae_precision,
    pub waited: u32,
    pub learning_rate: f64,
    pub beta: f64,
    pub gradient_norm: f64,
    pub best_loss: f64,
    pub best_epoch: u64,
    pub capacity: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vae_preset_info {
    pub struct_size: u32,
    pub epochs: u32,
    pub name: *const c_char,
    pub source: *const c_char,
    pub summary: *const c_char,
}

pub type vae_progress_callback = Option<unsafe extern "C" fn(progress: *const vae_progress, user: *mut c_void) -> i32>;

extern "C" {
    pub fn vae_version_number() -> u32;
    pub fn vae_version_string() -> *const c_char;
    pub fn vae_status_name(status: vae_status) -> *const c_char;
    pub fn vae_error_init_sized(err: *mut vae_error, struct_size: usize);
    pub fn vae_allocator_init_sized(allocator: *mut vae_allocator, struct_size: usize);
    pub fn vae_isa_available(isa: vae_isa) -> i32;
    pub fn vae_isa_name(isa: vae_isa) -> *const c_char;
    pub fn vae_precision_name(precision: vae_precision) -> *const c_char;
    pub fn vae_activation_name(activation: vae_activation) -> *const c_char;
    pub fn vae_likelihood_name(likelihood: vae_likelihood) -> *const c_char;
    pub fn vae_likelihood_parameter_name(likelihood: vae_likelihood, index: u32) -> *const c_char;
    pub fn vae_sigma_kind_name(kind: vae_sigma_kind) -> *const c_char;
    pub fn vae_prior_name(prior: vae_prior) -> *const c_char;
    pub fn vae_layer_init_sized(layer: *mut vae_layer, struct_size: usize);
    pub fn vae_config_init_sized(config: *mut vae_config, struct_size: usize);
    pub fn vae_objective_name(kind: vae_objective_kind) -> *const c_char;
    pub fn vae_binarization_name(binarization: vae_binarization) -> *const c_char;
    pub fn vae_estimator_name(estimator: vae_estimator) -> *const c_char;
    pub fn vae_regularizer_name(regularizer: vae_regularizer) -> *const c_char;
    pub fn vae_rate_schedule_name(schedule: vae_rate_schedule) -> *const c_char;
    pub fn vae_warm_up_name(warm_up: vae_warm_up) -> *const c_char;
    pub fn vae_objective_init_sized(objective: *mut vae_objective, struct_size: usize);
    pub fn vae_training_init_sized(training: *mut vae_training, struct_size: usize);
    pub fn vae_condition_init_sized(condition: *mut vae_condition, struct_size: usize);
    pub fn vae_data_init_sized(data: *mut vae_data, struct_size: usize);
    pub fn vae_loss_init_sized(loss: *mut vae_loss, struct_size: usize);
    pub fn vae_terms_init_sized(terms: *mut vae_terms, struct_size: usize);
    pub fn vae_model_options_init_sized(options: *mut vae_model_options, struct_size: usize);
    pub fn vae_model_create(
        config: *const vae_config,
        options: *const vae_model_options,
        model: *mut *mut vae_model,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_quantize(
        model: *const vae_model,
        precision: vae_precision,
        copy: *mut *mut vae_model,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_precision(model: *const vae_model) -> vae_precision;
    pub fn vae_model_free(model: *mut vae_model);
    pub fn vae_model_get_config(model: *const vae_model, config: *mut vae_config, err: *mut vae_error) -> vae_status;
    pub fn vae_model_get_training(
        model: *const vae_model,
        training: *mut vae_training,
        trained: *mut i32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_parameter_info_init_sized(info: *mut vae_parameter_info, struct_size: usize);
    pub fn vae_model_parameter_count(model: *const vae_model) -> usize;
    pub fn vae_model_value_count(model: *const vae_model) -> u64;
    pub fn vae_model_get_parameter_info(
        model: *const vae_model,
        index: usize,
        info: *mut vae_parameter_info,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_find_parameter(
        model: *const vae_model,
        name: *const c_char,
        info: *mut vae_parameter_info,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_get_parameter(
        model: *const vae_model,
        name: *const c_char,
        values: *mut f32,
        count: usize,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_set_parameter(
        model: *mut vae_model,
        name: *const c_char,
        values: *const f32,
        count: usize,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_init_output_bias(model: *mut vae_model, data: *const vae_data, err: *mut vae_error) -> vae_status;
    pub fn vae_model_save(model: *const vae_model, path: *const c_char, err: *mut vae_error) -> vae_status;
    pub fn vae_model_save_bytes(
        model: *const vae_model,
        bytes: *mut c_void,
        capacity: usize,
        size: *mut usize,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_load(
        path: *const c_char,
        options: *const vae_model_options,
        model: *mut *mut vae_model,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_load_bytes(
        bytes: *const c_void,
        size: usize,
        options: *const vae_model_options,
        model: *mut *mut vae_model,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_workspace_options_init_sized(options: *mut vae_workspace_options, struct_size: usize);
    pub fn vae_workspace_create(
        model: *const vae_model,
        options: *const vae_workspace_options,
        workspace: *mut *mut vae_workspace,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_workspace_free(workspace: *mut vae_workspace);
    pub fn vae_model_encode(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        x: *const vae_data,
        mean: *mut f32,
        logvar: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_decode(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        z: *const f32,
        rows: usize,
        output: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_reconstruct(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        x: *const vae_data,
        output: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_sample(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        seed: u64,
        first_row: u64,
        rows: usize,
        output: *mut f32,
        z: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_decode_given(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        z: *const f32,
        rows: usize,
        condition: *const vae_condition,
        output: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_sample_given(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        seed: u64,
        first_row: u64,
        rows: usize,
        condition: *const vae_condition,
        output: *mut f32,
        z: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_prior(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        rows: usize,
        condition: *const vae_condition,
        mean: *mut f32,
        logvar: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_likelihood_parameters(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        z: *const f32,
        rows: usize,
        condition: *const vae_condition,
        parameters: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_likelihood_mean(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        z: *const f32,
        rows: usize,
        condition: *const vae_condition,
        mean: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_likelihood_samples(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        z: *const f32,
        rows: usize,
        condition: *const vae_condition,
        seed: u64,
        first_row: u64,
        samples: *mut f32,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_evaluate(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        x: *const vae_data,
        objective: *const vae_objective,
        seed: u64,
        loss: *mut vae_loss,
        terms: *const vae_terms,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_model_loss_and_gradients(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        x: *const vae_data,
        objective: *const vae_objective,
        noise: *const f32,
        seed: u64,
        loss: *mut vae_loss,
        terms: *const vae_terms,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_statistics_options_init_sized(options: *mut vae_statistics_options, struct_size: usize);
    pub fn vae_statistics_init_sized(statistics: *mut vae_statistics, struct_size: usize);
    pub fn vae_statistics_arrays_init_sized(arrays: *mut vae_statistics_arrays, struct_size: usize);
    pub fn vae_bits_name(bits: vae_bits) -> *const c_char;
    pub fn vae_model_statistics(
        model: *const vae_model,
        workspace: *mut vae_workspace,
        x: *const vae_data,
        options: *const vae_statistics_options,
        statistics: *mut vae_statistics,
        arrays: *const vae_statistics_arrays,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_workspace_get_gradient(
        workspace: *const vae_workspace,
        name: *const c_char,
        values: *mut f32,
        count: usize,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_workspace_info_init_sized(info: *mut vae_workspace_info, struct_size: usize);
    pub fn vae_workspace_get_info(
        workspace: *const vae_workspace,
        info: *mut vae_workspace_info,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_trainer_create(
        model: *mut vae_model,
        training: *const vae_training,
        allocator: *const vae_allocator,
        trainer: *mut *mut vae_trainer,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_trainer_free(trainer: *mut vae_trainer);
    pub fn vae_progress_init_sized(progress: *mut vae_progress, struct_size: usize);
    pub fn vae_trainer_epoch(
        trainer: *mut vae_trainer,
        data: *const vae_data,
        callback: vae_progress_callback,
        user: *mut c_void,
        loss: *mut vae_loss,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_trainer_step(
        trainer: *mut vae_trainer,
        data: *const vae_data,
        noise: *const f32,
        loss: *mut vae_loss,
        terms: *const vae_terms,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_trainer_get_gradient(
        trainer: *const vae_trainer,
        name: *const c_char,
        values: *mut f32,
        count: usize,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_trainer_info_init_sized(info: *mut vae_trainer_info, struct_size: usize);
    pub fn vae_trainer_get_info(
        trainer: *const vae_trainer,
        info: *mut vae_trainer_info,
        err: *mut vae_error,
    ) -> vae_status;
    pub fn vae_trainer_judge(trainer: *mut vae_trainer, loss: f64, stop: *mut i32, err: *mut vae_error) -> vae_status;
    pub fn vae_trainer_take_best(trainer: *mut vae_trainer, err: *mut vae_error) -> vae_status;
    pub fn vae_trainer_save(trainer: *const vae_trainer, path: *const c_char, err: *mut vae_error) -> vae_status;
    pub fn vae_trainer_restore(trainer: *mut vae_trainer, path: *const c_char, err: *mut vae_error) -> vae_status;
    pub fn vae_preset_info_init_sized(info: *mut vae_preset_info, struct_size: usize);
    pub fn vae_preset_count() -> usize;
    pub fn vae_preset_name(index: usize) -> *const c_char;
    pub fn vae_preset_get(
        name: *const c_char,
        info: *mut vae_preset_info,
        config: *mut vae_config,
        training: *mut vae_training,
        err: *mut vae_error,
    ) -> vae_status;
}

/// An exported `…_init_sized`.
pub type Init<T> = unsafe extern "C" fn(*mut T, usize);

/// A struct that the library fills with its defaults.
///
/// # Safety
/// `INIT` must leave a valid `Self`.
pub unsafe trait Initialised: Sized {
    const INIT: Init<Self>;

    /// The struct with its `struct_size` and defaults; zero in fields that the loaded library does not know.
    fn initialised() -> Self {
        let mut value = MaybeUninit::<Self>::zeroed();
        unsafe {
            Self::INIT(value.as_mut_ptr(), size_of::<Self>());
            value.assume_init()
        }
    }
}

unsafe impl Initialised for vae_error {
    const INIT: Init<Self> = vae_error_init_sized;
}
unsafe impl Initialised for vae_allocator {
    const INIT: Init<Self> = vae_allocator_init_sized;
}
unsafe impl Initialised for vae_layer {
    const INIT: Init<Self> = vae_layer_init_sized;
}
unsafe impl Initialised for vae_config {
    const INIT: Init<Self> = vae_config_init_sized;
}
unsafe impl Initialised for vae_objective {
    const INIT: Init<Self> = vae_objective_init_sized;
}
unsafe impl Initialised for vae_training {
    const INIT: Init<Self> = vae_training_init_sized;
}
unsafe impl Initialised for vae_condition {
    const INIT: Init<Self> = vae_condition_init_sized;
}
unsafe impl Initialised for vae_data {
    const INIT: Init<Self> = vae_data_init_sized;
}
unsafe impl Initialised for vae_loss {
    const INIT: Init<Self> = vae_loss_init_sized;
}
unsafe impl Initialised for vae_terms {
    const INIT: Init<Self> = vae_terms_init_sized;
}
unsafe impl Initialised for vae_model_options {
    const INIT: Init<Self> = vae_model_options_init_sized;
}
unsafe impl Initialised for vae_parameter_info {
    const INIT: Init<Self> = vae_parameter_info_init_sized;
}
unsafe impl Initialised for vae_workspace_options {
    const INIT: Init<Self> = vae_workspace_options_init_sized;
}
unsafe impl Initialised for vae_workspace_info {
    const INIT: Init<Self> = vae_workspace_info_init_sized;
}
unsafe impl Initialised for vae_statistics_options {
    const INIT: Init<Self> = vae_statistics_options_init_sized;
}
unsafe impl Initialised for vae_statistics {
    const INIT: Init<Self> = vae_statistics_init_sized;
}
unsafe impl Initialised for vae_statistics_arrays {
    const INIT: Init<Self> = vae_statistics_arrays_init_sized;
}
unsafe impl Initialised for vae_progress {
    const INIT: Init<Self> = vae_progress_init_sized;
}
unsafe impl Initialised for vae_trainer_info {
    const INIT: Init<Self> = vae_trainer_info_init_sized;
}
unsafe impl Initialised for vae_preset_info {
    const INIT: Init<Self> = vae_preset_info_init_sized;
}
