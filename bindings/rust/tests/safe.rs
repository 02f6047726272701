//! The safe layer: every method once, errors with their status, callbacks, panics, threads, memory.

use libvae::*;
use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::Arc;

const ROWS: usize = 40;
const INPUTS: usize = 6;
const LATENTS: usize = 2;

fn small() -> Config {
    Config {
        input_dim: INPUTS as u32,
        latent_dim: LATENTS as u32,
        encoder: vec![Layer::relu(8)],
        decoder: vec![Layer::new(5, Activation::TANH), Layer::relu(8)],
        ..Config::default()
    }
}

fn model() -> Model {
    Model::new(&small(), 3).unwrap()
}

fn table() -> Vec<f32> {
    (0..ROWS * INPUTS).map(|i| if i % 7 < 3 { 1.0 } else { 0.0 }).collect()
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("libvae-{}-{name}", std::process::id()))
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

/// The error's status, after a check that its message has that text.
fn status<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) -> Status {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(text), "the message \"{error}\" lacks \"{text}\"");
    error.status()
}

#[test]
fn names_and_defaults() {
    assert_eq!(Activation::LEAKY_RELU.name(), "leaky_relu");
    assert_eq!(format!("{:?}", Precision::BFLOAT16), "bf16");
    assert_eq!((Likelihood::GAUSSIAN.name(), Prior::STANDARD.name()), ("gaussian", "standard"));
    assert_eq!((ObjectiveKind::IWAE.name(), Isa::NEON.name(), Activation(99).name()), ("iwae", "neon", "unknown"));
    assert_eq!(format!("{:?}", Status::IO), "VAE_ERROR_IO");
    assert!(Isa::PORTABLE.is_available() && !Isa(99).is_available());
    let training = Training::default();
    assert_eq!((training.batch_size, training.learning_rate, training.objective.samples), (128, 1e-3, 1));
    assert_eq!((Config::default().sigma, Config::default().likelihood), (1.0, Likelihood::BERNOULLI));
    assert_eq!((Likelihood::LOG_COSH.name(), SigmaKind::PER_OUTPUT.name()), ("log_cosh", "per_output"));
}

#[test]
fn groups_and_a_learned_sigma_go_through() {
    let sizes = Config { input_dim: 7, latent_dim: 2, ..Config::default() };
    let categorical = Config { likelihood: Likelihood::CATEGORICAL, groups: vec![3, 4], ..sizes.clone() };
    assert_eq!(Model::new(&categorical, 0).unwrap().config().unwrap().groups, [3, 4]);
    let laplace = Config { likelihood: Likelihood::LAPLACE, sigma_kind: SigmaKind::GLOBAL, ..sizes };
    let model = Model::new(&laplace, 0).unwrap();
    assert_eq!(model.config().unwrap(), laplace);
    assert_eq!(model.parameter("decoder.log_sigma").unwrap(), [0.0]);
}

#[test]
fn models_are_made_saved_and_read() {
    let mut model = model();
    assert_eq!(model.config().unwrap(), small());
    assert_eq!((model.training().unwrap(), model.precision()), (None, Precision::FLOAT32));
    let parameters = model.parameters().unwrap();
    assert_eq!((parameters[0].name.as_str(), parameters[0].shape.as_slice()), ("encoder.0.weight", &[8, INPUTS][..]));
    assert_eq!(parameters.iter().map(|p| p.count as u64).sum::<u64>(), model.value_count());
    model.set_parameter("encoder.0.bias", &[0.5; 8]).unwrap();
    assert_eq!(model.parameter("encoder.0.bias").unwrap(), [0.5; 8]);
    model.init_output_bias(&table()).unwrap();

    let path = file("model.safetensors");
    model.save(&path).unwrap();
    let bytes = model.to_bytes().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(Model::load(&path).unwrap().to_bytes().unwrap(), bytes);
    assert_eq!(Model::from_bytes(&bytes, None).unwrap().to_bytes().unwrap(), bytes);
    std::fs::remove_file(&path).unwrap();

    assert_eq!(status(Model::load(&path), "libvae-"), Status::IO);
    assert_eq!(status(Model::load("a\0b"), "zero byte"), Status::INVALID_ARGUMENT);
    assert_eq!(status(Model::from_bytes(&bytes[1..], None), ""), Status::FORMAT);
    assert_eq!(
        status(Model::new(&Config { latent_dim: 2, ..Config::default() }, 0), "input_dim"),
        Status::INVALID_ARGUMENT
    );
    assert_eq!(status(model.parameter("encoder.9.bias"), "encoder.9.bias"), Status::INVALID_ARGUMENT);
    assert_eq!(status(model.set_parameter("encoder.0.bias", &[0.0; 7]), "7 values"), Status::MISMATCH);
    assert_eq!(status(model.set_parameter("encoder.0.bias", &[f32::NAN; 8]), ""), Status::DATA);
}

