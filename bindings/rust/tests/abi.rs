//! `sys` against the C headers: every size, offset and number by a C program that prints its own, every function by the
//! repository's list of exported symbols. The C compiler is $CC, else cc.

use libvae::sys::*;
use std::fmt::Write as _;
use std::mem::{size_of, MaybeUninit};
use std::process::Command;
use std::ptr::addr_of;

/// What C calls a number, and what it is in Rust.
struct Numbers(Vec<(String, i128)>);

macro_rules! layout {
    ($numbers:expr, $name:ident { $($field:ident $(as $in_c:literal)?),* }) => {{
        $numbers.0.push((format!("sizeof({})", stringify!($name)), size_of::<$name>() as i128));
        let value = MaybeUninit::<$name>::zeroed();
        let base = value.as_ptr();
        $(
            #[allow(unused_mut, unused_assignments)]
            let mut in_c = stringify!($field);
            $(in_c = $in_c;)?
            let offset = unsafe { addr_of!((*base).$field) } as usize - base as usize;
            $numbers.0.push((format!("offsetof({}, {in_c})", stringify!($name)), offset as i128));
        )*
    }};
}

macro_rules! constants {
    ($numbers:expr, $($name:ident),*) => { $($numbers.0.push((stringify!($name).to_string(), $name as i128));)* };
}

