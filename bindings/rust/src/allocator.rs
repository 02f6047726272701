//! Memory of the caller's own for handles.

use crate::sys::{self, Initialised};
use std::alloc::{GlobalAlloc, Layout};
use std::fmt;
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

type Shared = Box<dyn GlobalAlloc + Send + Sync>;

/// Where a handle takes all its memory from. Cloning shares it; it lives as long as any handle that was made with it.
///
/// `alloc` may return NULL, which becomes an error with [`Status::OUT_OF_MEMORY`](crate::Status::OUT_OF_MEMORY), as a
/// panic in it does. It is called with alignments up to 4096.
#[derive(Clone)]
pub struct Allocator(Arc<Shared>);

impl Allocator {
    /// Hands all allocations to `allocator`.
    pub fn new(allocator: impl GlobalAlloc + Send + Sync + 'static) -> Self {
        Allocator(Arc::new(Box::new(allocator)))
    }

    /// The C struct; its `user` is valid as long as `self` or a clone lives.
    pub(crate) fn to_c(&self) -> sys::vae_allocator {
        let mut allocator = sys::vae_allocator::initialised();
        allocator.user = Arc::as_ptr(&self.0) as *mut c_void;
        allocator.allocate = Some(allocate);
        allocator.release = Some(release);
        allocator
    }
}

impl fmt::Debug for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Allocator")
    }
}

/// The C struct of an optional allocator, as the library's options take it: NULL stands for the C library's.
pub(crate) fn optional_to_c(allocator: Option<&Allocator>) -> Option<sys::vae_allocator> {
    allocator.map(Allocator::to_c)
}

/// The address of what `optional_to_c` gave.
pub(crate) fn address(allocator: &Option<sys::vae_allocator>) -> *const sys::vae_allocator {
    allocator.as_ref().map_or(std::ptr::null(), |allocator| allocator as *const _)
}

unsafe extern "C" fn allocate(user: *mut c_void, size: usize, alignment: usize) -> *mut c_void {
    let allocator = &*(user as *const Shared);
    let memory = Layout::from_size_align(size.max(1), alignment)
        .map(|layout| catch_unwind(AssertUnwindSafe(|| allocator.alloc(layout))));
    match memory {
        Ok(Ok(memory)) => memory as *mut c_void,
        _ => std::ptr::null_mut(),
    }
}

unsafe extern "C" fn release(user: *mut c_void, memory: *mut c_void, size: usize, alignment: usize) {
    let allocator = &*(user as *const Shared);
    // The size and alignment are those of the allocation, whose layout was valid.
    let layout = Layout::from_size_align_unchecked(size.max(1), alignment);
    // There is nobody to tell; at worst the block is lost.
    let _ = catch_unwind(AssertUnwindSafe(|| allocator.dealloc(memory as *mut u8, layout)));
}