#[test]
fn inference() {
    let model = model();
    let options = WorkspaceOptions { max_rows: 64, threads: 1, ..WorkspaceOptions::default() };
    let mut workspace = Workspace::with_options(&model, &options).unwrap();
    let info = workspace.info().unwrap();
    assert_eq!((info.max_rows, info.threads), (64, 1));
    let x = table();

    let codes = model.encode(&mut workspace, &x).unwrap();
    assert_eq!((codes.mean.len(), codes.logvar.len()), (ROWS * LATENTS, ROWS * LATENTS));
    let bytes: Vec<u8> = x.iter().map(|&value| value as u8).collect();
    assert_eq!(model.encode(&mut workspace, Rows::bytes(&bytes, 1.0)).unwrap(), codes);
    let mut mean = [0.0; LATENTS];
    model.encode_into(&mut workspace, &x[..INPUTS], Some(&mut mean), None).unwrap();
    assert_eq!(mean, codes.mean[..LATENTS]);
    // Every second row, through the stride; the last one has no gap behind it.
    let second = Rows::floats(&x[..(ROWS - 1) * INPUTS]).with_stride(2 * INPUTS);
    let second = model.encode(&mut workspace, second).unwrap();
    assert_eq!((second.mean.len(), second.mean[LATENTS]), (ROWS / 2 * LATENTS, codes.mean[2 * LATENTS]));

    let decoded = model.decode(&mut workspace, &codes.mean).unwrap();
    assert_eq!(decoded, model.reconstruct(&mut workspace, &x).unwrap());
    let five = model.sample(&mut workspace, 5, 7).unwrap();
    let (mut last, mut z) = ([0.0; 2 * INPUTS], [0.0; 2 * LATENTS]);
    model.sample_into(&mut workspace, 2, 7, 3, Some(&mut last), Some(&mut z)).unwrap();
    assert_eq!(five[3 * INPUTS..], last);
    assert_eq!(model.decode(&mut workspace, &z).unwrap(), last);

    let objective = Objective { samples: 3, beta: 2.0, ..Objective::default() };
    let (mut losses, mut sampled) = (vec![0.0; ROWS], vec![0.0; 3 * ROWS * LATENTS]);
    let terms = Terms { loss: Some(&mut losses), z: Some(&mut sampled), ..Terms::default() };
    let loss = model.evaluate(&mut workspace, &x, &objective, 5, terms).unwrap();
    assert_eq!(loss.examples, ROWS as u64);
    assert!(near(loss.loss, loss.reconstruction + 2.0 * loss.kl, 1e-9 * loss.loss));
    assert!(near(losses.iter().map(|&value| f64::from(value)).sum::<f64>() / ROWS as f64, loss.loss, 1e-4));
    assert!(sampled.iter().all(|&value| value != 0.0));

    let options = StatisticsOptions { samples: 30, seed: 5, ..StatisticsOptions::default() };
    let statistics = model.statistics(&mut workspace, &x, &options).unwrap();
    let bound = Objective { kind: ObjectiveKind::IWAE, samples: 30, ..Objective::default() };
    let bound = model.evaluate(&mut workspace, &x, &bound, 5, Terms::default()).unwrap();
    assert_eq!((statistics.log_evidence, statistics.kl), (-bound.loss, bound.kl));
    assert_eq!((statistics.bits, statistics.bits.name()), (Bits::CODE_LENGTH, "code length"));
    assert_eq!((statistics.latent_kl.len(), statistics.latent_variance.len()), (LATENTS, LATENTS));
    assert_eq!(statistics.example_effective_samples.len(), ROWS);
    let evidence = statistics.example_log_evidence.iter().sum::<f64>() / ROWS as f64;
    assert!(near(evidence, statistics.log_evidence, 1e-9));
    assert!(near(statistics.latent_kl.iter().sum(), statistics.kl, 1e-5));
    assert!(!statistics.warnings.mutual_information);
    let two = StatisticsOptions { samples: 2, ..StatisticsOptions::default() };
    assert!(model.statistics(&mut workspace, &x, &two).unwrap().warnings.degenerate_weights);
    let none = StatisticsOptions { samples: 0, ..StatisticsOptions::default() };
    assert_eq!(status(model.statistics(&mut workspace, &x, &none), "samples"), Status::INVALID_ARGUMENT);

    let mut bad = x.clone();
    bad[INPUTS] = 2.0;
    assert_eq!(status(model.encode(&mut workspace, &bad), "row 1"), Status::DATA);
    assert_eq!(status(model.encode(&mut workspace, &x[..7]), "7 values"), Status::MISMATCH);
    assert_eq!(status(model.encode(&mut workspace, &Vec::<f32>::new()), ""), Status::INVALID_ARGUMENT);
    assert_eq!(status(model.encode_into(&mut workspace, &x, Some(&mut mean), None), "mean"), Status::MISMATCH);
    assert_eq!(status(model.decode(&mut workspace, &[0.0; 3]), "z: 3"), Status::MISMATCH);
    assert_eq!(status(model.decode_into(&mut workspace, &[0.0; 2], &mut [0.0; 5]), "output"), Status::MISMATCH);
    assert_eq!(status(model.reconstruct_into(&mut workspace, &x, &mut [0.0; 5]), "output"), Status::MISMATCH);
    assert_eq!(status(model.sample(&mut workspace, usize::MAX / 2, 0), "too large"), Status::INVALID_ARGUMENT);
    let terms = Terms { z: Some(&mut sampled), ..Terms::default() };
    assert_eq!(
        status(model.evaluate(&mut workspace, &x, &Objective::default(), 0, terms), "terms.z"),
        Status::MISMATCH
    );
}

