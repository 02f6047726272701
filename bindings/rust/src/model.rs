//! A configuration and its parameters; running it is in `inference.rs`.

use crate::allocator::{address, optional_to_c, Allocator};
use crate::config::Config;
use crate::data::{DataView, Rows};
use crate::error::{c_string, call, check_len, Error};
use crate::names::Precision;
use crate::sys::{self, Initialised};
use crate::training::Training;
use std::ffi::{CStr, CString};
use std::os::raw::c_void;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null_mut, NonNull};

/// A configuration and its parameters.
///
/// `Send` and `Sync`: the library has no global or thread-local state, and every `&self` method takes a `const` handle,
/// which any number of threads may read at once; what writes takes `&mut self`.
#[derive(Debug)]
pub struct Model {
    handle: NonNull<sys::vae_model>,
    allocator: Option<Allocator>, // outlives the handle, which is freed in drop, before the fields are
}

unsafe impl Send for Model {}
unsafe impl Sync for Model {}

impl Drop for Model {
    fn drop(&mut self) {
        unsafe { sys::vae_model_free(self.handle.as_ptr()) }
    }
}

/// A named tensor in PyTorch's orientation: weights `[out, in]`, biases `[out]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `"encoder.0.weight"`
    pub name: String,
    /// One or two dimensions.
    pub shape: Vec<usize>,
    /// The product of the shape.
    pub count: usize,
}

impl Model {
    /// A model with initial weights that suit each layer's activation; equal seeds give equal bits on every machine.
    ///
    /// Fails with `INVALID_ARGUMENT`, `UNSUPPORTED` or `OUT_OF_MEMORY`.
    pub fn new(config: &Config, seed: u64) -> Result<Self, Error> {
        Model::new_in(config, seed, None)
    }

    /// The same with all memory from `allocator`, where there is one.
    pub fn new_in(config: &Config, seed: u64, allocator: Option<Allocator>) -> Result<Self, Error> {
        config.with_c(|config| {
            Model::make(seed, allocator, |options, model, err| unsafe {
                sys::vae_model_create(config, options, model, err)
            })
        })
    }

