//! The methods of a model that run it in a workspace.

use crate::condition::{Condition, ConditionView};
use crate::data::{address, DataView, Loss, Rows, Shape, Terms};
use crate::error::{call, check_len, product, Error, Status};
use crate::model::Model;
use crate::sys::{self, Initialised};
use crate::training::Objective;
use crate::workspace::{Posterior, Workspace};

/// Inference and gradients. They fail with `MISMATCH` where shapes or the workspace's configuration do not fit, with
/// `DATA` for values that the model cannot take, and with `NOT_FINITE`.
impl Model {
    /// The approximate posterior q(z|x).  x: `[n, D]`.
    pub fn encode<'a>(&self, workspace: &mut Workspace, x: impl Into<Rows<'a>>) -> Result<Posterior, Error> {
        let (mut data, shape) = self.view(x, 1)?;
        let count = product(&[shape.rows, shape.latents], "mean")?;
        let (mut mean, mut logvar) = (vec![0.0; count], vec![0.0; count]);
        self.encode_c(workspace, &mut data, &shape, Some(&mut mean), Some(&mut logvar))?;
        Ok(Posterior { mean, logvar })
    }

    /// The same into `[n, Z]` each, what is wanted of them.
    pub fn encode_into<'a>(
        &self,
        workspace: &mut Workspace,
        x: impl Into<Rows<'a>>,
        mean: Option<&mut [f32]>,
        logvar: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let (mut data, shape) = self.view(x, 1)?;
        self.encode_c(workspace, &mut data, &shape, mean, logvar)
    }

    fn encode_c(
        &self,
        workspace: &mut Workspace,
        data: &mut DataView<'_>,
        shape: &Shape,
        mut mean: Option<&mut [f32]>,
        mut logvar: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let mean = address(&mut mean, &[shape.rows, shape.latents], "mean")?;
        let logvar = address(&mut logvar, &[shape.rows, shape.latents], "logvar")?;
        let (model, workspace) = (self.as_ptr(), workspace.as_ptr());
        call(|err| unsafe { sys::vae_model_encode(model, workspace, data.as_c(), mean, logvar, err) }).map(drop)
    }

    /// The mean of p(x|z).  z: `[n, Z]`; gives `[n, D]`.
    pub fn decode(&self, workspace: &mut Workspace, z: &[f32]) -> Result<Vec<f32>, Error> {
        let config = self.c_config()?;
        let mut output =
            vec![0.0; product(&[z.len() / config.latent_dim as usize, config.input_dim as usize], "output")?];
        self.decode_into(workspace, z, &mut output)?;
        Ok(output)
    }

    /// The same into `[n, D]`.
    pub fn decode_into(&self, workspace: &mut Workspace, z: &[f32], output: &mut [f32]) -> Result<(), Error> {
        self.check_output(z, output)?;
        let output = output.as_mut_ptr();
        self.with_z(workspace, z, None, |model, workspace, z, rows, _, err| unsafe {
            sys::vae_model_decode(model, workspace, z, rows, output, err)
        })
    }

    /// The mean of p(x|z, c) of a model with a condition.  z: `[n, Z]`; gives `[n, D]`.
    pub fn decode_given<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Condition<'a>>,
    ) -> Result<Vec<f32>, Error> {
        let config = self.c_config()?;
        let mut output =
            vec![0.0; product(&[z.len() / config.latent_dim as usize, config.input_dim as usize], "output")?];
        self.decode_given_into(workspace, z, condition, &mut output)?;
        Ok(output)
    }

    /// The same into `[n, D]`.
    pub fn decode_given_into<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Condition<'a>>,
        output: &mut [f32],
    ) -> Result<(), Error> {
        self.check_output(z, output)?;
        let output = output.as_mut_ptr();
        self.with_z(workspace, z, condition.into(), |model, workspace, z, rows, condition, err| unsafe {
            sys::vae_model_decode_given(model, workspace, z, rows, condition, output, err)
        })
    }

    /// decode(mean of q(z|x)).  x: `[n, D]`; gives `[n, D]`.
    pub fn reconstruct<'a>(&self, workspace: &mut Workspace, x: impl Into<Rows<'a>>) -> Result<Vec<f32>, Error> {
        let x = x.into();
        let (_, shape) = self.view(x, 1)?;
        let mut output = vec![0.0; product(&[shape.rows, shape.inputs], "output")?];
        self.reconstruct_into(workspace, x, &mut output)?;
        Ok(output)
    }

    /// The same into `[n, D]`.
    pub fn reconstruct_into<'a>(
        &self,
        workspace: &mut Workspace,
        x: impl Into<Rows<'a>>,
        output: &mut [f32],
    ) -> Result<(), Error> {
        let (mut data, shape) = self.view(x, 1)?;
        check_len(output.len(), product(&[shape.rows, shape.inputs], "output")?, "output")?;
        let (model, workspace, output) = (self.as_ptr(), workspace.as_ptr(), output.as_mut_ptr());
        call(|err| unsafe { sys::vae_model_reconstruct(model, workspace, data.as_c(), output, err) }).map(drop)
    }

    /// Draws z from the prior and decodes it: the first rows of the seed's stream; gives `[rows, D]`.
    pub fn sample(&self, workspace: &mut Workspace, rows: usize, seed: u64) -> Result<Vec<f32>, Error> {
        let mut output = vec![0.0; product(&[rows, self.c_config()?.input_dim as usize], "output")?];
        self.sample_into(workspace, rows, seed, 0, Some(&mut output), None)?;
        Ok(output)
    }

    /// Rows first_row, first_row + 1, … of the seed's stream.  output: `[rows, D]`.  z: `[rows, Z]`.
    pub fn sample_into(
        &self,
        workspace: &mut Workspace,
        rows: usize,
        seed: u64,
        first_row: u64,
        mut output: Option<&mut [f32]>,
        mut z: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let config = self.c_config()?;
        let output = address(&mut output, &[rows, config.input_dim as usize], "output")?;
        let z = address(&mut z, &[rows, config.latent_dim as usize], "z")?;
        call(|err| unsafe {
            sys::vae_model_sample(self.as_ptr(), workspace.as_ptr(), seed, first_row, rows, output, z, err)
        })
        .map(drop)
    }

    /// Draws z from the prior p(z|c) of a model with a condition, and decodes it; else as [`sample`](Model::sample).
    pub fn sample_given<'a>(
        &self,
        workspace: &mut Workspace,
        rows: usize,
        condition: impl Into<Condition<'a>>,
        seed: u64,
    ) -> Result<Vec<f32>, Error> {
        let mut output = vec![0.0; product(&[rows, self.c_config()?.input_dim as usize], "output")?];
        self.sample_given_into(workspace, rows, condition, seed, 0, Some(&mut output), None)?;
        Ok(output)
    }

    /// Rows first_row, first_row + 1, … of the seed's stream.  output: `[rows, D]`.  z: `[rows, Z]`.
    #[allow(clippy::too_many_arguments)]
    pub fn sample_given_into<'a>(
        &self,
        workspace: &mut Workspace,
        rows: usize,
        condition: impl Into<Condition<'a>>,
        seed: u64,
        first_row: u64,
        mut output: Option<&mut [f32]>,
        mut z: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let config = self.c_config()?;
        let mut condition = ConditionView::new(Some(condition.into()), config.condition_dim)?;
        let output = address(&mut output, &[rows, config.input_dim as usize], "output")?;
        let z = address(&mut z, &[rows, config.latent_dim as usize], "z")?;
        call(|err| unsafe {
            let (model, workspace, condition) = (self.as_ptr(), workspace.as_ptr(), condition.as_c());
            sys::vae_model_sample_given(model, workspace, seed, first_row, rows, condition, output, z, err)
        })
        .map(drop)
    }

    /// The objective over all rows, without gradients; the same bits for any `max_rows` and number of threads.
    ///
    /// x: `[n, D]`.  terms: where to write each example's; `Terms::default()` for none.
    pub fn evaluate<'a>(
        &self,
        workspace: &mut Workspace,
        x: impl Into<Rows<'a>>,
        objective: &Objective,
        seed: u64,
        mut terms: Terms<'_>,
    ) -> Result<Loss, Error> {
        let (mut data, shape) = self.view(x, objective.samples)?;
        let terms = terms.as_c(&shape)?;
        let objective = objective.to_c();
        let mut loss = sys::vae_loss::initialised();
        call(|err| unsafe {
            let (model, workspace) = (self.as_ptr(), workspace.as_ptr());
            sys::vae_model_evaluate(model, workspace, data.as_c(), &objective, seed, &mut loss, &terms, err)
        })?;
        Ok(Loss::from_c(&loss))
    }

    /// The objective of one mini-batch and the gradient of its mean with respect to every parameter, which stay in the
    /// workspace until its next use.
    ///
    /// x: `[n, D]`, n at most `max_rows`.  noise: `[K, n, Z]`, eps of z = mean + exp(logvar / 2) eps; `None` draws it
    /// from `seed`.
    pub fn loss_and_gradients<'a>(
        &self,
        workspace: &mut Workspace,
        x: impl Into<Rows<'a>>,
        objective: &Objective,
        noise: Option<&[f32]>,
        seed: u64,
        mut terms: Terms<'_>,
    ) -> Result<Loss, Error> {
        let (mut data, shape) = self.view(x, objective.samples)?;
        let noise = shape.noise_address(noise)?;
        let terms = terms.as_c(&shape)?;
        let objective = objective.to_c();
        let mut loss = sys::vae_loss::initialised();
        call(|err| unsafe {
            let (model, workspace, data) = (self.as_ptr(), workspace.as_ptr(), data.as_c());
            sys::vae_model_loss_and_gradients(model, workspace, data, &objective, noise, seed, &mut loss, &terms, err)
        })?;
        Ok(Loss::from_c(&loss))
    }

    /// A copy of one gradient of the workspace's last [`loss_and_gradients`](Model::loss_and_gradients), in its
    /// parameter's shape. Fails with `INVALID_ARGUMENT` where there are none, or for an unknown name.
    pub fn gradient(&self, workspace: &Workspace, name: &str) -> Result<Vec<f32>, Error> {
        let mut values = vec![0.0; self.parameter_len(name)?];
        workspace.gradient_into(name, &mut values)?;
        Ok(values)
    }

    /// The C view of rows, and the shape of a call on them with that many samples.
    pub(crate) fn view<'a>(&self, x: impl Into<Rows<'a>>, samples: u32) -> Result<(DataView<'a>, Shape), Error> {
        let config = self.c_config()?;
        let data = DataView::new(x.into(), &config)?;
        let (inputs, latents) = (config.input_dim as usize, config.latent_dim as usize);
        let shape = Shape { rows: data.rows(), samples: samples as usize, inputs, latents };
        Ok((data, shape))
    }

    /// Runs a function of the C interface that takes z `[n, Z]` and a condition.
    pub(crate) fn with_z<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Option<Condition<'a>>>,
        function: impl FnOnce(
            *const sys::vae_model,
            *mut sys::vae_workspace,
            *const f32,
            usize,
            *const sys::vae_condition,
            *mut sys::vae_error,
        ) -> sys::vae_status,
    ) -> Result<(), Error> {
        let config = self.c_config()?;
        let latents = config.latent_dim as usize;
        if z.len() % latents != 0 {
            let message = format!("z: {} values are no whole number of rows of {latents}", z.len());
            return Err(Error::new(Status::MISMATCH, message));
        }
        let mut condition = ConditionView::new(condition.into(), config.condition_dim)?;
        let (model, workspace, rows) = (self.as_ptr(), workspace.as_ptr(), z.len() / latents);
        call(|err| function(model, workspace, z.as_ptr(), rows, condition.as_c(), err)).map(drop)
    }

    /// Checks that the output has a value for each row of z and input.
    fn check_output(&self, z: &[f32], output: &[f32]) -> Result<(), Error> {
        let config = self.c_config()?;
        let rows = z.len() / config.latent_dim as usize;
        check_len(output.len(), product(&[rows, config.input_dim as usize], "output")?, "output")
    }
}
