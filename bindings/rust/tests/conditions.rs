//! Conditions in every call that takes rows or z: labels in both sizes, bytes and rows with a single 1 are the same to
//! the bit; one for all; strides; what is refused.

use libvae::*;

const ROWS: usize = 40;
const INPUTS: usize = 6;
const LATENTS: usize = 2;
const CLASSES: usize = 3;

fn config() -> Config {
    Config {
        input_dim: INPUTS as u32,
        condition_dim: CLASSES as u32,
        latent_dim: LATENTS as u32,
        encoder: vec![Layer::relu(8)],
        decoder: vec![Layer::relu(8)],
        ..Config::default()
    }
}

/// A table, a class for each row, and the class in each of the forms in which it can be given.
struct Data {
    x: Vec<f32>,
    one_hot: Vec<f32>,
    bytes: Vec<u8>,
    small: Vec<u8>,
    large: Vec<u32>,
}

impl Data {
    fn new() -> Self {
        let large: Vec<u32> = (0..ROWS).map(|i| ((i * i + i / 4) % CLASSES) as u32).collect();
        let single = |label: &u32| (0..CLASSES as u32).map(|class| class == *label).collect::<Vec<bool>>();
        let one_hot: Vec<bool> = large.iter().flat_map(single).collect();
        Data {
            x: (0..ROWS * INPUTS).map(|i| if i % 7 < 3 { 1.0 } else { 0.0 }).collect(),
            one_hot: one_hot.iter().map(|&one| if one { 1.0 } else { 0.0 }).collect(),
            bytes: one_hot.iter().map(|&one| if one { 5 } else { 0 }).collect(),
            small: large.iter().map(|&label| label as u8).collect(),
            large,
        }
    }

    fn forms(&self) -> [Condition<'_>; 4] {
        [
            Condition::floats(&self.one_hot),
            Condition::bytes(&self.bytes, 0.2),
            Condition::byte_labels(&self.small),
            Condition::labels(&self.large),
        ]
    }

    fn given<'a>(&'a self, condition: impl Into<Condition<'a>>) -> Rows<'a> {
        Rows::floats(&self.x).given(condition)
    }
}

/// The error's status, after a check that its message has that text.
fn status<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) -> Status {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(text), "the message \"{error}\" lacks \"{text}\"");
    error.status()
}

#[test]
fn every_form_is_the_same() {
    let (data, objective) = (Data::new(), Objective::default());
    let model = Model::new(&config(), 0).unwrap();
    let mut workspace = Workspace::new(&model).unwrap();
    let few = StatisticsOptions { samples: 10, ..StatisticsOptions::default() };
    assert_eq!(model.config().unwrap(), config());
    let first = data.given(&data.one_hot);
    let codes = model.encode(&mut workspace, first).unwrap();
    let decoded = model.decode_given(&mut workspace, &codes.mean, &data.one_hot).unwrap();
    let drawn = model.sample_given(&mut workspace, ROWS, &data.one_hot, 7).unwrap();
    let loss = model.evaluate(&mut workspace, first, &objective, 3, Terms::default()).unwrap();
    let batch = model.loss_and_gradients(&mut workspace, first, &objective, None, 0, Terms::default()).unwrap();
    let gradient = model.gradient(&workspace, "encoder.0.weight").unwrap();
    let evidence = model.statistics(&mut workspace, first, &few).unwrap().log_evidence;
    assert_eq!((gradient.len(), decoded.len()), (8 * (INPUTS + CLASSES), ROWS * INPUTS));
    assert_eq!(model.reconstruct(&mut workspace, first).unwrap(), decoded);
    // The class reaches both sides.
    let zero = Condition::label(0);
    assert_ne!(model.encode(&mut workspace, data.given(zero)).unwrap().mean, codes.mean);
    assert_ne!(model.decode_given(&mut workspace, &codes.mean, zero).unwrap(), decoded);

    for condition in data.forms() {
        let x = data.given(condition);
        assert_eq!(model.encode(&mut workspace, x).unwrap(), codes);
        assert_eq!(model.decode_given(&mut workspace, &codes.mean, condition).unwrap(), decoded);
        assert_eq!(model.reconstruct(&mut workspace, x).unwrap(), decoded);
        assert_eq!(model.sample_given(&mut workspace, ROWS, condition, 7).unwrap(), drawn);
        assert_eq!(model.evaluate(&mut workspace, x, &objective, 3, Terms::default()).unwrap(), loss);
        let again = model.loss_and_gradients(&mut workspace, x, &objective, None, 0, Terms::default());
        assert_eq!(again.unwrap(), batch);
        assert_eq!(model.gradient(&workspace, "encoder.0.weight").unwrap(), gradient);
        assert_eq!(model.statistics(&mut workspace, x, &few).unwrap().log_evidence, evidence);
    }
}

#[test]
fn training() {
    let data = Data::new();
    let options = Training { batch_size: 16, learning_rate: 0.01, threads: 2, ..Training::default() };
    let trained = data.forms().map(|condition| {
        let mut model = Model::new(&config(), 0).unwrap();
        let x = data.given(condition);
        model.init_output_bias(x).unwrap();
        let mut trainer = Trainer::new(&mut model, &options).unwrap();
        let losses: Vec<f64> = (0..10).map(|_| trainer.epoch(x).unwrap().loss).collect();
        assert!(losses[9] < losses[0]);
        trainer.step(x, None, Terms::default()).unwrap();
        drop(trainer);
        model.to_bytes().unwrap()
    });
    assert!(trained.iter().all(|bytes| *bytes == trained[0]));
    assert_eq!(Model::from_bytes(&trained[0], None).unwrap().config().unwrap(), config());
}