    /// Reads a model file; every byte of it is distrusted.
    ///
    /// Fails with `IO`, `FORMAT`, `UNSUPPORTED` (a configuration of a later version) or `OUT_OF_MEMORY`.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = c_path(path.as_ref())?;
        Model::make(0, None, |options, model, err| unsafe { sys::vae_model_load(path.as_ptr(), options, model, err) })
    }

    /// The same from memory, into memory from `allocator`, where there is one. The bytes are not kept.
    pub fn from_bytes(bytes: &[u8], allocator: Option<Allocator>) -> Result<Self, Error> {
        let address = bytes.as_ptr() as *const c_void;
        Model::make(0, allocator, |options, model, err| unsafe {
            sys::vae_model_load_bytes(address, bytes.len(), options, model, err)
        })
    }

    fn make(
        seed: u64,
        allocator: Option<Allocator>,
        function: impl FnOnce(*const sys::vae_model_options, *mut *mut sys::vae_model, *mut sys::vae_error) -> i32,
    ) -> Result<Self, Error> {
        let c_allocator = optional_to_c(allocator.as_ref());
        let mut options = sys::vae_model_options::initialised();
        options.seed = seed;
        options.allocator = address(&c_allocator);
        let mut handle = null_mut();
        call(|err| function(&options, &mut handle, err))?;
        // A call that succeeded gives a handle.
        Ok(Model { handle: unsafe { NonNull::new_unchecked(handle) }, allocator })
    }

    /// Writes a safetensors file, atomically: on failure the old one is left.
    ///
    /// Fails with `IO`, `NOT_FINITE` or `OUT_OF_MEMORY`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = c_path(path.as_ref())?;
        call(|err| unsafe { sys::vae_model_save(self.as_ptr(), path.as_ptr(), err) }).map(drop)
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut size = 0;
        call(|err| unsafe { sys::vae_model_save_bytes(self.as_ptr(), null_mut(), 0, &mut size, err) })?;
        let mut bytes = vec![0; size];
        let address = bytes.as_mut_ptr() as *mut c_void;
        call(|err| unsafe { sys::vae_model_save_bytes(self.as_ptr(), address, size, &mut size, err) })?;
        Ok(bytes)
    }

    /// A copy for inference with weights of fewer bits; `FLOAT32` gives an ordinary model. Training, gradients, setting
    /// parameters and saving refuse the copies in `BFLOAT16` and `INT8` with `UNSUPPORTED`. The copy takes its memory
    /// from where this model does.
    ///
    /// Fails with `UNSUPPORTED` for a model that is such a copy, `NOT_FINITE` or `OUT_OF_MEMORY`.
    pub fn quantized(&self, precision: Precision) -> Result<Self, Error> {
        let mut handle = null_mut();
        call(|err| unsafe { sys::vae_model_quantize(self.as_ptr(), precision.0, &mut handle, err) })?;
        Ok(Model { handle: unsafe { NonNull::new_unchecked(handle) }, allocator: self.allocator.clone() })
    }

    /// `FLOAT32`, or what [`quantized`](Model::quantized) made of it.
    pub fn precision(&self) -> Precision {
        Precision(unsafe { sys::vae_model_precision(self.as_ptr()) })
    }

    /// A copy of the configuration.
    pub fn config(&self) -> Result<Config, Error> {
        // The layers belong to the model, which is borrowed here.
        self.c_config().map(|config| unsafe { Config::from_c(&config) })
    }

    /// How the model was last trained, by a trainer or as its file says.
    pub fn training(&self) -> Result<Option<Training>, Error> {
        let mut training = sys::vae_training::initialised();
        let mut trained = 0;
        call(|err| unsafe { sys::vae_model_get_training(self.as_ptr(), &mut training, &mut trained, err) })?;
        Ok(if trained != 0 { Some(Training::from_c(&training)) } else { None })
    }

    /// Every tensor, in the order of the model file.
    pub fn parameters(&self) -> Result<Vec<Parameter>, Error> {
        let count = unsafe { sys::vae_model_parameter_count(self.as_ptr()) };
        let describe = |index| {
            let mut info = sys::vae_parameter_info::initialised();
            call(|err| unsafe { sys::vae_model_get_parameter_info(self.as_ptr(), index, &mut info, err) })?;
            // The name belongs to the model, which is borrowed here.
            let name = unsafe { CStr::from_ptr(info.name) }.to_string_lossy().into_owned();
            let shape = info.shape.iter().take(info.rank as usize).map(|&size| size as usize).collect();
            Ok(Parameter { name, shape, count: info.count })
        };
        (0..count).map(describe).collect()
    }

    /// The number of values in all tensors.
    pub fn value_count(&self) -> u64 {
        unsafe { sys::vae_model_value_count(self.as_ptr()) }
    }

    /// A copy of one tensor, row-major. Fails with `INVALID_ARGUMENT` for a name that the model does not have.
    pub fn parameter(&self, name: &str) -> Result<Vec<f32>, Error> {
        let mut values = vec![0.0; self.parameter_len(name)?];
        self.parameter_into(name, &mut values)?;
        Ok(values)
    }

    /// The same into memory of the tensor's size.
    pub fn parameter_into(&self, name: &str, values: &mut [f32]) -> Result<(), Error> {
        let name = c_string(name.as_bytes(), "name")?;
        let (address, count) = (values.as_mut_ptr(), values.len());
        call(|err| unsafe { sys::vae_model_get_parameter(self.as_ptr(), name.as_ptr(), address, count, err) }).map(drop)
    }

    /// Copies one tensor in. Fails with `INVALID_ARGUMENT`, `MISMATCH`, or `DATA` for a value that is not finite; the
    /// model is then unchanged.
    pub fn set_parameter(&mut self, name: &str, values: &[f32]) -> Result<(), Error> {
        check_len(values.len(), self.parameter_len(name)?, name)?;
        let c_name = c_string(name.as_bytes(), "name")?;
        let (address, count) = (values.as_ptr(), values.len());
        call(|err| unsafe { sys::vae_model_set_parameter(self.as_ptr(), c_name.as_ptr(), address, count, err) })
            .map(drop)
    }

    /// Starts the output bias where the decoder gives the data's column means.  x: `[n, D]`.
    pub fn init_output_bias<'a>(&mut self, x: impl Into<Rows<'a>>) -> Result<(), Error> {
        let mut data = DataView::new(x.into(), &self.c_config()?)?;
        call(|err| unsafe { sys::vae_model_init_output_bias(self.as_ptr(), data.as_c(), err) }).map(drop)
    }

    /// The handle, which stays this model's; for `sys`.
    pub fn as_ptr(&self) -> *mut sys::vae_model {
        self.handle.as_ptr()
    }

    pub(crate) fn c_config(&self) -> Result<sys::vae_config, Error> {
        let mut config = sys::vae_config::initialised();
        call(|err| unsafe { sys::vae_model_get_config(self.as_ptr(), &mut config, err) })?;
        Ok(config)
    }

    pub(crate) fn parameter_len(&self, name: &str) -> Result<usize, Error> {
        let name = c_string(name.as_bytes(), "name")?;
        let mut info = sys::vae_parameter_info::initialised();
        call(|err| unsafe { sys::vae_model_find_parameter(self.as_ptr(), name.as_ptr(), &mut info, err) })?;
        Ok(info.count)
    }
}

/// A path as the C library takes it.
pub(crate) fn c_path(path: &Path) -> Result<CString, Error> {
    c_string(path.as_os_str().as_bytes(), "path")
}