#[test]
fn gradients_are_slopes_and_those_of_a_step() {
    let mut model = model();
    let mut workspace = Workspace::new(&model).unwrap();
    let (x, noise, name) = (table(), vec![0.25; ROWS * LATENTS], "encoder.mean.weight");
    let objective = Objective::default();
    assert_eq!(status(model.gradient(&workspace, name), ""), Status::INVALID_ARGUMENT);
    let loss_at = |shift: f32| {
        let mut copy = Model::from_bytes(&model.to_bytes().unwrap(), None).unwrap();
        let mut values = copy.parameter(name).unwrap();
        values[0] += shift;
        copy.set_parameter(name, &values).unwrap();
        let mut workspace = Workspace::new(&copy).unwrap();
        copy.loss_and_gradients(&mut workspace, &x, &objective, Some(&noise), 0, Terms::default()).unwrap().loss
    };
    let slope = (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2;
    let loss =
        model.loss_and_gradients(&mut workspace, &x, &objective, Some(&noise), 0, Terms::default()).unwrap().loss;
    let gradient = model.gradient(&workspace, name).unwrap();
    assert!(near(gradient[0].into(), slope, 1e-3), "{} and {slope}", gradient[0]);

    let training = Training { keep_gradients: true, ..Training::default() };
    let mut trainer = Trainer::new(&mut model, &training).unwrap();
    let mut kl = vec![0.0; ROWS];
    let terms = Terms { kl: Some(&mut kl), ..Terms::default() };
    assert!(near(trainer.step(&x, Some(&noise), terms).unwrap().loss, loss, 1e-5));
    assert!(kl[0] > 0.0);
    for (kept, own) in trainer.gradient(name).unwrap().iter().zip(&gradient) {
        assert!(near((*kept).into(), (*own).into(), 1e-6));
    }
    assert_eq!(status(trainer.step(&x, Some(&noise[1..]), Terms::default()), "noise"), Status::MISMATCH);
}

#[test]
fn training_stops_and_resumes() {
    let (x, path) = (table(), file("state.safetensors"));
    let (mut first, mut second) = (model(), Model::new(&small(), 4).unwrap());
    let objective = Objective { samples: 2, ..Objective::default() };
    let training = Training { batch_size: 8, objective, seed: 9, threads: 1, ..Training::default() };
    let mut trainer = Trainer::new(&mut first, &training).unwrap();
    let mut calls = 0;
    let epoch = trainer.epoch_with(&x, |progress, trainer| {
        calls += 1;
        assert_eq!(progress.batches, (ROWS / 8) as u64);
        assert_eq!(trainer.model().config().unwrap(), small());
        trainer.save(&path).unwrap();
        ControlFlow::Continue(())
    });
    let epoch = epoch.unwrap();
    assert!(calls >= 1 && !epoch.stopped && epoch.loss.examples == ROWS as u64);
    let info = trainer.info().unwrap();
    assert_eq!((info.epoch, info.step, info.threads, info.precision), (1, 5, 1, Precision::FLOAT32));

    trainer.save(&path).unwrap();
    let mut resumed = Trainer::new(&mut second, &Training::default()).unwrap();
    resumed.restore(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(trainer.epoch(&x).unwrap(), resumed.epoch(&x).unwrap());
    assert_eq!(trainer.model().to_bytes().unwrap(), resumed.model().to_bytes().unwrap());
    resumed.step(&x, Some(&[0.5; 2 * ROWS * LATENTS]), Terms::default()).unwrap(); // the restored objective's samples
    assert_eq!(status(resumed.restore(&path), ""), Status::IO);

    assert!(trainer.epoch_with(&x, |_, _| ControlFlow::Break(())).unwrap().stopped);
    assert!(trainer.epoch(&x).unwrap().loss < epoch.loss.loss);
    drop(trainer);
    assert_eq!(first.training().unwrap().unwrap().batch_size, 8);
    let bad = Training { learning_rate: -1.0, ..Training::default() };
    assert_eq!(status(Trainer::new(&mut first, &bad), "learning_rate"), Status::INVALID_ARGUMENT);
}

/// Every option reaches the library and comes back; early stopping gives the best parameters back.
#[test]
fn schedules_and_the_best_state() {
    let (x, mut model) = (table(), model());
    let mut rate_milestones = [0; 16];
    rate_milestones[..2].copy_from_slice(&[1, 2]);
    let training = Training {
        batch_size: 8,
        objective: Objective { beta: 4.0, binarization: Binarization::DYNAMIC, ..Objective::default() },
        rate_schedule: RateSchedule::STEPS,
        warm_up: WarmUp::CYCLIC,
        rate_decay: 0.5,
        rate_epochs: 3.0,
        rate_floor: 1e-4,
        rate_milestones,
        warm_up_epochs: 8.0,
        warm_up_share: 0.5,
        warm_up_cycles: 2,
        weight_decay: 0.25,
        clip_norm: 100.0,
        patience: 1,
        ..Training::default()
    };
    let mut trainer = Trainer::new(&mut model, &training).unwrap();
    assert_eq!(trainer.info().unwrap().best_loss, f64::INFINITY);
    assert_eq!(status(trainer.take_best(), "best"), Status::INVALID_ARGUMENT);
    trainer.epoch(&x).unwrap();
    assert_eq!(trainer.model().training().unwrap(), Some(training));
    assert!(!trainer.judge(3.0).unwrap());
    let best = trainer.model().to_bytes().unwrap();
    trainer.epoch(&x).unwrap();
    let info = trainer.info().unwrap();
    assert!(near(info.learning_rate, 0.5e-3, 1e-15));
    assert!(near(info.beta, 4.0 * 1.8 / 2.0, 1e-12)); // the last of five batches begins at 1.8 epochs
    assert!(info.gradient_norm > 0.0);
    assert_eq!((info.best_loss, info.best_epoch, info.waited), (3.0, 1, 0));
    assert!(trainer.judge(4.0).unwrap());
    assert_eq!(trainer.info().unwrap().waited, 1);
    trainer.take_best().unwrap();
    assert_eq!(trainer.model().to_bytes().unwrap(), best);
    assert_eq!(trainer.info().unwrap().epoch, 1);
    assert_eq!(status(trainer.judge(f64::NAN), "loss"), Status::INVALID_ARGUMENT);
    assert_eq!(WarmUp::CYCLIC.name(), "cyclic");
    assert_eq!(format!("{:?} {:?}", RateSchedule::BURDA, Binarization::DYNAMIC), "burda dynamic");
}

#[test]
fn a_panic_in_the_callback_comes_out_of_the_call() {
    let (x, mut model) = (table(), model());
    let mut trainer = Trainer::new(&mut model, &Training::default()).unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        trainer.epoch_with(&x, |_, _| std::panic::panic_any("mine"))
    }));
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"mine"));
    trainer.epoch(&x).unwrap();
}

