"""A model and what it computes: codes, reconstructions, samples, losses, gradients, statistics; and its training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from ctypes import byref
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _config, _statistics
from . import _c_api as c
from ._arrays import ConditionLike
from ._inference import Inference
from ._results import Array, Doubles, Epoch, Loss, LossAndGradients, Scores
from ._training_options import objective_to_struct

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._statistics import Statistics
    from ._trainer import ProgressFunction
    from ._training_options import ObjectiveOptions, TrainingOptions


def to_loss(struct: c.Loss) -> Loss:
    return Loss(struct.examples, struct.loss, struct.reconstruction, struct.kl, struct.negative_elbo, struct.penalty)


class Model(Inference):
    """A variational autoencoder, made by `create`, `load` or `from_bytes`.

    Any number of threads may use a model at once, as long as none of them trains it or sets its parameters. Models
    can be pickled; a child process made by fork() can use and train its copy.

    Arrays of rows, `x` below, have shape (N, D); dimensions behind the first are flattened. float32 and uint8 rows are
    read in place, other numbers are copied to float32. Bytes are divided by 255 for a Bernoulli likelihood and taken as
    they are for others, unless `scale` says what to multiply them by.

    A model whose configuration has a `condition_dim` C takes a `condition` wherever it takes rows or codes: numbers of
    shape (N, C), or labels, integers of shape (N,) from 0 to C - 1, which stand for rows with a single 1; or for all
    rows the same, floats of shape (C,) or one integer. float32 and uint8 numbers and labels of 8 and 32 bits are read
    in place. uint8 numbers of shape (N, C) are divided by 255; `Condition` gives them another scale.
    """

    # --- Objectives and statistics ------------------------------------------------------------------------------------

    def evaluate(
        self,
        x: npt.ArrayLike,
        condition: ConditionLike | None = None,
        *,
        seed: int = 0,
        scale: float | None = None,
        **objective: Unpack[ObjectiveOptions],
    ) -> Loss:
        """Measures an objective over all rows.

        The noise belongs to (seed, row, sample): equal seeds give the same result to the bit.

        Parameters
        ----------
        x : array_like of shape (N, D)
        condition : array_like, optional
            Of a model with a condition.
        seed : int
        scale : float, optional
            What bytes of x are multiplied by.
        **objective : ObjectiveOptions
            `objective`, `samples`, `beta`, …; by default the evidence lower bound with one sample.

        Returns
        -------
        Loss
            Means over the rows, in nats.
        """
        return self._evaluate(self._rows(x, condition, scale), objective_to_struct(objective), seed)

    def scores(
        self,
        x: npt.ArrayLike,
        noise: npt.ArrayLike | None = None,
        condition: ConditionLike | None = None,
        *,
        seed: int = 0,
        scale: float | None = None,
        **objective: Unpack[ObjectiveOptions],
    ) -> Scores:
        """The loss, reconstruction and KL of each row, in nats.

        Parameters
        ----------
        x, condition, seed, scale, **objective
            As for `evaluate`.
        noise : array_like of shape (K, N, Z) or (N, Z), optional
            As for `loss_and_gradients`, with which such scores are computed: at its price, and all rows at a time.

        Returns
        -------
        Scores
        """
        data = self._rows(x, condition, scale)
        eps, measured = self._noise(noise, objective, data)
        loss, reconstruction, kl = self._empty(data.rows), self._empty(data.rows), self._empty(data.rows)
        terms = c.new(c.Terms)
        terms.loss, terms.reconstruction, terms.kl = loss.ctypes.data, reconstruction.ctypes.data, kl.ctypes.data
        if eps is None:
            total = self._evaluate(data, measured, seed, byref(terms))
        else:
            with self._gradients(data, measured, eps, seed, terms) as (total, _):
                pass
        return Scores(loss, reconstruction, kl, total)

    def _evaluate(self, data: c.Data, objective: c.Objective, seed: int, terms: Any = None) -> Loss:
        loss = c.new(c.Loss)
        number = _config.whole("seed", seed, bits=64)
        with self._workspace() as workspace:
            c.call(
                c.lib.vae_model_evaluate,
                self._handle,
                workspace,
                byref(data),
                byref(objective),
                number,
                byref(loss),
                terms,
            )
        return to_loss(loss)

    def statistics(
        self,
        x: npt.ArrayLike,
        condition: ConditionLike | None = None,
        *,
        samples: int = 100,
        seed: int = 0,
        active_variance: float = 0.01,
        bin_width: float = 0.0,
        aggregate_rows: int = 0,
        scale: float | None = None,
    ) -> Statistics:
        """Measures what can be published: log p(x) by importance sampling, the bound's parts, and what latents do.

        Equal seeds give the same numbers to the bit. The decoder runs once for each row and sample.

        Parameters
        ----------
        x : array_like of shape (N, D)
        condition : array_like, optional
            Of a model with a condition.
        samples : int
            Importance samples of each row; papers take 5000.
        seed : int
        active_variance : float
            A latent is active where the variance of its mean is over this.
        bin_width : float
            That x was rounded to, in x's units, for `bits_per_dimension`; 0: `scale` for bytes, none for floats.
        aggregate_rows : int
            Rows that stand for the aggregate posterior at a time; 0: all, but at most 10,000.
        scale : float, optional
            What bytes of x are multiplied by.

        Returns
        -------
        Statistics
        """
        data = self._rows(x, condition, scale)
        options = c.new(c.StatisticsOptions)
        options.samples = _config.whole("samples", samples)
        options.seed = _config.whole("seed", seed, bits=64)
        options.active_variance = _config.real("active_variance", active_variance)
        options.bin_width = _config.real("bin_width", bin_width)
        options.aggregate_rows = _config.whole("aggregate_rows", aggregate_rows)
        sizes = {"latent_kl": self.latent_dim, "latent_variance": self.latent_dim}
        sizes |= {"log_evidence": int(data.rows), "effective_samples": int(data.rows)}
        out: dict[str, Doubles] = {name: np.empty(size) for name, size in sizes.items()}
        struct, pointers = c.new(c.Statistics), c.new(c.StatisticsArrays)
        for name, array in out.items():
            setattr(pointers, name, array.ctypes.data)
        with self._workspace() as workspace:
            arguments = byref(data), byref(options), byref(struct), byref(pointers)
            c.call(c.lib.vae_model_statistics, self._handle, workspace, *arguments)
        return _statistics.from_struct(struct, out)

    # --- Training -----------------------------------------------------------------------------------------------------

    def init_output_bias(self, x: npt.ArrayLike, *, scale: float | None = None) -> None:
        """Starts the output's bias at the data's column means, from which training gets ahead faster.

        Parameters
        ----------
        x : array_like of shape (N, D)
        scale : float, optional
            What bytes of x are multiplied by.
        """
        data = self._rows(x, None, scale)
        with self._changing():
            c.call(c.lib.vae_model_init_output_bias, self._handle, byref(data))

    def loss_and_gradients(
        self,
        x: npt.ArrayLike,
        noise: npt.ArrayLike | None = None,
        condition: ConditionLike | None = None,
        *,
        seed: int = 0,
        scale: float | None = None,
        **objective: Unpack[ObjectiveOptions],
    ) -> LossAndGradients:
        """The objective of one mini-batch and its gradient, for an optimiser of one's own.

        Parameters
        ----------
        x : array_like of shape (N, D)
            All of it one mini-batch.
        noise : array_like of shape (K, N, Z) or (N, Z), optional
            eps of z = mean + exp(logvar / 2) eps; drawn from `seed` where it is left out.
        condition : array_like, optional
            Of a model with a condition.
        seed : int
        scale : float, optional
            What bytes of x are multiplied by.
        **objective : ObjectiveOptions
            As for `evaluate`; `samples`, K, is by default the noise's.

        Returns
        -------
        LossAndGradients
        """
        data = self._rows(x, condition, scale)
        eps, measured = self._noise(noise, objective, data)
        rows, count = int(data.rows), int(measured.samples)
        arrays = {
            "sample_nll": self._empty(count, rows),
            "kl": self._empty(rows),
            "mean": self._empty(rows, self.latent_dim),
            "logvar": self._empty(rows, self.latent_dim),
            "z": self._empty(count, rows, self.latent_dim),
            "output": self._empty(count, rows, self.input_dim),
        }
        terms = c.new(c.Terms)
        for field, out in arrays.items():
            setattr(terms, field, out.ctypes.data)
        with self._gradients(data, measured, eps, seed, terms) as (loss, workspace):
            gradients = self._tensors(c.lib.vae_workspace_get_gradient, workspace)
        return LossAndGradients(loss.loss, arrays.pop("sample_nll"), **arrays, gradients=gradients)

    def _noise(
        self, noise: npt.ArrayLike | None, options: ObjectiveOptions, data: c.Data
    ) -> tuple[Array | None, c.Objective]:
        """The caller's noise as (K, N, Z), and the objective with as many samples."""
        objective = objective_to_struct(options)
        if noise is None:
            return None, objective
        eps = np.asarray(noise)
        eps = eps[np.newaxis] if eps.ndim == 2 else eps
        count = objective.samples if "samples" in options else -1
        eps = _arrays.floats(eps, (count, data.rows, self.latent_dim), "noise")
        objective.samples = len(eps)
        return eps, objective

    @contextlib.contextmanager
    def _gradients(
        self, data: c.Data, objective: c.Objective, eps: Array | None, seed: int, terms: c.Terms
    ) -> Iterator[tuple[Loss, Any]]:
        """The loss of a mini-batch, and the workspace that holds its gradients."""
        loss = c.new(c.Loss)
        with self._workspace(data.rows) as workspace:
            c.call(
                c.lib.vae_model_loss_and_gradients,
                self._handle,
                workspace,
                byref(data),
                byref(objective),
                None if eps is None else eps.ctypes.data,
                _config.whole("seed", seed, bits=64),
                byref(loss),
                byref(terms),
            )
            yield to_loss(loss), workspace

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
        threads: int = 0,
        **options: Unpack[TrainingOptions],
    ) -> list[Epoch]:
        """Trains the model in place, with a new `Trainer` that is gone afterwards.

        Ctrl-C stops after the running mini-batch: KeyboardInterrupt is raised, and the model is as trained so far.

        Parameters
        ----------
        x, epochs, condition, validation, validation_condition, callback, progress, scale
            As for `Trainer.fit`.
        threads, **options
            As for `Trainer`: `batch_size`, `learning_rate`, `objective`, `samples`, `beta`, `patience`, `seed`, ….

        Returns
        -------
        list of Epoch
            The losses of each finished epoch.
        """
        from ._trainer import Trainer

        trainer = Trainer(self, threads=threads, **options)
        return trainer.fit(
            x,
            epochs,
            condition=condition,
            validation=validation,
            validation_condition=validation_condition,
            callback=callback,
            progress=progress,
            scale=scale,
        )
