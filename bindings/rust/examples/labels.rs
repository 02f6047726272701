//! Trains on handwritten digits with what each one shows, and writes 0, 1, 2 and 3 in one hand.
//!   vae-cli digits --out digits.idx --labels labels.idx && cargo run --release --example labels
use libvae::{Condition, Config, Layer, Model, Rows, Trainer, Training, Workspace};

fn read(path: &str, header: usize) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(bytes.get(header..).ok_or("no data")?.to_vec())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (pixels, labels) = (read("digits.idx", 16)?, read("labels.idx", 8)?);
    let digits = Rows::from(&pixels).given(Condition::byte_labels(&labels)); // a label, 0 to 9, for each image

    let hidden = vec![Layer::relu(200)];
    let (encoder, decoder) = (hidden.clone(), hidden);
    let config = Config { input_dim: 784, condition_dim: 10, latent_dim: 4, encoder, decoder, ..Config::default() };
    let mut model = Model::new(&config, 1)?;
    let training = Training { batch_size: 64, learning_rate: 2e-3, seed: 1, ..Training::default() };
    let mut trainer = Trainer::new(&mut model, &training)?;
    for epoch in 1..=6 {
        println!("epoch {epoch}: {:.2}", trainer.epoch(digits)?.loss);
    }
    drop(trainer); // gives the model back

    let mut workspace = Workspace::new(&model)?;
    let hand = [0.5; 4]; // z, the same for all: what is not the digit itself
    let mut lines = vec![String::new(); 14];
    for digit in 0..4 {
        let image = model.decode_given(&mut workspace, &hand, Condition::label(digit))?; // [1, 784]
        for (line, row) in lines.iter_mut().zip(image.chunks(28).step_by(2)) {
            line.extend(row.iter().map(|&pixel| [' ', '.', 'o', '@'][(pixel * 3.99) as usize]));
        }
    }
    println!("{}", lines.join("\n"));
    Ok(())
}
