"""Training: Adam's state, and the loop over epochs."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from ctypes import byref, c_void_p
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from . import _arrays, _config
from . import _c_api as c
from ._interrupt import CtrlC
from ._model import Model, to_loss
from ._model_base import Owner
from ._progress_bar import ProgressBar
from ._results import Epoch, Loss, Progress, TrainerInfo
from .errors import MismatchError

if TYPE_CHECKING:
    from typing_extensions import Unpack

ProgressFunction = Callable[[Progress], object]


def _free(handle: Any, owner: Owner) -> None:
    """`owner` is an argument so that the model lives until the trainer, which borrows it, is freed."""
    c.lib.vae_trainer_free(handle)


class Trainer:
    """Adam's moments and counters for one model, which it changes in place.

    `Model.fit` makes a trainer for a single run. A trainer of one's own trains in several runs without a break in
    Adam's moments, takes single steps, and can be saved and continued to the bit.

    One thread at a time uses a trainer. While it trains, other threads must leave the model alone; progress functions
    may read and save it.

    Parameters
    ----------
    model : Model
    threads : int
        0 takes VAE_THREADS, else OMP_NUM_THREADS, else the processors that the process may use. The result does not
        depend on it.
    **options : TrainingOptions
        `objective`, `samples`, `beta`, `batch_size`, `learning_rate`, `beta1`, `beta2`, `epsilon`, `seed`, `precision`.

    Raises
    ------
    InvalidArgumentError, UnsupportedError
        For an option that is not allowed, or that this machine does not have.
    """

    def __init__(self, model: Model, *, threads: int = 0, **options: Unpack[_config.TrainingOptions]) -> None:
        self._model = model
        training = _config.training_to_struct(options, threads)
        self._objective = training.objective
        self._handle = c_void_p()
        c.call(c.lib.vae_trainer_create, model._handle, byref(training), None, byref(self._handle))
        weakref.finalize(self, _free, self._handle, model._owner).atexit = False

    @property
    def model(self) -> Model:
        """The model that is trained."""
        return self._model

    @property
    def info(self) -> TrainerInfo:
        """Where the trainer stands."""
        info = c.new(c.TrainerInfo)
        c.call(c.lib.vae_trainer_get_info, self._handle, byref(info))
        return TrainerInfo(
            info.threads, info.epoch, info.batch, info.step, info.bytes, precision=c.PRECISIONS[info.precision]
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the whole state of the run (parameters, moments, counters, options) as one file, atomically.

        The file can also be loaded as a model.

        Raises
        ------
        FileError
        """
        c.call(c.lib.vae_trainer_save, self._handle, c.path(path))

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Puts a saved state back, parameters and options included; the run then continues to the bit.

        Raises
        ------
        FileError, FormatError
        MismatchError
            Where the file's model has another configuration, or was trained in another precision.
        """
        with self._model._changing():
            c.call(c.lib.vae_trainer_restore, self._handle, c.path(path))
        restored = self._model._training_struct()
        assert restored is not None  # a trainer's state says how it was trained
        self._objective = restored.objective

    def step(self, x: npt.ArrayLike, noise: npt.ArrayLike | None = None, *, scale: float | None = None) -> Loss:
        """One step of Adam on the rows given, in their order.

        Parameters
        ----------
        x : array_like of shape (N, D)
            Rows as `Model.encode` takes them.
        noise : array_like of shape (K, N, Z), optional
            eps of z = mean + exp(logvar / 2) eps; drawn from the seed where it is left out.
        scale : float, optional
            What bytes are multiplied by.

        Returns
        -------
        Loss
            Of these rows, before the step.
        """
        data = _arrays.rows(x, self._model.likelihood, scale)
        eps = None
        if noise is not None:
            eps = _arrays.floats(noise, (self._objective.samples, data.rows, self._model.latent_dim), "noise")
        loss = c.new(c.Loss)
        with self._model._changing():
            address = None if eps is None else eps.ctypes.data
            c.call(c.lib.vae_trainer_step, self._handle, byref(data), address, byref(loss), None)
        return to_loss(loss)

    def fit(
        self,
        x: npt.ArrayLike,
        epochs: int = 10,
        *,
        validation: npt.ArrayLike | None = None,
        callback: ProgressFunction | None = None,
        progress: bool | None = None,
        scale: float | None = None,
    ) -> list[Epoch]:
        """Trains for a number of epochs, each a pass over all rows in an order shuffled by (seed, epoch).

        Ctrl-C stops between mini-batches, within a tenth of a second or a mini-batch, whichever is longer:
        KeyboardInterrupt is raised, and the model is as trained so far. A run that was stopped within an epoch goes on
        there with the next call, if `x` has as many rows.

        Parameters
        ----------
        x : array_like of shape (N, D)
            Rows as `Model.encode` takes them.
        epochs : int
        validation : array_like of shape (M, D), optional
            Rows to measure the objective on after each epoch, always with the same noise.
        callback : callable, optional
            Called with a `Progress` about ten times a second and at the end of each epoch. A true result stops the run;
            what it raises stops it too, and is raised by `fit`.
        progress : bool, optional
            Whether to show a progress bar; by default where tqdm is installed and standard error is a terminal.
        scale : float, optional
            What bytes are multiplied by.

        Returns
        -------
        list of Epoch
            The losses of each finished epoch.

        Raises
        ------
        DataError, MismatchError
            For data that the model cannot take, named by row and column.
        NotFiniteError
            Where training diverges; the parameters are those before that mini-batch.
        KeyboardInterrupt
            After Ctrl-C.
        """
        likelihood = self._model.likelihood
        data, held_out = _arrays.rows(x, likelihood, scale), None
        if validation is not None:
            held_out = _arrays.rows(validation, likelihood, scale, "validation")
            if held_out.columns != data.columns:
                raise MismatchError(f"validation has {held_out.columns} columns, x has {data.columns}")
        bar = ProgressBar(progress, data.rows)
        try:
            with CtrlC() as ctrl_c:
                return _Run(self, data, held_out, epochs, callback, bar, ctrl_c).epochs()
        finally:
            bar.close()


class _Run:
    """One call of `Trainer.fit`."""

    def __init__(
        self,
        trainer: Trainer,
        data: c.Data,
        validation: c.Data | None,
        epochs: int,
        callback: ProgressFunction | None,
        bar: ProgressBar,
        ctrl_c: CtrlC,
    ) -> None:
        self.trainer = trainer
        self.data = data
        self.validation = validation
        self.epoch_count = _config.whole("epochs", epochs)
        self.epoch = 0
        self.callback = callback
        self.bar = bar
        self.ctrl_c = ctrl_c
        self.error: BaseException | None = None
        self.batches = self.step = 0  # as last reported

    def epochs(self) -> list[Epoch]:
        done: list[Epoch] = []
        report = c.ProgressCallback(self.report_batch)
        for self.epoch in range(1, self.epoch_count + 1):
            training = self.train(report)
            if training is None:
                break
            validation = self.validate()
            done.append(Epoch(self.trainer.info.epoch, training, validation))
            if self.report_epoch(training, validation):
                break
        return done

    def train(self, report: Any) -> Loss | None:
        """One epoch; None where it was stopped."""
        loss = c.new(c.Loss)
        with self.trainer.model._changing():
            status = c.call(
                c.lib.vae_trainer_epoch, self.trainer._handle, byref(self.data), report, None, byref(loss)
            )
        if self.error is not None:
            raise self.error
        return None if status == c.STOPPED else to_loss(loss)

    def validate(self) -> Loss | None:
        if self.validation is None:
            return None
        return self.trainer.model._evaluate(self.validation, self.trainer._objective, seed=0)

    def report_batch(self, progress: Any, user: Any) -> int:
        """Called by the library between mini-batches; a result other than 0 stops. Nothing may be raised through it."""
        try:
            at = progress.contents
            self.batches, self.step = at.batches, at.step
            if self.ctrl_c.pressed:
                return 1
            if at.batch == at.batches:  # reported once more after validation
                return 0
            return self.tell(Progress(
                self.epoch, self.epoch_count, at.batch, at.batches, at.step, to_loss(at.loss), None, is_epoch_end=False
            ))
        except BaseException as error:  # fit raises it
            self.error = error
            return 1

    def report_epoch(self, training: Loss, validation: Loss | None) -> bool:
        stop = self.tell(Progress(
            self.epoch, self.epoch_count, self.batches, self.batches, self.step, training, validation, is_epoch_end=True
        ))
        return bool(stop) or self.ctrl_c.pressed

    def tell(self, progress: Progress) -> int:
        """Shows progress and asks the user's function; 1 to stop."""
        self.bar.show(progress)
        return 1 if self.callback is not None and self.callback(progress) else 0