#[test]
fn copies_of_fewer_bits() {
    let (x, model) = (table(), model());
    let exact = model.reconstruct(&mut Workspace::new(&model).unwrap(), &x).unwrap();
    for precision in [Precision::BFLOAT16, Precision::INT8] {
        let mut copy = model.quantized(precision).unwrap();
        assert_eq!(copy.precision(), precision);
        let output = copy.reconstruct(&mut Workspace::new(&copy).unwrap(), &x).unwrap();
        assert!(output.iter().zip(&exact).all(|(a, b)| (a - b).abs() < 0.02));
        assert_eq!(status(Trainer::new(&mut copy, &Training::default()), ""), Status::UNSUPPORTED);
    }
    let mut trained = Model::new(&small(), 0).unwrap();
    let training = Training { precision: Precision::BFLOAT16, precision_fallback: true, ..Training::default() };
    assert!(Trainer::new(&mut trained, &training).unwrap().epoch(&x).unwrap().loss > 0.0);
}

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

#[test]
fn one_model_in_many_threads() {
    is_send::<Model>();
    is_sync::<Model>();
    is_send::<Workspace>();
    is_send::<Trainer<'_>>();
    let (x, model) = (table(), model());
    let means: Vec<Vec<f32>> = std::thread::scope(|scope| {
        let encode = || {
            let options = WorkspaceOptions { threads: 1, ..WorkspaceOptions::default() };
            let mut workspace = Workspace::with_options(&model, &options).unwrap();
            (0..50).map(|_| model.encode(&mut workspace, &x).unwrap().mean).last().unwrap()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(encode)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(means.iter().all(|mean| *mean == means[0]));
}

/// Counts what is allocated; allocation number `fails_at` and later ones give NULL.
#[derive(Default)]
struct Counts {
    live: AtomicIsize,
    calls: AtomicUsize,
    fails_at: AtomicUsize,
}

struct Counting(Arc<Counts>);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Memory) -> *mut u8 {
        let call = self.0.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let fails_at = self.0.fails_at.load(Ordering::Relaxed);
        if fails_at > 0 && call >= fails_at {
            return std::ptr::null_mut();
        }
        self.0.live.fetch_add(memory.size() as isize, Ordering::Relaxed);
        System.alloc(memory)
    }

    unsafe fn dealloc(&self, address: *mut u8, memory: Memory) {
        self.0.live.fetch_sub(memory.size() as isize, Ordering::Relaxed);
        System.dealloc(address, memory)
    }
}

#[test]
fn all_memory_is_the_callers_and_steps_allocate_nothing() {
    let (x, counts) = (table(), Arc::new(Counts::default()));
    let allocator = Some(Allocator::new(Counting(counts.clone())));
    let mut model = Model::new_in(&small(), 0, allocator.clone()).unwrap();
    let copy = model.quantized(Precision::INT8).unwrap();
    let options = WorkspaceOptions { allocator: allocator.clone(), ..WorkspaceOptions::default() };
    let mut workspace = Workspace::with_options(&model, &options).unwrap();
    let mut trainer = Trainer::new_in(&mut model, &Training::default(), allocator.clone()).unwrap();
    drop(allocator); // the handles keep it
    let (mut mean, mut output) = ([0.0; LATENTS], [0.0; INPUTS]);
    trainer.epoch(&x).unwrap();
    let calls = counts.calls.load(Ordering::Relaxed);
    for row in x.chunks(INPUTS) {
        trainer.model().encode_into(&mut workspace, row, Some(&mut mean), None).unwrap();
        trainer.model().decode_into(&mut workspace, &mean, &mut output).unwrap();
        trainer.epoch(&x).unwrap();
    }
    assert_eq!(counts.calls.load(Ordering::Relaxed), calls);
    assert!(counts.live.load(Ordering::Relaxed) > 0);
    drop((trainer, workspace, copy));
    counts.fails_at.store(calls + 1, Ordering::Relaxed);
    assert_eq!(status(model.quantized(Precision::BFLOAT16), ""), Status::OUT_OF_MEMORY);
    counts.fails_at.store(0, Ordering::Relaxed);
    drop(model);
    assert_eq!(counts.live.load(Ordering::Relaxed), 0);
}
