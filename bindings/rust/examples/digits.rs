//! Trains on the handwritten digits that come with vae-cli, and draws the one that it understands least.
//!   vae-cli digits --out digits.idx && cargo run --release --example digits digits.idx
use libvae::{Config, Layer, Model, Objective, Terms, Trainer, Training, Workspace};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "digits.idx".to_string());
    let bytes = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let pixels = bytes.get(16..).ok_or("no digits")?; // after the header: images of 28 x 28 bytes

    let hidden = vec![Layer::relu(400)];
    let config =
        Config { input_dim: 784, latent_dim: 20, encoder: hidden.clone(), decoder: hidden, ..Config::default() };
    let mut model = Model::new(&config, 1)?;
    let mut trainer = Trainer::new(&mut model, &Training { seed: 1, ..Training::default() })?;
    for epoch in 1..=2 {
        let loss = trainer.epoch(pixels)?;
        println!("epoch {epoch}: loss {:.2} = {:.2} + {:.2}", loss.loss, loss.reconstruction, loss.kl);
    }
    drop(trainer); // gives the model back
    model.save("digits-rust.safetensors")?;

    let mut losses = vec![0.0; pixels.len() / 784];
    let terms = Terms { loss: Some(&mut losses), ..Terms::default() };
    model.evaluate(&mut Workspace::new(&model)?, pixels, &Objective::default(), 0, terms)?;
    let (worst, loss) = losses.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).ok_or("no digits")?;
    println!("digit {worst} has the highest loss, {loss:.0}:");
    for row in pixels[worst * 784..][..784].chunks(28).step_by(2) {
        println!("{}", row.iter().map(|&pixel| [' ', '.', 'o', '@'][pixel as usize / 64]).collect::<String>());
    }
    Ok(())
}