#[test]
fn one_for_all() {
    let data = Data::new();
    let model = Model::new(&config(), 0).unwrap();
    let mut workspace = Workspace::new(&model).unwrap();
    let twos = Condition::byte_labels(&[2; ROWS]);
    let mean = model.encode(&mut workspace, data.given(twos)).unwrap().mean;
    let decoded = model.decode_given(&mut workspace, &mean, twos).unwrap();
    let drawn = model.sample_given(&mut workspace, ROWS, twos, 5).unwrap();
    for condition in [Condition::label(2), Condition::floats(&[0.0, 0.0, 1.0]), Condition::labels(&[2])] {
        assert_eq!(model.encode(&mut workspace, data.given(condition)).unwrap().mean, mean);
        assert_eq!(model.decode_given(&mut workspace, &mean, condition).unwrap(), decoded);
        assert_eq!(model.sample_given(&mut workspace, ROWS, condition, 5).unwrap(), drawn);
    }
    // Rows 3 and 4 of the stream, with their z, into memory of the caller's.
    let (mut output, mut z, two) = ([0.0; 2 * INPUTS], [0.0; 2 * LATENTS], Condition::label(2));
    model.sample_given_into(&mut workspace, 2, two, 5, 3, Some(&mut output), Some(&mut z)).unwrap();
    assert_eq!(output, drawn[3 * INPUTS..5 * INPUTS]);
    let mut again = [0.0; 2 * INPUTS];
    model.decode_given_into(&mut workspace, &z, two, &mut again).unwrap();
    assert_eq!(again, output);
}

#[test]
fn strides() {
    let data = Data::new();
    let model = Model::new(&config(), 0).unwrap();
    let mut workspace = Workspace::new(&model).unwrap();
    let mean = model.encode(&mut workspace, data.given(&data.one_hot)).unwrap().mean;
    // The last row has no gap behind it.
    let wide: Vec<f32> = data.one_hot.chunks(CLASSES).flat_map(|row| [row, &[-9.0; 2]].concat()).collect();
    let wide = Condition::floats(&wide[..wide.len() - 2]).with_stride(CLASSES + 2);
    assert_eq!(model.encode(&mut workspace, data.given(wide)).unwrap().mean, mean);
    let apart: Vec<u32> = data.large.iter().flat_map(|&label| [label, 99, 99]).collect();
    let apart = Condition::labels(&apart).with_stride(3);
    assert_eq!(model.encode(&mut workspace, data.given(apart)).unwrap().mean, mean);
}

#[test]
fn refusals() {
    let (data, label) = (Data::new(), Condition::label(0));
    let mut model = Model::new(&config(), 0).unwrap();
    let plain = Model::new(&Config { condition_dim: 0, ..config() }, 0).unwrap();
    let (mut workspace, mut plain_workspace) = (Workspace::new(&model).unwrap(), Workspace::new(&plain).unwrap());
    let w = &mut workspace;
    let (z, mut output) = ([0.0; 3 * LATENTS], [0.0; 3 * INPUTS]);
    assert_eq!(status(model.encode(w, &data.x), "condition"), Status::MISMATCH);
    assert_eq!(status(model.decode(w, &z), "condition"), Status::MISMATCH);
    assert_eq!(status(model.sample(w, 3, 0), "condition"), Status::MISMATCH);
    assert_eq!(status(plain.encode(&mut plain_workspace, data.given(label)), "condition"), Status::MISMATCH);
    assert_eq!(status(plain.decode_given(&mut plain_workspace, &z, label), "condition"), Status::MISMATCH);
    let short = Condition::byte_labels(&data.small[1..]);
    assert_eq!(status(model.encode(w, data.given(short)), "condition"), Status::MISMATCH);
    assert_eq!(status(model.encode(w, data.given(&data.one_hot[..4])), "condition: 4 values"), Status::MISMATCH);
    let narrow = Condition::floats(&data.one_hot).with_stride(2);
    assert_eq!(status(model.encode(w, data.given(narrow)), "a row each 2"), Status::MISMATCH);
    assert_eq!(status(model.encode(w, data.given(Condition::labels(&[]))), "rows is 0"), Status::MISMATCH);
    let high = Condition::labels(&[3; ROWS]);
    assert_eq!(status(model.encode(w, data.given(high)), "condition"), Status::DATA);
    assert_eq!(status(model.sample_given(w, 3, Condition::label(3), 0), "condition"), Status::DATA);
    assert_eq!(status(model.decode_given_into(w, &z, label, &mut output[..5]), "output"), Status::MISMATCH);
    assert_eq!(status(model.decode_given(w, &z[..5], label), "z: 5"), Status::MISMATCH);
    let sampled = model.sample_given_into(w, 3, label, 0, 0, None, Some(&mut output[..5]));
    assert_eq!(status(sampled, "z: 5"), Status::MISMATCH);
    assert_eq!(status(model.sample_given(w, usize::MAX / 2, label, 0), "too large"), Status::INVALID_ARGUMENT);
    let mut trainer = Trainer::new(&mut model, &Training::default()).unwrap();
    assert_eq!(status(trainer.epoch(&data.x), "condition"), Status::MISMATCH);
}
