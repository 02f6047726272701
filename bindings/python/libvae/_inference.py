"""What a model computes without an objective: codes, the prior, the likelihood's parameters, means and samples."""

from __future__ import annotations

from ctypes import byref
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _config
from . import _c_api as c
from ._arrays import ConditionLike
from ._model_base import ModelBase
from ._results import Array, Posterior, Prior


class Inference(ModelBase):
    """Encoder, prior and decoder of a model, as calls."""

    def encode(
        self, x: npt.ArrayLike, condition: ConditionLike | None = None, *, scale: float | None = None
    ) -> Posterior:
        """The approximate posterior q(z|x, c) of each row.

        Parameters
        ----------
        x : array_like of shape (N, D)
        condition : array_like, optional
            Of a model with a condition.
        scale : float, optional
            What bytes of x are multiplied by.

        Returns
        -------
        Posterior
            `mean` and `logvar`, each of shape (N, Z).

        Raises
        ------
        MismatchError, DataError
            For the wrong number of columns or rows, and for a value that the likelihood cannot take, named by row and
            column.
        """
        data = self._rows(x, condition, scale)
        mean, logvar = self._empty(data.rows, self.latent_dim), self._empty(data.rows, self.latent_dim)
        with self._workspace() as workspace:
            out = mean.ctypes.data, logvar.ctypes.data
            c.call(c.lib.vae_model_encode, self._handle, workspace, byref(data), *out)
        return Posterior(mean, logvar)

    def reconstruct(
        self, x: npt.ArrayLike, condition: ConditionLike | None = None, *, scale: float | None = None
    ) -> Array:
        """decode(encode(x, condition).mean, condition), of shape (N, D)."""
        data = self._rows(x, condition, scale)
        output = self._empty(data.rows, self.input_dim)
        with self._workspace() as workspace:
            c.call(c.lib.vae_model_reconstruct, self._handle, workspace, byref(data), output.ctypes.data)
        return output

    def sample(
        self, count: int | None = None, seed: int = 0, *, condition: ConditionLike | None = None, first_row: int = 0
    ) -> Array:
        """Draws z from the prior and gives the mean of p(x|z, c).

        Parameters
        ----------
        count : int, optional
            By default as many as the condition has rows, else 1.
        seed : int
        condition : array_like, optional
            Of a model with a condition: of each row, or the same for all.
        first_row : int
            Where to begin in the seed's stream of rows, which is the same however it is cut.

        Returns
        -------
        ndarray of shape (count, D), float32
        """
        given = self._given(condition)
        output = self._empty(_row_count("count", count, given), self.input_dim)
        numbers = _config.whole("seed", seed, bits=64), _config.whole("first_row", first_row, bits=64), len(output)
        with self._workspace() as workspace:
            out = output.ctypes.data, None
            c.call(c.lib.vae_model_sample_given, self._handle, workspace, *numbers, given, *out)
        return output

    def prior(self, condition: ConditionLike | None = None, *, rows: int | None = None) -> Prior:
        """The prior p(z|c) of each row of the condition.

        Parameters
        ----------
        condition : array_like, optional
            Of a model with a condition.
        rows : int, optional
            By default as many as the condition has, else 1.

        Returns
        -------
        Prior
            `mean` and `logvar`, each of shape (rows, Z): zeros for a standard prior.

        Raises
        ------
        UnsupportedError
            For priors that are not one normal distribution: a mixture, a VampPrior.
        """
        given = self._given(condition)
        count = _row_count("rows", rows, given)
        mean, logvar = self._empty(count, self.latent_dim), self._empty(count, self.latent_dim)
        with self._workspace() as workspace:
            out = mean.ctypes.data, logvar.ctypes.data
            c.call(c.lib.vae_model_prior, self._handle, workspace, count, given, *out)
        return Prior(mean, logvar)

    def decode(self, z: npt.ArrayLike, condition: ConditionLike | None = None) -> Array:
        """The mean of p(x|z, c); of a continuous Bernoulli its parameter lambda, of a Student-t its location.

        Parameters
        ----------
        z : array_like of shape (N, Z)
        condition : array_like, optional
            Of a model with a condition.

        Returns
        -------
        ndarray of shape (N, D), float32
        """
        return self._at(c.lib.vae_model_decode_given, z, condition)

    def likelihood_parameters(self, z: npt.ArrayLike, condition: ConditionLike | None = None) -> dict[str, Array]:
        """The parameters of p(x|z, c).

        Parameters
        ----------
        z, condition
            As for `decode`.

        Returns
        -------
        dict of str to ndarray of shape (N, D), float32
            bernoulli and categorical: "probability"; continuous_bernoulli: "lambda"; gaussian, laplace and log_cosh:
            "location" and "scale"; poisson: "rate"; negative_binomial: "mean" and "dispersion"; student_t: "location",
            "scale" and "df".
        """
        names = c.LIKELIHOOD_PARAMETERS[self.likelihood]
        parameters = self._at(c.lib.vae_model_likelihood_parameters, z, condition, planes=len(names))
        return dict(zip(names, parameters))

    def likelihood_mean(self, z: npt.ArrayLike, condition: ConditionLike | None = None) -> Array:
        """The expectation of x under p(x|z, c), of shape (N, D); of a continuous Bernoulli, too.

        Raises
        ------
        UnsupportedError
            For a Student-t with a column of 1 degree of freedom or less, which has none.
        """
        return self._at(c.lib.vae_model_likelihood_mean, z, condition)

    def likelihood_samples(
        self, z: npt.ArrayLike, condition: ConditionLike | None = None, *, seed: int = 0, first_row: int = 0
    ) -> Array:
        """Draws x from p(x|z, c), one for each row of z: of shape (N, D).

        Parameters
        ----------
        z, condition
            As for `decode`.
        seed, first_row : int
            As for `sample`.
        """
        numbers = _config.whole("seed", seed, bits=64), _config.whole("first_row", first_row, bits=64)
        return self._at(c.lib.vae_model_likelihood_samples, z, condition, *numbers)

    # --- Arguments ----------------------------------------------------------------------------------------------------

    def _at(
        self,
        function: Any,
        z: npt.ArrayLike,
        condition: ConditionLike | None,
        *arguments: int,
        planes: int | None = None,
    ) -> Array:
        """What a function of z and its condition gives: (N, D), or that many of them."""
        codes, given = _arrays.floats(z, (-1, self.latent_dim), "z"), self._given(condition)
        shape = (len(codes), self.input_dim)
        output = self._empty(*shape) if planes is None else self._empty(planes, *shape)
        with self._workspace() as workspace:
            out = *arguments, output.ctypes.data
            c.call(function, self._handle, workspace, codes.ctypes.data, len(codes), given, *out)
        return output

    def _rows(
        self, x: npt.ArrayLike, condition: ConditionLike | None, scale: float | None, what: str = "x"
    ) -> c.Data:
        given_name = "condition" if what == "x" else f"{what}_condition"
        return _arrays.rows(x, self.likelihood, scale, self._given(condition, given_name), what)

    def _given(self, condition: ConditionLike | None, what: str = "condition") -> c.Condition | None:
        return _arrays.condition(condition, self.condition_dim, what)

    @staticmethod
    def _empty(*shape: int) -> Array:
        return np.empty(shape, np.float32)


def _row_count(what: str, count: int | None, given: c.Condition | None) -> int:
    """How many rows to make."""
    if count is None:
        return 1 if given is None else int(given.rows)
    return _config.whole(what, count)
