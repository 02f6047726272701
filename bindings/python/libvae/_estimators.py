"""Estimators for scikit-learn: `VAE`, a transformer and density model, and `VAEOutlierDetector`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, OutlierMixin, TransformerMixin
    from sklearn.utils import check_array, check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as reason:
    raise ImportError(
        "libvae.VAE and libvae.VAEOutlierDetector need scikit-learn 1.6 or later: pip install libvae[sklearn]"
    ) from reason

from ._model import Model
from .errors import InvalidArgumentError

Values = npt.NDArray[Any]
_SCORED_AT_A_TIME = 256  # rows


class _BaseVAE(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """What both estimators share: standardised columns, the training, and scores of rows."""

    # Set by the constructors of the subclasses.
    latent_dim: int
    hidden: Sequence[int]
    activation: str
    likelihood: str
    sigma: float
    standardize: bool
    epochs: int
    batch_size: int
    learning_rate: float
    beta: float
    score_draws: int
    random_state: int | np.random.RandomState | None
    threads: int

    def _fit(self, X: npt.ArrayLike) -> Values:
        """Trains; gives the checked rows."""
        rows: Values = validate_data(self, X, dtype=[np.float64, np.float32, np.uint8])
        random = check_random_state(self.random_state)
        model_seed, training_seed, noise_seed = (int(seed) for seed in random.randint(2**31 - 1, size=3))
        self._find_scale(rows)
        self.model_ = Model.create(self._config(), seed=model_seed)
        noise = np.random.RandomState(noise_seed).standard_normal((self.score_draws, 1, self.latent_dim))
        self._score_noise: npt.NDArray[np.float32] = noise.astype(np.float32)
        self.loss_curve_: list[float] = []
        standardized = self._standardized(rows)
        self.model_.init_output_bias(standardized)
        self.model_.fit(
            standardized,
            self.epochs,
            callback=self._note_loss,
            progress=False,
            threads=self.threads,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            beta=self.beta,
            seed=training_seed,
        )
        return rows

    def _note_loss(self, progress: Any) -> None:
        if progress.is_epoch_end:
            self.loss_curve_.append(progress.training.loss)

    def _config(self) -> dict[str, Any]:
        def layers(units: Sequence[int]) -> list[dict[str, Any]]:
            return [{"units": count, "activation": self.activation} for count in units]

        hidden = list(self.hidden)
        config = {
            "input_dim": self.n_features_in_,
            "latent_dim": self.latent_dim,
            "encoder": layers(hidden),
            "decoder": layers(hidden[::-1]),
            "likelihood": self.likelihood,
        }
        return {**config, "sigma": self.sigma} if self.likelihood == "gaussian" else config

    def _find_scale(self, rows: Values) -> None:
        """mean_ and scale_ of the columns; 0 and 1 where they are taken as they are."""
        self.mean_, self.scale_ = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
        if self.likelihood == "gaussian" and self.standardize:
            self.mean_ = rows.mean(axis=0, dtype=np.float64)
            deviation = rows.std(axis=0, dtype=np.float64)
            # A deviation that rounding alone can leave is that of a constant column.
            constant = deviation <= len(rows) * np.finfo(np.float64).eps * np.abs(self.mean_)
            self.scale_ = np.where(constant, 1.0, deviation)

    def _standardized(self, rows: Values) -> Values:
        """Rows as the model sees them, float32, or as they are (bytes, for Bernoulli)."""
        if self.likelihood != "gaussian" or not self.standardize:
            return rows
        standardized: Values = ((rows - self.mean_) / self.scale_).astype(np.float32)
        return standardized

    def _checked(self, X: npt.ArrayLike) -> Values:
        """Rows for a fitted estimator."""
        check_is_fitted(self)
        rows: Values = validate_data(self, X, dtype=[np.float64, np.float32, np.uint8], reset=False)
        return rows

    def _score_samples(self, rows: Values) -> Values:
        """A lower bound of log p(x) of each row, in nats and in the units of X.

        All rows are given the same noise, so that a row's score does not depend on where it stands.
        """
        x, scores = self._standardized(rows), np.empty(len(rows))
        for begin in range(0, len(x), _SCORED_AT_A_TIME):
            part = x[begin : begin + _SCORED_AT_A_TIME]
            draws, _, latent = self._score_noise.shape
            noise = np.broadcast_to(self._score_noise, (draws, len(part), latent))
            scores[begin : begin + len(part)] = self.model_.scores(part, noise).loss
        bounds: Values = -scores - np.log(self.scale_).sum()
        return bounds

    def score_samples(self, X: npt.ArrayLike) -> Values:
        """A lower bound of log p(x) of each row: the lower, the less the model expects the row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            The evidence lower bound, in nats, the mean of `score_draws` draws of z. It is a density in the units of X.
        """
        return self._score_samples(self._checked(X))


class VAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _BaseVAE):  # type: ignore[misc]
    """A variational autoencoder as a scikit-learn estimator: codes of rows, new rows, and how likely a row is.

    Parameters
    ----------
    latent_dim : int, default=2
        Dimensions of the codes.
    hidden : sequence of int, default=(64,)
        Units of the encoder's hidden layers; the decoder has them the other way round.
    activation : str, default="relu"
        After each hidden layer: "relu", "tanh", "silu", "gelu", "elu", "leaky_relu", "sigmoid", "softplus", "identity".
    likelihood : {"gaussian", "bernoulli"}, default="gaussian"
        Bernoulli takes data in [0, 1], and bytes, which it divides by 255.
    sigma : float, default=0.5
        Of a Gaussian likelihood: the deviation of the noise that is left in a column, standardised if columns are.
    standardize : bool, default=True
        Whether a Gaussian model sees columns of mean 0 and deviation 1. Everything that comes out is in the units of X.
    epochs : int, default=100
    batch_size : int, default=32
    learning_rate : float, default=0.001
        Of Adam.
    beta : float, default=1.0
        Weight of the KL in training.
    score_draws : int, default=16
        Draws of z that scores are a mean of.
    random_state : int, RandomState or None, default=None
        Of weights, shuffling and noise.
    threads : int, default=0
        0: as many as there are processors. Results do not depend on it.

    Attributes
    ----------
    model_ : Model
        The trained model, on standardised columns.
    mean_, scale_ : ndarray of shape (n_features,)
        What columns are standardised by.
    loss_curve_ : list of float
        The mean loss of each epoch, in nats of what the model sees.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X had names for all columns.
    """

    def __init__(
        self,
        latent_dim: int = 2,
        *,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        likelihood: str = "gaussian",
        sigma: float = 0.5,
        standardize: bool = True,
        epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        beta: float = 1.0,
        score_draws: int = 16,
        random_state: int | np.random.RandomState | None = None,
        threads: int = 0,
    ) -> None:
        self.latent_dim = latent_dim
        self.hidden = hidden
        self.activation = activation
        self.likelihood = likelihood
        self.sigma = sigma
        self.standardize = standardize
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.beta = beta
        self.score_draws = score_draws
        self.random_state = random_state
        self.threads = threads

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        """For ClassNamePrefixFeaturesOutMixin: the columns are vae0, vae1, …"""
        return self.model_.latent_dim

    def fit(self, X: npt.ArrayLike, y: object = None) -> VAE:
        """Trains a new model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        VAE
            The estimator itself. After Ctrl-C (KeyboardInterrupt) it is usable as well, as trained so far.
        """
        self._fit(X)
        return self

    def transform(self, X: npt.ArrayLike) -> Values:
        """The codes of rows: the means of q(z|x), of shape (n_samples, latent_dim)."""
        rows = self._checked(X)
        return self.model_.encode(self._standardized(rows)).mean.astype(_float_type(rows), copy=False)

    def inverse_transform(self, X: npt.ArrayLike) -> Values:
        """The rows that codes stand for: means of p(x|z), of shape (n_samples, n_features), in the units of fit's X."""
        check_is_fitted(self)
        codes = check_array(X, dtype=[np.float64, np.float32])
        return self._in_units(self.model_.decode(codes)).astype(codes.dtype, copy=False)

    def sample(self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None) -> Values:
        """New rows: z drawn from the prior, and the means of p(x|z).

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState or None, default=None

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the units of fit's X.
        """
        check_is_fitted(self)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        return self._in_units(self.model_.sample(n_samples, seed))

    def _in_units(self, output: Values) -> Values:
        return output * self.scale_ + self.mean_

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """The mean of `score_samples`."""
        return float(self.score_samples(X).mean())


