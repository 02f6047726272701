//! Scratch memory, and the methods of a model that need it.

use crate::allocator::{address as allocator_address, optional_to_c, Allocator};
use crate::config::{Isa, Objective};
use crate::data::{address, Loss, Rows, Shape, Terms};
use crate::error::{c_string, call, check_len, product, Error, Status};
use crate::model::Model;
use crate::sys::{self, Initialised};
use std::ptr::{null_mut, NonNull};

/// Scratch memory and threads for running a model, and every model of the same configuration and precision.
///
/// `Send`, since nothing in it belongs to the thread that made it; not `Sync`: it serves one thread at a time.
///
/// ```compile_fail,E0277
/// fn share<T: Sync>() {}
/// share::<libvae::Workspace>();
/// ```
#[derive(Debug)]
pub struct Workspace {
    handle: NonNull<sys::vae_workspace>,
    _allocator: Option<Allocator>, // outlives the handle
}

unsafe impl Send for Workspace {}

impl Drop for Workspace {
    fn drop(&mut self) {
        unsafe { sys::vae_workspace_free(self.handle.as_ptr()) }
    }
}

/// Options of a workspace; zeros stand for the library's choice.
#[derive(Clone, Debug)]
pub struct WorkspaceOptions {
    /// Rows that are worked on at a time; longer inputs are cut. 0: 256.
    pub max_rows: u32,
    /// 0: VAE_THREADS, else OMP_NUM_THREADS, else the processors that the process may use.
    pub threads: i32,
    /// The kernels.
    pub isa: Isa,
    /// Where all memory comes from; `None`: the C library.
    pub allocator: Option<Allocator>,
}

impl Default for WorkspaceOptions {
    fn default() -> Self {
        let options = sys::vae_workspace_options::initialised();
        WorkspaceOptions {
            max_rows: options.max_rows,
            threads: options.threads,
            isa: Isa(options.isa),
            allocator: None,
        }
    }
}

/// What a workspace has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkspaceInfo {
    /// Of its team.
    pub threads: i32,
    /// The kernels in use.
    pub isa: Isa,
    /// Rows that are worked on at a time.
    pub max_rows: u32,
    /// Memory that it holds.
    pub bytes: u64,
}

/// q(z|x) of n rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// `[n, Z]`
    pub mean: Vec<f32>,
    /// `[n, Z]`
    pub logvar: Vec<f32>,
}

impl Workspace {
    /// A workspace with the defaults.
    pub fn new(model: &Model) -> Result<Self, Error> {
        Workspace::with_options(model, &WorkspaceOptions::default())
    }

    /// Fails with `INVALID_ARGUMENT`, `UNSUPPORTED` (an instruction set that is not there) or `OUT_OF_MEMORY`.
    pub fn with_options(model: &Model, options: &WorkspaceOptions) -> Result<Self, Error> {
        let c_allocator = optional_to_c(options.allocator.as_ref());
        let mut c_options = sys::vae_workspace_options::initialised();
        c_options.max_rows = options.max_rows;
        c_options.threads = options.threads;
        c_options.isa = options.isa.0;
        c_options.allocator = allocator_address(&c_allocator);
        let mut handle = null_mut();
        call(|err| unsafe { sys::vae_workspace_create(model.as_ptr(), &c_options, &mut handle, err) })?;
        // A call that succeeded gives a handle.
        Ok(Workspace { handle: unsafe { NonNull::new_unchecked(handle) }, _allocator: options.allocator.clone() })
    }

    /// Threads, kernels and memory.
    pub fn info(&self) -> Result<WorkspaceInfo, Error> {
        let mut info = sys::vae_workspace_info::initialised();
        call(|err| unsafe { sys::vae_workspace_get_info(self.as_ptr(), &mut info, err) })?;
        let (threads, isa, max_rows, bytes) = (info.threads, Isa(info.isa), info.max_rows, info.bytes);
        Ok(WorkspaceInfo { threads, isa, max_rows, bytes })
    }

