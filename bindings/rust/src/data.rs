//! Rows of data that the caller owns, and the losses that come back.

use crate::condition::{Condition, ConditionView};
use crate::error::{check_len, product, Error, Status};
use crate::sys::{self, Initialised};
use std::os::raw::c_void;

/// Rows of data, borrowed: floats, or bytes that each stand for byte * scale. A row is as long as the model's input.
///
/// Slices and vectors of `f32` and of `u8` (with the scale 1/255) convert into it.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    values: Values<'a>,
    stride: usize,
    condition: Option<Condition<'a>>,
}

#[derive(Clone, Copy, Debug)]
enum Values<'a> {
    Floats(&'a [f32]),
    Bytes(&'a [u8], f64),
}

impl<'a> Rows<'a> {
    /// Rows of floats.
    pub fn floats(values: &'a [f32]) -> Self {
        Rows { values: Values::Floats(values), stride: 0, condition: None }
    }

    /// Rows of bytes, converted a mini-batch at a time; `scale`: 1e-30 to 1e30.
    pub fn bytes(values: &'a [u8], scale: f64) -> Self {
        Rows { values: Values::Bytes(values, scale), stride: 0, condition: None }
    }

    /// The next row begins `stride` values after a row; 0 stands for the row's length.
    pub fn with_stride(self, stride: usize) -> Self {
        Rows { stride, ..self }
    }

    /// The same rows with their condition, which a model with a condition needs.
    pub fn given(self, condition: impl Into<Condition<'a>>) -> Self {
        Rows { condition: Some(condition.into()), ..self }
    }
}

/// The number of rows of `columns` values, each of which begins `step` values after the one before.
pub(crate) fn row_count(count: usize, columns: usize, step: usize, what: &str) -> Result<usize, Error> {
    // The last row need not be followed by the gap between rows.
    let rows = if count < columns { 0 } else { (count - columns) / step + 1 };
    let rest = if rows == 0 { count } else { count - columns - (rows - 1) * step };
    if step < columns || (rest != 0 && rest != step - columns) {
        let message =
            format!("{what}: {count} values are no whole number of rows of {columns}, a row each {step} values");
        return Err(Error::new(Status::MISMATCH, message));
    }
    Ok(rows)
}

/// Rows with their condition, as the C interface takes them.
pub(crate) struct DataView<'a> {
    condition: ConditionView<'a>,
    c: sys::vae_data, // points into what is borrowed for 'a
}

impl<'a> DataView<'a> {
    /// For a model of that configuration.
    pub(crate) fn new(x: Rows<'a>, config: &sys::vae_config) -> Result<Self, Error> {
        let columns = config.input_dim as usize;
        let condition = ConditionView::new(x.condition, config.condition_dim)?;
        let mut c = sys::vae_data::initialised();
        c.columns = columns;
        c.row_stride = if x.stride == 0 { columns } else { x.stride };
        let count = match x.values {
            Values::Floats(values) => {
                c.values = values.as_ptr() as *const c_void;
                values.len()
            }
            Values::Bytes(values, scale) => {
                c.r#type = sys::VAE_DATA_UINT8;
                c.values = values.as_ptr() as *const c_void;
                c.scale = scale;
                values.len()
            }
        };
        c.rows = row_count(count, columns, c.row_stride, "data")?;
        Ok(DataView { condition, c })
    }

    pub(crate) fn rows(&self) -> usize {
        self.c.rows
    }

    pub(crate) fn as_c(&mut self) -> &sys::vae_data {
        self.c.condition = self.condition.as_c();
        &self.c
    }
}

impl<'a> From<&'a [f32]> for Rows<'a> {
    fn from(values: &'a [f32]) -> Self {
        Rows::floats(values)
    }
}

impl<'a> From<&'a Vec<f32>> for Rows<'a> {
    fn from(values: &'a Vec<f32>) -> Self {
        Rows::floats(values)
    }
}

impl<'a> From<&'a [u8]> for Rows<'a> {
    fn from(values: &'a [u8]) -> Self {
        Rows::bytes(values, 1.0 / 255.0)
    }
}

