//! The model space through the safe layer: priors, likelihoods, objectives, presets. What they compute is the C tests'
//! subject; here, that every setting arrives, and shapes, sizes and errors.

use libvae::*;

const ROWS: usize = 40;
const INPUTS: usize = 6;
const LATENTS: usize = 2;
const CLASSES: usize = 3;

fn config() -> Config {
    Config {
        input_dim: INPUTS as u32,
        latent_dim: LATENTS as u32,
        encoder: vec![Layer::relu(8)],
        decoder: vec![Layer::relu(8)],
        ..Config::default()
    }
}

fn conditional() -> Config {
    Config { condition_dim: CLASSES as u32, prior: Prior::CONDITIONAL, ..config() }
}

fn model(config: Config) -> (Model, Workspace) {
    let model = Model::new(&config, 0).unwrap();
    let workspace = Workspace::new(&model).unwrap();
    (model, workspace)
}

fn table() -> Vec<f32> {
    (0..ROWS * INPUTS).map(|i| if i % 7 < 3 { 1.0 } else { 0.0 }).collect()
}

fn labels() -> Vec<u32> {
    (0..ROWS).map(|i| (i % CLASSES) as u32).collect()
}

fn latents() -> Vec<f32> {
    (0..ROWS * LATENTS).map(|i| (i as f32).sin()).collect()
}

/// The error's status, after a check that its message has that text.
fn status<T>(result: Result<T, Error>, text: &str) -> Status {
    let error = result.map(drop).unwrap_err();
    assert!(error.to_string().contains(text), "the message \"{error}\" lacks \"{text}\"");
    error.status()
}

#[test]
fn a_conditional_prior() {
    let c = labels();
    let (linear, mut workspace) = model(conditional());
    let weight = |name: &str| linear.parameter(name).unwrap();
    let (mean, bias, logvar) = (weight("prior.mean.weight"), weight("prior.mean.bias"), weight("prior.logvar.weight"));
    let prior = linear.prior(&mut workspace, ROWS, Condition::labels(&c)).unwrap();
    for (i, label) in c.iter().map(|&label| label as usize).enumerate() {
        for j in 0..LATENTS {
            assert!((prior.mean[i * LATENTS + j] - mean[j * CLASSES + label] - bias[j]).abs() < 1e-6);
            assert!((prior.logvar[i * LATENTS + j] - logvar[j * CLASSES + label]).abs() < 1e-6);
        }
    }
    let mut two = [0.0; 2 * LATENTS];
    linear.prior_into(&mut workspace, 2, Condition::label(c[1]), Some(&mut two), None).unwrap();
    assert_eq!(two[..LATENTS], prior.mean[LATENTS..2 * LATENTS]);
    assert_eq!(status(linear.prior(&mut workspace, ROWS, None), "condition"), Status::MISMATCH);
    let short = linear.prior_into(&mut workspace, 3, Condition::label(0), None, Some(&mut two));
    assert_eq!(status(short, "logvar"), Status::MISMATCH);

    let deep = Config { prior_net: vec![Layer::new(5, Activation::TANH)], ..conditional() };
    let deep_model = Model::new(&deep, 0).unwrap();
    assert_eq!(deep_model.config().unwrap(), deep);
    assert_eq!(deep_model.parameter("prior.0.weight").unwrap().len(), 5 * CLASSES);
}

#[test]
fn the_standard_prior() {
    let (standard, mut workspace) = model(config());
    let zero = standard.prior(&mut workspace, 3, None).unwrap();
    assert_eq!((zero.mean, zero.logvar), (vec![0.0; 3 * LATENTS], vec![0.0; 3 * LATENTS]));
}

#[test]
fn learned_priors() {
    let learned =
        [(Prior::MIXTURE, "prior.mixture.mean", 4 * LATENTS), (Prior::VAMP, "prior.pseudo_inputs", 4 * INPUTS)];
    for (prior, tensor, count) in learned {
        let (mut model, mut workspace) = model(Config { prior, prior_components: 4, ..config() });
        assert_eq!(model.config().unwrap().prior_components, 4);
        let before = model.parameter(tensor).unwrap();
        assert_eq!(before.len(), count);
        let training = Training { batch_size: 8, ..Training::default() };
        assert!(Trainer::new(&mut model, &training).unwrap().epoch(&table()).unwrap().kl.is_finite());
        assert_ne!(model.parameter(tensor).unwrap(), before);
        assert_eq!(model.sample(&mut workspace, 5, 1).unwrap().len(), 5 * INPUTS);
        assert_eq!(status(model.prior(&mut workspace, 3, None), "prior"), Status::UNSUPPORTED);
    }
}