fn numbers() -> Numbers {
    let mut all = Numbers(Vec::new());
    layout!(all, vae_error { struct_size, code, message });
    layout!(all, vae_allocator { struct_size, user, allocate, release });
    layout!(all, vae_layer { struct_size, units, activation });
    layout!(
        all,
        vae_config {
            struct_size,
            input_dim,
            condition_dim,
            latent_dim,
            encoder,
            decoder,
            encoder_count,
            decoder_count,
            prior,
            likelihood,
            output_activation,
            sigma_kind,
            sigma,
            groups,
            group_count,
            reserved,
            prior_net,
            prior_net_count,
            prior_components
        }
    );
    layout!(
        all,
        vae_objective {
            struct_size,
            kind,
            samples,
            beta,
            binarization,
            estimator,
            free_bits,
            capacity,
            capacity_weight,
            regularizer,
            projections,
            regularizer_weight,
            regularizer_diagonal,
            kernel_scale,
            data_rows,
            reserved
        }
    );
    layout!(
        all,
        vae_training {
            struct_size,
            batch_size,
            objective,
            learning_rate,
            beta1,
            beta2,
            epsilon,
            seed,
            threads,
            isa,
            keep_gradients,
            reserved,
            precision,
            precision_fallback,
            rate_schedule,
            warm_up,
            rate_decay,
            rate_epochs,
            rate_floor,
            rate_milestones,
            warm_up_epochs,
            warm_up_share,
            weight_decay,
            clip_norm,
            warm_up_cycles,
            patience,
            capacity_epochs,
            dropout
        }
    );
    layout!(all, vae_condition { struct_size, r#type as "type", values, rows, row_stride, scale });
    layout!(all, vae_data { struct_size, r#type as "type", values, rows, columns, row_stride, scale, condition });
    layout!(all, vae_loss { struct_size, examples, loss, reconstruction, kl, negative_elbo, penalty, reserved });
    layout!(all, vae_terms { struct_size, loss, kl, reconstruction, sample_nll, mean, logvar, z, output });
    layout!(all, vae_model_options { struct_size, seed, allocator });
    layout!(all, vae_parameter_info { struct_size, name, rank, shape, count });
    layout!(all, vae_workspace_options { struct_size, max_rows, threads, isa, allocator });
    layout!(all, vae_workspace_info { struct_size, threads, isa, max_rows, bytes });
    layout!(
        all,
        vae_statistics_options { struct_size, samples, seed, active_variance, bin_width, aggregate_rows, reserved }
    );
    layout!(
        all,
        vae_statistics {
            struct_size,
            warnings,
            examples,
            log_evidence,
            standard_error,
            interval_low,
            interval_high,
            sampling_error,
            effective_samples,
            effective_samples_min,
            few_effective,
            reconstruction,
            kl,
            negative_elbo,
            mutual_information,
            aggregate_kl,
            bits_per_dimension,
            bits,
            active_latents,
            aggregate_rows,
            reserved
        }
    );
    layout!(all, vae_statistics_arrays { struct_size, latent_kl, latent_variance, log_evidence, effective_samples });
    layout!(all, vae_progress { struct_size, epoch, batch, batches, step, loss });
    layout!(
        all,
        vae_trainer_info {
            struct_size,
            threads,
            isa,
            epoch,
            batch,
            step,
            bytes,
            precision,
            waited,
            learning_rate,
            beta,
            gradient_norm,
            best_loss,
            best_epoch,
            capacity
        }
    );
    layout!(all, vae_preset_info { struct_size, epochs, name, source, summary });
    constants!(all, VAE_OK, VAE_ERROR_INVALID_ARGUMENT, VAE_ERROR_MISMATCH, VAE_ERROR_DATA, VAE_ERROR_NOT_FINITE);
    constants!(all, VAE_ERROR_OUT_OF_MEMORY, VAE_ERROR_IO, VAE_ERROR_FORMAT, VAE_ERROR_UNSUPPORTED, VAE_STOPPED);
    constants!(all, VAE_ISA_AUTO, VAE_ISA_PORTABLE, VAE_ISA_AVX2, VAE_ISA_AVX512, VAE_ISA_NEON);
    constants!(all, VAE_PRECISION_FLOAT32, VAE_PRECISION_BFLOAT16, VAE_PRECISION_INT8);
    constants!(all, VAE_ACTIVATION_IDENTITY, VAE_ACTIVATION_RELU, VAE_ACTIVATION_LEAKY_RELU, VAE_ACTIVATION_TANH);
    constants!(all, VAE_ACTIVATION_SIGMOID, VAE_ACTIVATION_ELU, VAE_ACTIVATION_SILU, VAE_ACTIVATION_GELU);
    constants!(all, VAE_ACTIVATION_SOFTPLUS, VAE_LIKELIHOOD_BERNOULLI, VAE_LIKELIHOOD_GAUSSIAN, VAE_PRIOR_STANDARD);
    constants!(all, VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, VAE_LIKELIHOOD_LAPLACE, VAE_LIKELIHOOD_LOG_COSH);
    constants!(all, VAE_LIKELIHOOD_POISSON, VAE_LIKELIHOOD_CATEGORICAL, VAE_SIGMA_GLOBAL, VAE_SIGMA_PER_OUTPUT);
    constants!(all, VAE_LIKELIHOOD_NEGATIVE_BINOMIAL, VAE_LIKELIHOOD_STUDENT_T);
    constants!(all, VAE_PRIOR_CONDITIONAL, VAE_PRIOR_MIXTURE, VAE_PRIOR_VAMP, VAE_MAX_COMPONENTS);
    constants!(all, VAE_ESTIMATOR_PLAIN, VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED, VAE_REGULARIZER_NONE);
    constants!(all, VAE_REGULARIZER_TC, VAE_REGULARIZER_DIP_I, VAE_REGULARIZER_DIP_II, VAE_REGULARIZER_MMD_RBF);
    constants!(all, VAE_REGULARIZER_MMD_IMQ, VAE_REGULARIZER_SLICED_WASSERSTEIN);
    constants!(all, VAE_CONDITION_FLOAT32, VAE_CONDITION_UINT8);
    constants!(all, VAE_CONDITION_LABELS_UINT8, VAE_CONDITION_LABELS_UINT32);
    constants!(all, VAE_SIGMA_FIXED, VAE_OBJECTIVE_ELBO, VAE_OBJECTIVE_IWAE, VAE_DATA_FLOAT32, VAE_DATA_UINT8);
    constants!(all, VAE_BINARIZATION_NONE, VAE_BINARIZATION_DYNAMIC, VAE_RATE_CONSTANT, VAE_RATE_EXPONENTIAL);
    constants!(all, VAE_RATE_COSINE, VAE_RATE_STEPS, VAE_RATE_BURDA, VAE_MAX_MILESTONES);
    constants!(all, VAE_WARM_UP_NONE, VAE_WARM_UP_LINEAR, VAE_WARM_UP_CYCLIC);
    constants!(all, VAE_BITS_CODE_LENGTH, VAE_BITS_CROSS_ENTROPY, VAE_BITS_DENSITY, VAE_BITS_BINS);
    constants!(all, VAE_WARNING_DEGENERATE_WEIGHTS, VAE_WARNING_COLLAPSE, VAE_WARNING_MUTUAL_INFORMATION);
    constants!(all, VAE_FEW_EFFECTIVE_SAMPLES);
    constants!(all, VAE_ERROR_MESSAGE_SIZE, VAE_MAX_DIM, VAE_MAX_LAYERS, VAE_MAX_GROUPS, VAE_MAX_SAMPLES);
    all
}

#[test]
fn sizes_offsets_and_numbers_are_those_of_the_headers() {
    let all = numbers().0;
    let mut source = String::from("#include <stdio.h>\n#include <vae/vae.h>\nint main(void) {\n");
    for (name, _) in &all {
        writeln!(source, "  printf(\"%lld\\n\", (long long)({name}));").unwrap();
    }
    source.push_str("  return 0;\n}\n");
    let folder = std::env::temp_dir().join(format!("libvae-abi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, program) = (folder.join("abi.c"), folder.join("abi"));
    std::fs::write(&file, source).unwrap();
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
    let include = format!("-I{}", env!("LIBVAE_INCLUDE"));
    assert!(Command::new(&compiler).arg(include).arg(&file).arg("-o").arg(&program).status().unwrap().success());
    let output = Command::new(&program).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();

    let in_c: Vec<i128> = String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(in_c.len(), all.len());
    for ((name, in_rust), in_c) in all.iter().zip(in_c) {
        assert_eq!(*in_rust, in_c, "{name}");
    }
}

/// Only where the crate lies in its repository.
#[test]
fn every_exported_function_is_declared() {
    let symbols = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Tests/Fixtures/abi/symbols.txt");
    let symbols = match std::fs::read_to_string(symbols) {
        Ok(symbols) => symbols,
        Err(_) => return,
    };
    let sys = include_str!("../src/sys.rs");
    assert!(symbols.lines().count() > 50);
    for symbol in symbols.lines() {
        assert!(sys.contains(&format!("pub fn {symbol}(")), "{symbol} is not declared");
    }
}

#[test]
fn the_library_is_of_this_crates_version() {
    assert_eq!(libvae::version(), env!("CARGO_PKG_VERSION"));
    let number = unsafe { vae_version_number() };
    assert_eq!(format!("{}.{}.{}", number / 10000, number / 100 % 100, number % 100), libvae::version());
}
