//! Training: epochs, steps, and the callback across the C border.

use crate::allocator::{address, optional_to_c, Allocator};
use crate::data::{Loss, Rows, Terms};
use crate::error::{c_string, call, Error};
use crate::model::{c_path, Model};
use crate::names::{Isa, Precision};
use crate::sys::{self, Initialised};
use crate::training::Training;
use std::any::Any;
use std::ops::ControlFlow;
use std::os::raw::c_void;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr::{null_mut, NonNull};

/// Adam's moments, counters and random streams, at work on a model, which it borrows and changes in place.
///
/// `Send`, since nothing in it belongs to the thread that made it; not `Sync`: one thread at a time. The borrow keeps
/// every other use of the model away; [`model`](Trainer::model) reads it between steps.
///
/// ```compile_fail,E0277
/// fn share<T: Sync>() {}
/// share::<libvae::Trainer>();
/// ```
#[derive(Debug)]
pub struct Trainer<'m> {
    handle: NonNull<sys::vae_trainer>,
    model: &'m mut Model,
    samples: u32,                  // K of the objective, as made or restored
    _allocator: Option<Allocator>, // outlives the handle
}

unsafe impl Send for Trainer<'_> {}

impl Drop for Trainer<'_> {
    fn drop(&mut self) {
        unsafe { sys::vae_trainer_free(self.handle.as_ptr()) }
    }
}

/// Where a trainer stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Of the running epoch, from 0.
    pub epoch: u64,
    /// Batches done in it.
    pub batch: u64,
    /// Batches in an epoch of this data.
    pub batches: u64,
    /// Adam's steps since the trainer was new.
    pub step: u64,
    /// Means over the examples of this epoch so far.
    pub loss: Loss,
}

/// What came of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Means; of a stopped one, over the batches that were done.
    pub loss: Loss,
    /// Whether the callback stopped it.
    pub stopped: bool,
}

/// What a trainer has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainerInfo {
    /// The size of the last step's team; before the first step the most it may have.
    pub threads: i32,
    /// The kernels in use.
    pub isa: Isa,
    /// Epochs finished.
    pub epoch: u64,
    /// Batches done in a stopped epoch, else 0.
    pub batch: u64,
    /// Adam's steps.
    pub step: u64,
    /// Memory that it holds.
    pub bytes: u64,
    /// What its matrix products are computed in.
    pub precision: Precision,
    /// Judgements since the best one.
    pub waited: u32,
    /// Of the last step.
    pub learning_rate: f64,
    /// Of the last step.
    pub beta: f64,
    /// Of the last step, before clipping; 0 without [`Training::clip_norm`].
    pub gradient_norm: f64,
    /// The lowest that was judged; infinity before the first.
    pub best_loss: f64,
    /// Epochs that were finished then.
    pub best_epoch: u64,
    /// Of the last step, by its schedule.
    pub capacity: f64,
}

impl<'m> Trainer<'m> {
    /// Fails with `INVALID_ARGUMENT`, `UNSUPPORTED` (an instruction set or a precision that is not there) or
    /// `OUT_OF_MEMORY`.
    pub fn new(model: &'m mut Model, training: &Training) -> Result<Self, Error> {
        Trainer::new_in(model, training, None)
    }

    /// The same with all memory from `allocator`, where there is one.
    pub fn new_in(model: &'m mut Model, training: &Training, allocator: Option<Allocator>) -> Result<Self, Error> {
        let c_allocator = optional_to_c(allocator.as_ref());
        let c_training = training.to_c();
        let mut handle = null_mut();
        call(|err| unsafe {
            sys::vae_trainer_create(model.as_ptr(), &c_training, address(&c_allocator), &mut handle, err)
        })?;
        // A call that succeeded gives a handle.
        let handle = unsafe { NonNull::new_unchecked(handle) };
        Ok(Trainer { handle, model, samples: training.objective.samples, _allocator: allocator })
    }

    /// The model as it stands.
    pub fn model(&self) -> &Model {
        self.model
    }