#[test]
fn names_of_parameters() {
    let names = |likelihood: Likelihood| likelihood.parameter_names().collect::<Vec<_>>();
    assert_eq!(names(Likelihood::BERNOULLI), ["probability"]);
    assert_eq!(names(Likelihood::LAPLACE), ["location", "scale"]);
    assert_eq!(names(Likelihood::NEGATIVE_BINOMIAL), ["mean", "dispersion"]);
    assert_eq!(names(Likelihood::STUDENT_T), ["location", "scale", "df"]);
    assert!(names(Likelihood(99)).is_empty());
}

#[test]
fn likelihoods() {
    let z = latents();
    let (bernoulli, mut workspace) = model(config());
    let w = &mut workspace;
    let probabilities = bernoulli.decode(w, &z).unwrap();
    assert_eq!(bernoulli.likelihood_parameters(w, &z, None).unwrap(), probabilities);
    assert_eq!(bernoulli.likelihood_mean(w, &z, None).unwrap(), probabilities);
    let drawn = bernoulli.likelihood_samples(w, &z, None, 7).unwrap();
    assert!(drawn.iter().all(|&value| value == 0.0 || value == 1.0));
    assert!(drawn.contains(&0.0) && drawn.contains(&1.0));
    assert_ne!(bernoulli.likelihood_samples(w, &z, None, 8).unwrap(), drawn);
    let mut two = [0.0; 2 * INPUTS];
    bernoulli.likelihood_samples_into(w, &z[3 * LATENTS..5 * LATENTS], None, 7, 3, &mut two).unwrap();
    assert_eq!(two, drawn[3 * INPUTS..5 * INPUTS]);

    let (gaussian, mut workspace) = model(Config { likelihood: Likelihood::GAUSSIAN, sigma: 0.5, ..config() });
    let parameters = gaussian.likelihood_parameters(&mut workspace, &z, None).unwrap();
    assert_eq!(parameters[..ROWS * INPUTS], gaussian.decode(&mut workspace, &z).unwrap());
    assert!(parameters[ROWS * INPUTS..].iter().all(|scale| (scale - 0.5).abs() < 1e-6));

    let (counts, mut workspace) = model(Config { likelihood: Likelihood::NEGATIVE_BINOMIAL, ..config() });
    let parameters = counts.likelihood_parameters(&mut workspace, &z, None).unwrap();
    assert_eq!(parameters.len(), 2 * ROWS * INPUTS);
    assert_eq!(parameters[..ROWS * INPUTS], counts.likelihood_mean(&mut workspace, &z, None).unwrap());
    let samples = counts.likelihood_samples(&mut workspace, &z, None, 0).unwrap();
    assert!(samples.iter().all(|&count| count >= 0.0 && count == count.floor()));

    let (mut student, mut workspace) = model(Config { likelihood: Likelihood::STUDENT_T, ..config() });
    assert_eq!(student.likelihood_parameters(&mut workspace, &z, None).unwrap().len(), 3 * ROWS * INPUTS);
    student.set_parameter("decoder.log_df", &[0.0; INPUTS]).unwrap();
    assert_eq!(status(student.likelihood_mean(&mut workspace, &z, None), ""), Status::UNSUPPORTED);
}

#[test]
fn likelihoods_given_a_condition() {
    let (z, c, mut two) = (latents(), labels(), [0.0; 2 * INPUTS]);
    let c = Condition::labels(&c);
    let (model, mut workspace) = model(Config { condition_dim: CLASSES as u32, ..config() });
    let w = &mut workspace;
    let mean = model.decode_given(w, &z, c).unwrap();
    assert_eq!(model.likelihood_mean(w, &z, c).unwrap(), mean);
    assert_eq!(model.likelihood_parameters(w, &z, c).unwrap(), mean);
    assert_eq!(model.likelihood_samples(w, &z, c, 0).unwrap().len(), ROWS * INPUTS);
    assert_eq!(status(model.likelihood_mean(w, &z, None), "condition"), Status::MISMATCH);
    assert_eq!(status(model.likelihood_parameters_into(w, &z, c, &mut two), "parameters"), Status::MISMATCH);
    assert_eq!(status(model.likelihood_mean_into(w, &z, c, &mut two), "mean"), Status::MISMATCH);
    assert_eq!(status(model.likelihood_samples_into(w, &z, c, 0, 0, &mut two), "samples"), Status::MISMATCH);
    assert_eq!(status(model.likelihood_samples(w, &z[..5], Condition::label(0), 0), "z: 5"), Status::MISMATCH);
}

/// Trains for an epoch and gives its means.
fn trained(training: Training) -> Loss {
    let mut model = Model::new(&config(), 0).unwrap();
    let loss = Trainer::new(&mut model, &training).unwrap().epoch(&table()).unwrap();
    let sum = loss.reconstruction + training.objective.beta * loss.kl + loss.penalty;
    assert!((loss.loss - sum).abs() < 1e-6 * loss.loss);
    assert_eq!(model.training().unwrap(), Some(training));
    loss
}