impl<'a> From<&'a Vec<u8>> for Rows<'a> {
    fn from(values: &'a Vec<u8>) -> Self {
        Rows::bytes(values, 1.0 / 255.0)
    }
}

/// Means over the examples, in nats. For the evidence lower bound loss = reconstruction + beta kl + penalty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// How many there were.
    pub examples: u64,
    /// What is minimised.
    pub loss: f64,
    /// -log p(x|z), mean over samples.
    pub reconstruction: f64,
    /// KL(q(z|x), p(z)), not multiplied by beta; estimated by the samples for a mixture or VampPrior.
    pub kl: f64,
    /// reconstruction + kl
    pub negative_elbo: f64,
    /// What else an objective adds.
    pub penalty: f64,
}

impl Loss {
    pub(crate) fn from_c(loss: &sys::vae_loss) -> Self {
        Loss {
            examples: loss.examples,
            loss: loss.loss,
            reconstruction: loss.reconstruction,
            kl: loss.kl,
            negative_elbo: loss.negative_elbo,
            penalty: loss.penalty,
        }
    }
}

/// Where to write the terms of each of n examples; what is `None` is left out. After an error the slices hold anything.
#[derive(Debug, Default)]
pub struct Terms<'a> {
    /// `[n]`
    pub loss: Option<&'a mut [f32]>,
    /// `[n]`
    pub kl: Option<&'a mut [f32]>,
    /// `[n]`, mean over samples
    pub reconstruction: Option<&'a mut [f32]>,
    /// `[K, n]`, -log p(x|z_k)
    pub sample_nll: Option<&'a mut [f32]>,
    /// `[n, Z]`
    pub mean: Option<&'a mut [f32]>,
    /// `[n, Z]`
    pub logvar: Option<&'a mut [f32]>,
    /// `[K, n, Z]`
    pub z: Option<&'a mut [f32]>,
    /// `[K, n, D]`, the likelihood's mean
    pub output: Option<&'a mut [f32]>,
}

impl Terms<'_> {
    /// The C struct after a check of the lengths; valid while `self` is borrowed.
    pub(crate) fn as_c(&mut self, shape: &Shape) -> Result<sys::vae_terms, Error> {
        let Shape { rows, samples, inputs, latents } = *shape;
        let mut terms = sys::vae_terms::initialised();
        terms.loss = address(&mut self.loss, &[rows], "terms.loss")?;
        terms.kl = address(&mut self.kl, &[rows], "terms.kl")?;
        terms.reconstruction = address(&mut self.reconstruction, &[rows], "terms.reconstruction")?;
        terms.sample_nll = address(&mut self.sample_nll, &[samples, rows], "terms.sample_nll")?;
        terms.mean = address(&mut self.mean, &[rows, latents], "terms.mean")?;
        terms.logvar = address(&mut self.logvar, &[rows, latents], "terms.logvar")?;
        terms.z = address(&mut self.z, &[samples, rows, latents], "terms.z")?;
        terms.output = address(&mut self.output, &[samples, rows, inputs], "terms.output")?;
        Ok(terms)
    }
}

/// n, K, D and Z of a call.
pub(crate) struct Shape {
    pub rows: usize,
    pub samples: usize,
    pub inputs: usize,
    pub latents: usize,
}

impl Shape {
    /// The address of noise `[K, n, Z]`; NULL for none.
    pub(crate) fn noise_address(&self, noise: Option<&[f32]>) -> Result<*const f32, Error> {
        match noise {
            None => Ok(std::ptr::null()),
            Some(noise) => {
                check_len(noise.len(), product(&[self.samples, self.rows, self.latents], "noise")?, "noise")?;
                Ok(noise.as_ptr())
            }
        }
    }
}

/// The address of a slice of that shape; NULL for none.
pub(crate) fn address(slice: &mut Option<&mut [f32]>, shape: &[usize], what: &str) -> Result<*mut f32, Error> {
    match slice {
        None => Ok(std::ptr::null_mut()),
        Some(slice) => {
            check_len(slice.len(), product(shape, what)?, what)?;
            Ok(slice.as_mut_ptr())
        }
    }
}
