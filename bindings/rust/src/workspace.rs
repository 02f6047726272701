//! Scratch memory and threads; the methods of a model that need them are in `inference.rs` and `likelihood.rs`.

use crate::allocator::{address as allocator_address, optional_to_c, Allocator};
use crate::error::{c_string, call, Error};
use crate::model::Model;
use crate::names::Isa;
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

/// A diagonal Gaussian over z for each of n rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    /// `[n, Z]`
    pub mean: Vec<f32>,
    /// `[n, Z]`
    pub logvar: Vec<f32>,
}

/// q(z|x) of n rows.
pub type Posterior = Gaussian;

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
