//! Errors, and the call through which each one comes.

use crate::sys::{self, Initialised};
use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::c_char;

/// What went wrong. The set is open: a newer library may have more.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub sys::vae_status);

impl Status {
    /// A size, a number or a name that is not allowed.
    pub const INVALID_ARGUMENT: Status = Status(sys::VAE_ERROR_INVALID_ARGUMENT);
    /// Dimensions or configurations that do not belong together.
    pub const MISMATCH: Status = Status(sys::VAE_ERROR_MISMATCH);
    /// A value in the data that the model cannot take.
    pub const DATA: Status = Status(sys::VAE_ERROR_DATA);
    /// A NaN or infinity arose in the computation.
    pub const NOT_FINITE: Status = Status(sys::VAE_ERROR_NOT_FINITE);
    /// Memory could not be had.
    pub const OUT_OF_MEMORY: Status = Status(sys::VAE_ERROR_OUT_OF_MEMORY);
    /// The operating system refused to open, read, write or rename.
    pub const IO: Status = Status(sys::VAE_ERROR_IO);
    /// A file that is not what it should be.
    pub const FORMAT: Status = Status(sys::VAE_ERROR_FORMAT);
    /// An instruction set, type or combination that this build does not have.
    pub const UNSUPPORTED: Status = Status(sys::VAE_ERROR_UNSUPPORTED);

    /// `"VAE_ERROR_DATA"`.
    pub fn name(self) -> &'static str {
        unsafe { static_text(sys::vae_status_name(self.0)) }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A status and one line that names the argument, its value and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

impl Error {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Error { status, message: message.into() }
    }

    /// What kind of failure it is.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The library's message.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Runs a function of the C interface with an error to fill in. True where a callback stopped it.
pub(crate) fn call(function: impl FnOnce(*mut sys::vae_error) -> sys::vae_status) -> Result<bool, Error> {
    let mut err = sys::vae_error::initialised();
    match function(&mut err) {
        sys::VAE_OK => Ok(false),
        sys::VAE_STOPPED => Ok(true),
        status => {
            // The library ends its message with a zero within the array.
            let message = unsafe { CStr::from_ptr(err.message.as_ptr()) };
            Err(Error::new(Status(status), message.to_string_lossy()))
        }
    }
}

/// Text of static storage; "unknown" for NULL.
///
/// # Safety
/// `text` must be NULL or a zero-terminated string that is never freed.
pub(crate) unsafe fn static_text(text: *const c_char) -> &'static str {
    if text.is_null() {
        return "unknown";
    }
    CStr::from_ptr(text).to_str().unwrap_or("unknown")
}

/// A zero-terminated copy of a name or path.
pub(crate) fn c_string(bytes: &[u8], what: &str) -> Result<CString, Error> {
    CString::new(bytes).map_err(|_| Error::new(Status::INVALID_ARGUMENT, format!("{what}: there is a zero byte in it")))
}

/// The product of an output's dimensions.
pub(crate) fn product(factors: &[usize], what: &str) -> Result<usize, Error> {
    factors
        .iter()
        .try_fold(1usize, |product, &factor| product.checked_mul(factor))
        .ok_or_else(|| Error::new(Status::INVALID_ARGUMENT, format!("{what}: too large")))
}

/// Checks a slice's length before its address goes to C.
pub(crate) fn check_len(length: usize, wanted: usize, what: &str) -> Result<(), Error> {
    if length == wanted {
        return Ok(());
    }
    Err(Error::new(Status::MISMATCH, format!("{what}: {length} values, not {wanted}")))
}