class VAEOutlierDetector(OutlierMixin, _BaseVAE):  # type: ignore[misc]
    """Finds rows that a variational autoencoder, trained on mostly usual rows, does not expect.

    Parameters
    ----------
    contamination : float, default=0.1
        The share of outliers in the training data, in (0, 0.5]: so many of its rows are called outliers.
    latent_dim, hidden, activation, likelihood, sigma, standardize, epochs, batch_size, learning_rate, beta
        As for `VAE`.
    score_draws, random_state, threads
        As for `VAE`.

    Attributes
    ----------
    offset_ : float
        The score under which a row is an outlier.
    model_, mean_, scale_, loss_curve_, n_features_in_, feature_names_in_
        As for `VAE`.
    """

    def __init__(
        self,
        contamination: float = 0.1,
        *,
        latent_dim: int = 2,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        likelihood: str = "gaussian",
        sigma: float = 0.5,
        standardize: bool = True,
        epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        beta: float = 1.0,
        score_draws: int = 16,
        random_state: int | np.random.RandomState | None = None,
        threads: int = 0,
    ) -> None:
        self.contamination = contamination
        self.latent_dim = latent_dim
        self.hidden = hidden
        self.activation = activation
        self.likelihood = likelihood
        self.sigma = sigma
        self.standardize = standardize
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.beta = beta
        self.score_draws = score_draws
        self.random_state = random_state
        self.threads = threads

    def fit(self, X: npt.ArrayLike, y: object = None) -> VAEOutlierDetector:
        """Trains a new model and sets `offset_`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        VAEOutlierDetector
            The estimator itself.
        """
        if not 0 < self.contamination <= 0.5:
            raise InvalidArgumentError(f"contamination is {self.contamination}; it must be over 0 and at most 0.5")
        rows = self._fit(X)
        self.offset_ = float(np.percentile(self._score_samples(rows), 100 * self.contamination))
        return self

    def decision_function(self, X: npt.ArrayLike) -> Values:
        """`score_samples` minus `offset_`, of shape (n_samples,): negative for outliers."""
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """-1 for outliers and 1 for the others, of shape (n_samples,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)


def _float_type(rows: Values) -> Any:
    return rows.dtype if rows.dtype.kind == "f" else np.float32
