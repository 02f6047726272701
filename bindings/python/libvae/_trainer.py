"""Training: Adam's state, and the loop over epochs."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from ctypes import byref, c_int32, c_void_p
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from . import _arrays, _config
from . import _c_api as c
from ._arrays import ConditionLike
from ._interrupt import CtrlC
from ._model import Model, to_loss
from ._model_base import Owner
from ._progress_bar import ProgressBar
from ._results import Array, Epoch, Loss, Progress, TrainerInfo
from ._training_options import training_to_struct
from .errors import InvalidArgumentError, MismatchError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._training_options import TrainingOptions

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
    isa : str
        The instruction set of the kernels; "auto" takes VAE_ISA, else the best one that the machine has.
    keep_gradients : bool
        Whether steps leave their gradients to be read by `gradients` (a little slower).
    **options : TrainingOptions
        `objective`, `samples`, `beta`, `batch_size`, `learning_rate`, `beta1`, `beta2`, `epsilon`, `seed`, ….

    Raises
    ------
    InvalidArgumentError, UnsupportedError
        For an option that is not allowed, or that this machine does not have.
    """

    def __init__(
        self,
        model: Model,
        *,
        threads: int = 0,
        isa: str = "auto",
        keep_gradients: bool = False,
        **options: Unpack[TrainingOptions],
    ) -> None:
        self._model = model
        training = training_to_struct(options)
        training.threads = _config.whole("threads", threads, bits=31)
        training.isa = _config.word("isa", isa, c.ISAS)
        training.keep_gradients = bool(keep_gradients)
        self._objective, self._patience = training.objective, training.patience
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
            info.threads,
            c.ISAS[info.isa],
            c.PRECISIONS[info.precision],
            info.bytes,
            info.epoch,
            info.batch,
            info.step,
            info.learning_rate,
            info.beta,
            info.capacity,
            info.gradient_norm,
            info.best_loss if info.best_epoch else None,
            info.best_epoch,
            info.waited,
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
        self._objective, self._patience = restored.objective, restored.patience

    def judge(self, loss: float) -> bool:
        """Early stopping in a loop of one's own: tells the trainer the loss on held-out data, usually after an epoch.

        Where it is lower than ever, the trainer keeps a copy of the parameters and its own state (three times the
        parameters' memory, at the first call). `fit` with `patience` does all of this.

        Returns
        -------
        bool
            Whether to stop: `patience` losses in a row were not lower.

        Raises
        ------
        InvalidArgumentError
            For a loss that is not finite, and within a stopped epoch.
        """
        stop = c_int32()
        with self._model._changing():
            c.call(c.lib.vae_trainer_judge, self._handle, _config.real("loss", loss), byref(stop))
        return bool(stop.value)

    def take_best(self) -> None:
        """Puts the state with the lowest judged loss back: parameters, and the optimiser's state that belongs to them.

        Raises
        ------
        InvalidArgumentError
            Where nothing was judged.
        """
        with self._model._changing():
            c.call(c.lib.vae_trainer_take_best, self._handle)

    def gradients(self) -> dict[str, Array]:
        """The gradients of the last step, under the parameters' names, of a trainer with `keep_gradients`.

        Raises
        ------
        InvalidArgumentError
            Before the first step, or without `keep_gradients`.
        """
        return self._model._tensors(c.lib.vae_trainer_get_gradient, self._handle)

    def step(
        self,
        x: npt.ArrayLike,
        noise: npt.ArrayLike | None = None,
        condition: ConditionLike | None = None,
        *,
        scale: float | None = None,
    ) -> Loss:
        """One step of Adam on the rows given, in their order.

        Parameters
        ----------
        x : array_like of shape (N, D)
            Rows as `Model.encode` takes them.
        noise : array_like of shape (K, N, Z), optional
            eps of z = mean + exp(logvar / 2) eps; drawn from the seed where it is left out.
        condition : array_like, optional
            Of a model with a condition, as `Model.encode` takes it.
        scale : float, optional
            What bytes of x are multiplied by.

        Returns
        -------
        Loss
            Of these rows, before the step.
        """
        data = self._model._rows(x, condition, scale)
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
        condition: ConditionLike | None = None,
        validation: npt.ArrayLike | None = None,
        validation_condition: ConditionLike | None = None,
        callback: ProgressFunction | None = None,
        progress: bool | None = None,
        scale: float | None = None,
    ) -> list[Epoch]:
        """Trains for a number of epochs, each a pass over all rows in an order shuffled by (seed, epoch).

        Ctrl-C stops between mini-batches, within a tenth of a second or a mini-batch, whichever is longer:
        KeyboardInterrupt is raised, and the model is as trained so far. A run that was stopped within an epoch goes on
        there with the next call, if `x` has as many rows.

        With `patience` the validation loss decides: training ends after so many epochs without a lower one, and a run
        that comes to its end leaves the best parameters. One that was stopped leaves those of its last step, and
        `take_best` has the best.

        Parameters
        ----------
        x : array_like of shape (N, D)
            Rows as `Model.encode` takes them.
        epochs : int
        condition : array_like, optional
            Of a model with a condition, as `Model.encode` takes it.
        validation : array_like of shape (M, D), optional
            Rows to measure the objective on after each epoch, always with the same noise.
        validation_condition : array_like, optional
            Theirs.
        callback : callable, optional
            Called with a `Progress` about ten times a second and at the end of each epoch. A true result stops the run;
            what it raises stops it too, and is raised by `fit`.
        progress : bool, optional
            Whether to show a progress bar; by default where tqdm is installed and standard error is a terminal.
        scale : float, optional
            What bytes of x and validation are multiplied by.

        Returns
        -------
        list of Epoch
            The losses of each finished epoch.

        Raises
        ------
        InvalidArgumentError
            For `patience` without validation rows.
        DataError, MismatchError
            For data that the model cannot take, named by row and column.
        NotFiniteError
            Where training diverges; the parameters are those before that mini-batch.
        KeyboardInterrupt
            After Ctrl-C.
        """
        data, held_out = self._model._rows(x, condition, scale), None
        if validation is not None:
            held_out = self._model._rows(validation, validation_condition, scale, "validation")
            if held_out.columns != data.columns:
                raise MismatchError(f"validation has {held_out.columns} columns, x has {data.columns}")
        elif validation_condition is not None:
            raise InvalidArgumentError("validation_condition is there, but there are no validation rows")
        if self._patience and held_out is None:
            raise InvalidArgumentError(f"patience is {self._patience}, but there are no validation rows to judge by")
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
            epoch, validation = self.trainer.info.epoch, self.validate()
            is_best, is_over = self.judge(validation)
            if is_over:
                self.trainer.take_best()
            done.append(Epoch(epoch, training, validation, is_best))
            if self.report_epoch(training, validation, is_best) or is_over:
                break
        return done

    def judge(self, validation: Loss | None) -> tuple[bool, bool]:
        """Whether the epoch is the best one so far, and whether the run has come to its end, of one that is judged."""
        if not self.trainer._patience or validation is None:
            return False, False
        is_over = self.trainer.judge(validation.loss)
        return self.trainer.info.waited == 0, is_over or self.epoch == self.epoch_count

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

    def report_epoch(self, training: Loss, validation: Loss | None, is_best: bool) -> bool:
        place = self.epoch, self.epoch_count, self.batches, self.batches, self.step
        stop = self.tell(Progress(*place, training, validation, is_epoch_end=True, is_best=is_best))
        return bool(stop) or self.ctrl_c.pressed

    def tell(self, progress: Progress) -> int:
        """Shows progress and asks the user's function; 1 to stop."""
        self.bar.show(progress)
        return 1 if self.callback is not None and self.callback(progress) else 0
