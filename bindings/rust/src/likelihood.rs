//! p(x given z): its parameters, its mean, draws from it; and the prior.

use crate::condition::{Condition, ConditionView};
use crate::data::address;
use crate::error::{call, check_len, product, Error};
use crate::model::Model;
use crate::names::Likelihood;
use crate::sys;
use crate::workspace::{Gaussian, Workspace};

/// The distributions of a model. They fail with `MISMATCH` where shapes do not fit, with `DATA` where z is not finite,
/// and with `NOT_FINITE`. condition: `[n, C]`, a label for each row, or one for all; `None` for a model without one.
impl Model {
    /// What p(x|z) is described by, one matrix for each of [`Likelihood::parameter_names`].  z: `[n, Z]`; gives
    /// `[P, n, D]`.
    pub fn likelihood_parameters<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Option<Condition<'a>>>,
    ) -> Result<Vec<f32>, Error> {
        let mut parameters = vec![0.0; self.likelihood_len(z, self.likelihood_parameter_count()?)?];
        self.likelihood_parameters_into(workspace, z, condition, &mut parameters)?;
        Ok(parameters)
    }

    /// The same into `[P, n, D]`.
    pub fn likelihood_parameters_into<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Option<Condition<'a>>>,
        parameters: &mut [f32],
    ) -> Result<(), Error> {
        let len = self.likelihood_len(z, self.likelihood_parameter_count()?)?;
        check_len(parameters.len(), len, "parameters")?;
        let output = parameters.as_mut_ptr();
        self.with_z(workspace, z, condition, |model, workspace, z, rows, condition, err| unsafe {
            sys::vae_model_likelihood_parameters(model, workspace, z, rows, condition, output, err)
        })
    }

    /// The expectation of x under p(x|z), also of a continuous Bernoulli, where [`decode`](Model::decode) gives its
    /// parameter.  z: `[n, Z]`; gives `[n, D]`. Fails with `UNSUPPORTED` for a Student-t with 1 degree of freedom or
    /// less.
    pub fn likelihood_mean<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Option<Condition<'a>>>,
    ) -> Result<Vec<f32>, Error> {
        let mut mean = vec![0.0; self.likelihood_len(z, 1)?];
        self.likelihood_mean_into(workspace, z, condition, &mut mean)?;
        Ok(mean)
    }

    /// The same into `[n, D]`.
    pub fn likelihood_mean_into<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Option<Condition<'a>>>,
        mean: &mut [f32],
    ) -> Result<(), Error> {
        check_len(mean.len(), self.likelihood_len(z, 1)?, "mean")?;
        let output = mean.as_mut_ptr();
        self.with_z(workspace, z, condition, |model, workspace, z, rows, condition, err| unsafe {
            sys::vae_model_likelihood_mean(model, workspace, z, rows, condition, output, err)
        })
    }

    /// Draws x from p(x|z) by the first rows of the seed's stream.  z: `[n, Z]`; gives `[n, D]`.
    pub fn likelihood_samples<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Option<Condition<'a>>>,
        seed: u64,
    ) -> Result<Vec<f32>, Error> {
        let mut samples = vec![0.0; self.likelihood_len(z, 1)?];
        self.likelihood_samples_into(workspace, z, condition, seed, 0, &mut samples)?;
        Ok(samples)
    }

    /// The same by rows first_row, first_row + 1, … of the stream, into `[n, D]`.
    pub fn likelihood_samples_into<'a>(
        &self,
        workspace: &mut Workspace,
        z: &[f32],
        condition: impl Into<Option<Condition<'a>>>,
        seed: u64,
        first_row: u64,
        samples: &mut [f32],
    ) -> Result<(), Error> {
        check_len(samples.len(), self.likelihood_len(z, 1)?, "samples")?;
        let output = samples.as_mut_ptr();
        self.with_z(workspace, z, condition, |model, workspace, z, rows, condition, err| unsafe {
            sys::vae_model_likelihood_samples(model, workspace, z, rows, condition, seed, first_row, output, err)
        })
    }

    /// The prior p(z|c) of `rows` rows; of a model with the standard prior zeros. Fails with `UNSUPPORTED` for priors
    /// that are not one Gaussian.
    pub fn prior<'a>(
        &self,
        workspace: &mut Workspace,
        rows: usize,
        condition: impl Into<Option<Condition<'a>>>,
    ) -> Result<Gaussian, Error> {
        let count = product(&[rows, self.c_config()?.latent_dim as usize], "mean")?;
        let (mut mean, mut logvar) = (vec![0.0; count], vec![0.0; count]);
        self.prior_into(workspace, rows, condition, Some(&mut mean), Some(&mut logvar))?;
        Ok(Gaussian { mean, logvar })
    }

    /// The same into `[rows, Z]` each, what is wanted of them.
    pub fn prior_into<'a>(
        &self,
        workspace: &mut Workspace,
        rows: usize,
        condition: impl Into<Option<Condition<'a>>>,
        mut mean: Option<&mut [f32]>,
        mut logvar: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let config = self.c_config()?;
        let latents = config.latent_dim as usize;
        let mut condition = ConditionView::new(condition.into(), config.condition_dim)?;
        let mean = address(&mut mean, &[rows, latents], "mean")?;
        let logvar = address(&mut logvar, &[rows, latents], "logvar")?;
        let (model, workspace) = (self.as_ptr(), workspace.as_ptr());
        call(|err| unsafe { sys::vae_model_prior(model, workspace, rows, condition.as_c(), mean, logvar, err) })
            .map(drop)
    }

    /// The size of that many matrices of a value for each row of z and input.
    fn likelihood_len(&self, z: &[f32], matrices: usize) -> Result<usize, Error> {
        let config = self.c_config()?;
        product(&[matrices, z.len() / config.latent_dim as usize, config.input_dim as usize], "output")
    }

    fn likelihood_parameter_count(&self) -> Result<usize, Error> {
        Ok(Likelihood(self.c_config()?.likelihood).parameter_names().count())
    }
}