    /// Copies one gradient of the last [`Model::loss_and_gradients`] into memory of the parameter's size.
    ///
    /// Fails with `INVALID_ARGUMENT` where there are none, or the name or size is wrong.
    pub fn gradient_into(&self, name: &str, values: &mut [f32]) -> Result<(), Error> {
        let name = c_string(name.as_bytes(), "name")?;
        let (address, count) = (values.as_mut_ptr(), values.len());
        call(|err| unsafe { sys::vae_workspace_get_gradient(self.as_ptr(), name.as_ptr(), address, count, err) })
            .map(drop)
    }

    /// The handle, which stays this workspace's; for `sys`.
    pub fn as_ptr(&self) -> *mut sys::vae_workspace {
        self.handle.as_ptr()
    }
}

/// Inference and gradients. They fail with `MISMATCH` where shapes or the workspace's configuration do not fit, with
/// `DATA` for values that the model cannot take, and with `NOT_FINITE`.
impl Model {
    /// The approximate posterior q(z|x).  x: `[n, D]`.
    pub fn encode<'a>(&self, workspace: &mut Workspace, x: impl Into<Rows<'a>>) -> Result<Posterior, Error> {
        let (data, shape) = self.view(x, 1)?;
        let count = product(&[shape.rows, shape.latents], "mean")?;
        let (mut mean, mut logvar) = (vec![0.0; count], vec![0.0; count]);
        self.encode_c(workspace, &data, &shape, Some(&mut mean), Some(&mut logvar))?;
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
        let (data, shape) = self.view(x, 1)?;
        self.encode_c(workspace, &data, &shape, mean, logvar)
    }

    fn encode_c(
        &self,
        workspace: &mut Workspace,
        data: &sys::vae_data,
        shape: &Shape,
        mut mean: Option<&mut [f32]>,
        mut logvar: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let mean = address(&mut mean, &[shape.rows, shape.latents], "mean")?;
        let logvar = address(&mut logvar, &[shape.rows, shape.latents], "logvar")?;
        call(|err| unsafe { sys::vae_model_encode(self.as_ptr(), workspace.as_ptr(), data, mean, logvar, err) })
            .map(drop)
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
        let config = self.c_config()?;
        let (inputs, latents) = (config.input_dim as usize, config.latent_dim as usize);
        let rows = z.len() / latents;
        if z.len() % latents != 0 {
            let message = format!("z: {} values are no whole number of rows of {latents}", z.len());
            return Err(Error::new(Status::MISMATCH, message));
        }
        check_len(output.len(), product(&[rows, inputs], "output")?, "output")?;
        let output = output.as_mut_ptr();
        call(|err| unsafe { sys::vae_model_decode(self.as_ptr(), workspace.as_ptr(), z.as_ptr(), rows, output, err) })
            .map(drop)
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
        let (data, shape) = self.view(x, 1)?;
        check_len(output.len(), product(&[shape.rows, shape.inputs], "output")?, "output")?;
        let output = output.as_mut_ptr();
        call(|err| unsafe { sys::vae_model_reconstruct(self.as_ptr(), workspace.as_ptr(), &data, output, err) })
            .map(drop)
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
        let (data, shape) = self.view(x, objective.samples)?;
        let terms = terms.as_c(&shape)?;
        let objective = objective.to_c();
        let mut loss = sys::vae_loss::initialised();
        call(|err| unsafe {
            let (model, workspace) = (self.as_ptr(), workspace.as_ptr());
            sys::vae_model_evaluate(model, workspace, &data, &objective, seed, &mut loss, &terms, err)
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
        let (data, shape) = self.view(x, objective.samples)?;
        let noise = shape.noise_address(noise)?;
        let terms = terms.as_c(&shape)?;
        let objective = objective.to_c();
        let mut loss = sys::vae_loss::initialised();
        call(|err| unsafe {
            let (model, workspace) = (self.as_ptr(), workspace.as_ptr());
            sys::vae_model_loss_and_gradients(model, workspace, &data, &objective, noise, seed, &mut loss, &terms, err)
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
    pub(crate) fn view<'a>(&self, x: impl Into<Rows<'a>>, samples: u32) -> Result<(sys::vae_data, Shape), Error> {
        let config = self.c_config()?;
        let data = x.into().to_c(config.input_dim as usize)?;
        let (samples, inputs, latents) = (samples as usize, data.columns, config.latent_dim as usize);
        Ok((data, Shape { rows: data.rows, samples, inputs, latents }))
    }
}
