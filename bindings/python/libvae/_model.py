"""A model and what it computes: codes, reconstructions, samples, losses, gradients; and its training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from ctypes import byref
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _config
from . import _c_api as c
from ._model_base import ModelBase
from ._results import Array, Epoch, Loss, LossAndGradients, Posterior, Scores
from .errors import UnsupportedError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._trainer import ProgressFunction


def to_loss(struct: c.Loss) -> Loss:
    return Loss(struct.examples, struct.loss, struct.reconstruction, struct.kl, struct.negative_elbo, struct.penalty)


class Model(ModelBase):
    """A variational autoencoder, made by `create`, `load` or `from_bytes`.

    Any number of threads may use a model at once, as long as none of them trains it or sets its parameters. Models
    can be pickled; a child process made by fork() can use and train its copy.

    Arrays of rows, `x` below, have shape (N, D); dimensions behind the first are flattened. float32 and uint8 rows are
    read in place, other numbers are copied to float32. Bytes are divided by 255 for a Bernoulli likelihood and taken as
    they are for others, unless `scale` says what to multiply them by.
    """

    # --- Inference ----------------------------------------------------------------------------------------------------

    def encode(self, x: npt.ArrayLike, *, scale: float | None = None) -> Posterior:
        """The approximate posterior q(z|x) of each row.

        Returns
        -------
        Posterior
            `mean` and `logvar`, each of shape (N, Z).

        Raises
        ------
        MismatchError, DataError
            For the wrong number of columns, and for a value that the likelihood cannot take, named by row and column.
        """
        data = self._rows(x, scale)
        mean, logvar = self._empty(data.rows, self.latent_dim), self._empty(data.rows, self.latent_dim)
        with self._workspace() as workspace:
            out = mean.ctypes.data, logvar.ctypes.data
            c.call(c.lib.vae_model_encode, self._handle, workspace, byref(data), *out)
        return Posterior(mean, logvar)

    def decode(self, z: npt.ArrayLike) -> Array:
        """The mean of p(x|z).

        Parameters
        ----------
        z : array_like of shape (N, Z)

        Returns
        -------
        ndarray of shape (N, D), float32
        """
        codes = _arrays.floats(z, (-1, self.latent_dim), "z")
        output = self._empty(len(codes), self.input_dim)
        with self._workspace() as workspace:
            c.call(
                c.lib.vae_model_decode, self._handle, workspace, codes.ctypes.data, len(codes), output.ctypes.data
            )
        return output

    def reconstruct(self, x: npt.ArrayLike, *, scale: float | None = None) -> Array:
        """decode(encode(x).mean), of shape (N, D)."""
        data = self._rows(x, scale)
        output = self._empty(data.rows, self.input_dim)
        with self._workspace() as workspace:
            c.call(c.lib.vae_model_reconstruct, self._handle, workspace, byref(data), output.ctypes.data)
        return output

    def sample(self, count: int = 1, seed: int = 0, *, first_row: int = 0) -> Array:
        """Draws z from the prior and gives the mean of p(x|z).

        Parameters
        ----------
        count : int
        seed : int
        first_row : int
            Where to begin in the seed's stream of rows, which is the same however it is cut.

        Returns
        -------
        ndarray of shape (count, D), float32
        """
        output = self._empty(_config.whole("count", count), self.input_dim)
        with self._workspace() as workspace:
            c.call(
                c.lib.vae_model_sample,
                self._handle,
                workspace,
                _config.whole("seed", seed, bits=64),
                _config.whole("first_row", first_row, bits=64),
                len(output),
                output.ctypes.data,
                None,
            )
        return output

    def evaluate(
        self,
        x: npt.ArrayLike,
        *,
        objective: str = "elbo",
        samples: int = 1,
        beta: float = 1.0,
        seed: int = 0,
        scale: float | None = None,
    ) -> Loss:
        """Measures an objective over all rows.

        The noise belongs to (seed, row, sample): equal seeds give the same result to the bit.

        Parameters
        ----------
        x : array_like of shape (N, D)
        objective : {"elbo", "iwae"}
        samples : int
            Latent samples of each row.
        beta : float
            Weight of the KL; must be 1 for "iwae".
        seed : int
        scale : float, optional

        Returns
        -------
        Loss
            Means over the rows, in nats.
        """
        data = self._rows(x, scale)
        return self._evaluate(data, _config.objective_to_struct(objective, samples, beta), seed)

    def scores(
        self,
        x: npt.ArrayLike,
        noise: npt.ArrayLike | None = None,
        *,
        objective: str = "elbo",
        samples: int | None = None,
        beta: float = 1.0,
        seed: int = 0,
        scale: float | None = None,
    ) -> Scores:
        """The loss, reconstruction and KL of each row, in nats.

        Parameters
        ----------
        x, objective, samples, beta, seed, scale
            As for `evaluate`.
        noise : array_like of shape (K, N, Z) or (N, Z), optional
            As for `loss_and_gradients`, with which such scores are computed: at its price, and all rows at a time.

        Returns
        -------
        Scores
        """
        data = self._rows(x, scale)
        eps, count = self._noise(noise, samples, data)
        measured = _config.objective_to_struct(objective, count, beta)
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

    # --- Training -----------------------------------------------------------------------------------------------------

    def init_output_bias(self, x: npt.ArrayLike, *, scale: float | None = None) -> None:
        """Starts the output's bias at the data's column means, from which training gets ahead faster.

        Parameters
        ----------
        x : array_like of shape (N, D)
        scale : float, optional
        """
        data = self._rows(x, scale)
        with self._changing():
            c.call(c.lib.vae_model_init_output_bias, self._handle, byref(data))

    def loss_and_gradients(
        self,
        x: npt.ArrayLike,
        noise: npt.ArrayLike | None = None,
        condition: npt.ArrayLike | None = None,
        *,
        objective: str = "elbo",
        samples: int | None = None,
        beta: float = 1.0,
        seed: int = 0,
        scale: float | None = None,
    ) -> LossAndGradients:
        """The objective of one mini-batch and its gradient, for an optimiser of one's own.

        Parameters
        ----------
        x : array_like of shape (N, D)
            All of it one mini-batch.
        noise : array_like of shape (K, N, Z) or (N, Z), optional
            eps of z = mean + exp(logvar / 2) eps; drawn from `seed` where it is left out.
        condition : None
            This version has no conditional models.
        objective : {"elbo", "iwae"}
        samples : int, optional
            K; by default the noise's, else 1.
        beta : float
            Weight of the KL; must be 1 for "iwae".
        seed : int
        scale : float, optional

        Returns
        -------
        LossAndGradients
        """
        if condition is not None:
            raise UnsupportedError("condition: this version has no conditional models; leave it out")
        data = self._rows(x, scale)
        eps, count = self._noise(noise, samples, data)
        measured = _config.objective_to_struct(objective, count, beta)
        rows = int(data.rows)
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

    def _noise(self, noise: npt.ArrayLike | None, samples: int | None, data: c.Data) -> tuple[Array | None, int]:
        """The caller's noise as (K, N, Z), and K."""
        if noise is None:
            return None, 1 if samples is None else samples
        eps = np.asarray(noise)
        eps = eps[np.newaxis] if eps.ndim == 2 else eps
        eps = _arrays.floats(eps, (-1 if samples is None else samples, data.rows, self.latent_dim), "noise")
        return eps, len(eps)

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
        validation: npt.ArrayLike | None = None,
        callback: ProgressFunction | None = None,
        progress: bool | None = None,
        scale: float | None = None,
        threads: int = 0,
        **options: Unpack[_config.TrainingOptions],
    ) -> list[Epoch]:
        """Trains the model in place, with a new `Trainer` that is gone afterwards.

        Ctrl-C stops after the running mini-batch: KeyboardInterrupt is raised, and the model is as trained so far.

        Parameters
        ----------
        x, epochs, validation, callback, progress, scale
            As for `Trainer.fit`.
        threads, **options
            As for `Trainer`: `batch_size`, `learning_rate`, `objective`, `samples`, `beta`, `seed`, `precision`, ….

        Returns
        -------
        list of Epoch
            The losses of each finished epoch.
        """
        from ._trainer import Trainer

        trainer = Trainer(self, threads=threads, **options)
        return trainer.fit(x, epochs, validation=validation, callback=callback, progress=progress, scale=scale)

    # --- Memory -------------------------------------------------------------------------------------------------------

    def _rows(self, x: npt.ArrayLike, scale: float | None) -> c.Data:
        return _arrays.rows(x, self.likelihood, scale)

    @staticmethod
    def _empty(*shape: int) -> Array:
        return np.empty(shape, np.float32)