    /// One pass over all rows in an order shuffled by (seed, epoch); gives the epoch's means.
    ///
    /// data: `[n, D]`. Fails with `MISMATCH`, `DATA` (names row and column), `NOT_FINITE` (names epoch, batch and
    /// layer; the parameters are those before that batch) or `OUT_OF_MEMORY`.
    pub fn epoch<'a>(&mut self, data: impl Into<Rows<'a>>) -> Result<Loss, Error> {
        self.epoch_with(data, |_, _| ControlFlow::Continue(())).map(|epoch| epoch.loss)
    }

    /// The same with a callback, called on this thread between mini-batches, about ten times a second and after the
    /// last one. It may read and save the model and the trainer. `ControlFlow::Break` stops the epoch, which the next
    /// call continues where it has as many rows. A panic does so, too, and then goes on from this call.
    pub fn epoch_with<'a, F>(&mut self, data: impl Into<Rows<'a>>, mut on_progress: F) -> Result<Epoch, Error>
    where
        F: FnMut(&Progress, &Trainer<'m>) -> ControlFlow<()>,
    {
        let trainer: &Trainer<'m> = self;
        let (mut data, _) = trainer.model.view(data, trainer.samples)?;
        let mut report = |progress: &Progress| on_progress(progress, trainer);
        let mut caller = Caller { report: &mut report, panic: None };
        let user = &mut caller as *mut Caller<'_> as *mut c_void;
        let mut loss = sys::vae_loss::initialised();
        let outcome = call(|err| unsafe {
            sys::vae_trainer_epoch(trainer.as_ptr(), data.as_c(), Some(call_back), user, &mut loss, err)
        });
        if let Some(panic) = caller.panic {
            resume_unwind(panic);
        }
        outcome.map(|stopped| Epoch { loss: Loss::from_c(&loss), stopped })
    }

    /// One step of Adam on the rows given, in their order; not part of an epoch.
    ///
    /// x: `[n, D]`, n up to 2^20.  noise: `[K, n, Z]`, drawn where it is `None`.  terms: each example's, before the
    /// step. Fails as [`epoch`](Trainer::epoch) does; the parameters are then as before.
    pub fn step<'a>(
        &mut self,
        x: impl Into<Rows<'a>>,
        noise: Option<&[f32]>,
        mut terms: Terms<'_>,
    ) -> Result<Loss, Error> {
        let (mut data, shape) = self.model.view(x, self.samples)?;
        let noise = shape.noise_address(noise)?;
        let terms = terms.as_c(&shape)?;
        let mut loss = sys::vae_loss::initialised();
        call(|err| unsafe { sys::vae_trainer_step(self.as_ptr(), data.as_c(), noise, &mut loss, &terms, err) })?;
        Ok(Loss::from_c(&loss))
    }

    /// A copy of one gradient of the last step. Fails with `INVALID_ARGUMENT` without
    /// [`Training::keep_gradients`], before the first step, or for an unknown name.
    pub fn gradient(&self, name: &str) -> Result<Vec<f32>, Error> {
        let mut values = vec![0.0; self.model.parameter_len(name)?];
        let name = c_string(name.as_bytes(), "name")?;
        let (address, count) = (values.as_mut_ptr(), values.len());
        call(|err| unsafe { sys::vae_trainer_get_gradient(self.as_ptr(), name.as_ptr(), address, count, err) })?;
        Ok(values)
    }

    /// Where the trainer stands.
    pub fn info(&self) -> Result<TrainerInfo, Error> {
        let mut info = sys::vae_trainer_info::initialised();
        call(|err| unsafe { sys::vae_trainer_get_info(self.as_ptr(), &mut info, err) })?;
        Ok(TrainerInfo {
            threads: info.threads,
            isa: Isa(info.isa),
            epoch: info.epoch,
            batch: info.batch,
            step: info.step,
            bytes: info.bytes,
            precision: Precision(info.precision),
            waited: info.waited,
            learning_rate: info.learning_rate,
            beta: info.beta,
            gradient_norm: info.gradient_norm,
            best_loss: info.best_loss,
            best_epoch: info.best_epoch,
            capacity: info.capacity,
        })
    }

    /// Early stopping: tells the loss on held-out data after an epoch. The trainer keeps a copy of the state with the
    /// lowest; true after [`Training::patience`] losses without a lower one. Fails with `INVALID_ARGUMENT` for a loss
    /// that is not finite or within a stopped epoch, or with `OUT_OF_MEMORY`.
    pub fn judge(&mut self, loss: f64) -> Result<bool, Error> {
        let mut stop = 0;
        call(|err| unsafe { sys::vae_trainer_judge(self.as_ptr(), loss, &mut stop, err) })?;
        Ok(stop != 0)
    }

    /// Puts the best state back, with the optimiser's state that belongs to it. Fails with `INVALID_ARGUMENT` where
    /// nothing was judged.
    pub fn take_best(&mut self) -> Result<(), Error> {
        call(|err| unsafe { sys::vae_trainer_take_best(self.as_ptr(), err) }).map(drop)
    }

    /// Writes the whole state of the run, atomically; it can be loaded as a model, too.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = c_path(path.as_ref())?;
        call(|err| unsafe { sys::vae_trainer_save(self.as_ptr(), path.as_ptr(), err) }).map(drop)
    }

    /// Puts a saved state back; the run then continues to the bit. Threads, instruction set, kept gradients and
    /// precision stay this trainer's.
    ///
    /// Fails with `IO`, `FORMAT`, `MISMATCH` (another configuration or precision) or `OUT_OF_MEMORY`; nothing has
    /// changed then.
    pub fn restore(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = c_path(path.as_ref())?;
        call(|err| unsafe { sys::vae_trainer_restore(self.as_ptr(), path.as_ptr(), err) })?;
        if let Some(training) = self.model.training()? {
            self.samples = training.objective.samples;
        }
        Ok(())
    }

    /// The handle, which stays this trainer's; for `sys`.
    pub fn as_ptr(&self) -> *mut sys::vae_trainer {
        self.handle.as_ptr()
    }
}

/// What the C library hands back to `call_back`.
struct Caller<'c> {
    report: &'c mut dyn FnMut(&Progress) -> ControlFlow<()>,
    panic: Option<Box<dyn Any + Send>>,
}

/// Runs the caller's function; a panic must not unwind through C, so it is kept and the epoch stopped.
unsafe extern "C" fn call_back(progress: *const sys::vae_progress, user: *mut c_void) -> i32 {
    let caller = &mut *(user as *mut Caller<'_>);
    let progress = &*progress;
    let progress = Progress {
        epoch: progress.epoch,
        batch: progress.batch,
        batches: progress.batches,
        step: progress.step,
        loss: Loss::from_c(&progress.loss),
    };
    match catch_unwind(AssertUnwindSafe(|| (caller.report)(&progress))) {
        Ok(ControlFlow::Continue(())) => 0,
        Ok(ControlFlow::Break(())) => 1,
        Err(panic) => {
            caller.panic = Some(panic);
            1
        }
    }
}