#[test]
fn objectives() {
    let batches = Training { batch_size: 8, ..Training::default() };
    let with = |objective| Training { objective, ..batches };
    let plain = trained(batches);
    assert_eq!(plain.penalty, 0.0);
    assert!(trained(with(Objective { free_bits: 5.0, ..Objective::default() })).penalty > 0.0);
    let regularizers = [
        Regularizer::TC,
        Regularizer::DIP_I,
        Regularizer::DIP_II,
        Regularizer::MMD_RBF,
        Regularizer::MMD_IMQ,
        Regularizer::SLICED_WASSERSTEIN,
    ];
    for regularizer in regularizers {
        let dip = regularizer == Regularizer::DIP_I || regularizer == Regularizer::DIP_II;
        let regularizer_diagonal = if dip { 3.0 } else { 0.0 };
        let objective =
            Objective { regularizer, regularizer_weight: 2.0, regularizer_diagonal, ..Objective::default() };
        assert_ne!(trained(with(objective)).penalty, 0.0, "{regularizer:?}");
    }
}

#[test]
fn a_schedule_and_dropout() {
    let batches = Training { batch_size: 8, ..Training::default() };
    let with = |objective| Training { objective, ..batches };
    assert_ne!(trained(Training { dropout: 0.5, ..batches }).loss, trained(batches).loss);
    let mut model = Model::new(&config(), 0).unwrap();
    let objective = Objective { beta: 0.0, capacity: 10.0, capacity_weight: 3.0, ..Objective::default() };
    let mut trainer = Trainer::new(&mut model, &Training { capacity_epochs: 2.0, ..with(objective) }).unwrap();
    assert!(trainer.epoch(&table()).unwrap().penalty > 0.0);
    // The last of five batches begins at 0.8 epochs.
    assert!((trainer.info().unwrap().capacity - 4.0).abs() < 1e-12);
    drop(trainer);
    let refused = Objective { kind: ObjectiveKind::IWAE, free_bits: 1.0, ..Objective::default() };
    assert_eq!(status(Trainer::new(&mut model, &with(refused)), "free_bits"), Status::INVALID_ARGUMENT);
    let refused = Training { dropout: 1.0, ..batches };
    assert_eq!(status(Trainer::new(&mut model, &refused), "dropout"), Status::INVALID_ARGUMENT);
}

#[test]
fn estimators() {
    let (model, mut workspace) = model(config());
    let mut gradients = |estimator| {
        let bound = Objective { kind: ObjectiveKind::IWAE, samples: 5, estimator, ..Objective::default() };
        let loss = model.loss_and_gradients(&mut workspace, &table(), &bound, None, 0, Terms::default()).unwrap();
        let of = |name| model.gradient(&workspace, name).unwrap();
        (loss.loss, of("encoder.mean.bias"), of("decoder.mean.bias"))
    };
    let (plain, double) = (gradients(Estimator::PLAIN), gradients(Estimator::DOUBLY_REPARAMETERIZED));
    assert_eq!((plain.0, &plain.2), (double.0, &double.2));
    assert_ne!(plain.1, double.1);
    assert_eq!(format!("{:?} {:?}", Estimator::PLAIN, Regularizer::MMD_IMQ), "plain mmd_imq");
}

/// Every field of an objective comes back as it was.
#[test]
fn every_field_of_an_objective_has_its_place() {
    let objective = Objective {
        regularizer: Regularizer::SLICED_WASSERSTEIN,
        projections: 7,
        regularizer_weight: 8.0,
        free_bits: 0.25,
        ..Objective::default()
    };
    trained(Training { batch_size: 8, objective, ..Training::default() });
    let objective =
        Objective { regularizer: Regularizer::MMD_RBF, regularizer_weight: 2.0, kernel_scale: 3.0, ..objective };
    trained(Training { batch_size: 8, objective: Objective { projections: 0, ..objective }, ..Training::default() });
    let objective =
        Objective { regularizer: Regularizer::TC, regularizer_weight: 1.0, data_rows: 1000, ..Objective::default() };
    trained(Training { batch_size: 8, objective, ..Training::default() });
}

#[test]
fn presets() {
    let names = Preset::names();
    assert!(names.contains(&"kingma-mlp"));
    for name in names {
        let preset = Preset::named(name).unwrap();
        assert!(preset.name == name && !preset.source.is_empty() && !preset.summary.is_empty() && preset.epochs > 0);
        let mut model = Model::new(&preset.config, 0).unwrap();
        assert_eq!(model.config().unwrap(), preset.config);
        Trainer::new(&mut model, &preset.training).unwrap();
    }
    let kingma = Preset::named("kingma-mlp").unwrap();
    assert_eq!((kingma.config.input_dim, kingma.config.latent_dim), (784, 20));
    assert_eq!(status(Preset::named("no-such"), "no-such"), Status::INVALID_ARGUMENT);
}
