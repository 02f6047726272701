//! Tests/Fixtures/reference through the safe layer: everything that must come out of each model's mini-batch, its
//! gradients, and one and three steps. Only where the crate lies in its repository.

mod vectors;

use libvae::*;
use vectors::{Json, Vectors};

/// The value that has that name.
fn named<T: Copy>(text: Option<&str>, otherwise: T, all: &[(T, &'static str)]) -> T {
    text.map_or(otherwise, |text| all.iter().find(|(_, name)| *name == text).unwrap_or_else(|| panic!("{text}")).0)
}

fn layers(list: &[Json]) -> Vec<Layer> {
    let activations: Vec<_> = (0..9).map(Activation).map(|activation| (activation, activation.name())).collect();
    let layer = |layer: &Json| {
        Layer::new(
            layer.number("units").unwrap() as u32,
            named(layer.text("activation"), Activation::IDENTITY, &activations),
        )
    };
    list.iter().map(layer).collect()
}

fn config(spec: &Json) -> Config {
    let likelihoods: Vec<_> = (0..9).map(Likelihood).map(|likelihood| (likelihood, likelihood.name())).collect();
    let activations: Vec<_> = (0..9).map(Activation).map(|activation| (activation, activation.name())).collect();
    let priors: Vec<_> = (0..4).map(Prior).map(|prior| (prior, prior.name())).collect();
    let kinds: Vec<_> = (0..3).map(SigmaKind).map(|kind| (kind, kind.name())).collect();
    let size = |key| spec.number(key).unwrap_or(0.0) as u32;
    Config {
        input_dim: size("input_dim"),
        condition_dim: size("condition_dim"),
        latent_dim: size("latent_dim"),
        encoder: layers(spec.list("encoder")),
        decoder: layers(spec.list("decoder")),
        prior: named(spec.text("prior"), Prior::STANDARD, &priors),
        likelihood: named(spec.text("likelihood"), Likelihood::BERNOULLI, &likelihoods),
        output_activation: named(spec.text("output_activation"), Activation::IDENTITY, &activations),
        sigma_kind: named(spec.text("sigma"), SigmaKind::FIXED, &kinds),
        sigma: spec.number("sigma").unwrap_or(1.0),
        prior_net: layers(spec.list("prior_net")),
        ..Config::default()
    }
}

fn objective(spec: &Json) -> Objective {
    let kinds = [(ObjectiveKind::ELBO, "elbo"), (ObjectiveKind::IWAE, "iwae")];
    Objective {
        kind: named(spec.text("objective"), ObjectiveKind::ELBO, &kinds),
        samples: spec.number("samples").unwrap_or(1.0) as u32,
        beta: spec.number("beta").unwrap_or(1.0),
        ..Objective::default()
    }
}

/// The model with the file's parameters, all of them.
fn model(vectors: &Vectors) -> Model {
    let mut model = Model::new(&config(&vectors.spec), 0).unwrap();
    for name in vectors.names("param.") {
        model.set_parameter(name, &vectors.floats(&format!("param.{name}"))).unwrap();
    }
    assert_eq!(model.parameters().unwrap().len(), vectors.names("param.").count());
    model
}

/// The relative L2 distance, or for zeros the largest value against 1e-6.
fn compare(what: &str, values: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(values.len(), expected.len(), "{what}");
    let differences = values.iter().zip(expected).map(|(value, expected)| f64::from(*value) - expected);
    let squares: f64 = differences.clone().map(|difference| difference * difference).sum();
    let norm = expected.iter().map(|value| value * value).sum::<f64>();
    if norm == 0.0 {
        assert!(differences.into_iter().all(|difference| difference.abs() <= 1e-6), "{what} is not zero");
    } else {
        let distance = (squares / norm).sqrt();
        assert!(distance <= tolerance, "{what} is off by {distance}");
    }
}

fn check_batch(name: &str, vectors: &Vectors) {
    let (objective, model) = (objective(&vectors.spec), model(vectors));
    let config = model.config().unwrap();
    let (x, noise) = (vectors.floats("input.x"), vectors.floats("input.noise"));
    let condition = vectors.tensors.contains_key("input.condition").then(|| vectors.floats("input.condition"));
    let mut rows = Rows::floats(&x);
    if let Some(condition) = &condition {
        rows = rows.given(condition);
    }
    let n = x.len() / config.input_dim as usize;
    let draws = n * objective.samples as usize;
    let (inputs, latents) = (config.input_dim as usize, config.latent_dim as usize);
    let mut workspace = Workspace::new(&model).unwrap();

    let (mut kl, mut nll, mut mean) = (vec![0.0; n], vec![0.0; draws], vec![0.0; n * latents]);
    let (mut logvar, mut z, mut output) = (mean.clone(), vec![0.0; draws * latents], vec![0.0; draws * inputs]);
    let terms = Terms {
        kl: Some(&mut kl),
        sample_nll: Some(&mut nll),
        mean: Some(&mut mean),
        logvar: Some(&mut logvar),
        z: Some(&mut z),
        output: Some(&mut output),
        ..Terms::default()
    };
    let loss = model.loss_and_gradients(&mut workspace, rows, &objective, Some(&noise), 0, terms).unwrap();
    let expected = |key: &str| &vectors.tensors[&format!("expect.{key}")];
    assert!((loss.loss - expected("loss")[0]).abs() <= 1e-5 * expected("loss")[0].abs(), "{name}: {}", loss.loss);
    let terms = [
        ("kl", &kl),
        ("reconstruction_nll", &nll),
        ("mean", &mean),
        ("logvar", &logvar),
        ("z", &z),
        ("output", &output),
    ];
    for (key, values) in terms {
        compare(&format!("{name}: {key}"), values, expected(key), 1e-5);
    }
    for parameter in vectors.names("grad.") {
        let gradient = model.gradient(&workspace, parameter).unwrap();
        compare(&format!("{name}: {parameter}"), &gradient, &vectors.tensors[&format!("grad.{parameter}")], 2e-5);
    }

    let codes = model.encode(&mut workspace, rows).unwrap();
    compare(&format!("{name}: encode, mean"), &codes.mean, expected("mean"), 1e-5);
    compare(&format!("{name}: encode, logvar"), &codes.logvar, expected("logvar"), 1e-5);
    let z = vectors.floats("expect.z");
    let decode = |z: &[f32]| match &condition {
        Some(condition) => model.decode_given(&mut workspace, z, condition).unwrap(),
        None => model.decode(&mut workspace, z).unwrap(),
    };
    let decoded: Vec<f32> = z.chunks(n * latents).flat_map(decode).collect();
    compare(&format!("{name}: decode"), &decoded, expected("output"), 1e-5);
}

fn check_steps(name: &str, vectors: &Vectors) {
    let adam = |key: &str, otherwise| vectors.spec.get("adam").and_then(|adam| adam.number(key)).unwrap_or(otherwise);
    let training = Training {
        objective: objective(&vectors.spec),
        learning_rate: adam("lr", 1e-3),
        beta1: adam("beta1", 0.9),
        beta2: adam("beta2", 0.999),
        epsilon: adam("eps", 1e-8),
        ..Training::default()
    };
    let tolerance = if training.epsilon < 1e-6 { 1e-3 } else { 1e-4 };
    let (x, noise) = (vectors.floats("input.x"), vectors.floats("input.noise"));
    let condition = vectors.tensors.contains_key("input.condition").then(|| vectors.floats("input.condition"));
    let mut rows = Rows::floats(&x);
    if let Some(condition) = &condition {
        rows = rows.given(condition);
    }
    let mut model = model(vectors);
    let mut trainer = Trainer::new(&mut model, &training).unwrap();
    for step in 1..=3 {
        trainer.step(rows, Some(&noise), Terms::default()).unwrap();
        let prefix = format!("adam{step}.");
        for parameter in vectors.names(&prefix) {
            let before = &vectors.tensors[&format!("param.{parameter}")];
            let after = &vectors.tensors[&format!("{prefix}{parameter}")];
            let expected: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
            let values = trainer.model().parameter(parameter).unwrap();
            let update: Vec<f32> =
                values.iter().zip(before).map(|(value, before)| (f64::from(*value) - before) as f32).collect();
            compare(&format!("{name}: {prefix}{parameter}"), &update, &expected, tolerance);
        }
    }
}

#[test]
fn reference_vectors() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Tests/Fixtures/reference");
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) => return,
    };
    let mut files = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().map_or(true, |extension| extension != "safetensors") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let vectors = Vectors::read(&path);
        check_batch(&name, &vectors);
        check_steps(&name, &vectors);
        files += 1;
    }
    assert!(files >= 15);
}
