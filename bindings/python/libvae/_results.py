"""What the library's functions give back. N rows, K latent samples of each, D inputs, Z latent dimensions.

Everything that is a logarithm of a probability is in nats.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class Posterior(NamedTuple):
    """The approximate posterior q(z|x), a normal distribution with a diagonal covariance.

    Attributes
    ----------
    mean, logvar : ndarray of shape (N, Z), float32
        `logvar` is the logarithm of the variance, clamped to [-20, 20].
    """

    mean: Array
    logvar: Array


class Prior(NamedTuple):
    """The prior p(z|c) of each row, a normal distribution with a diagonal covariance.

    Attributes
    ----------
    mean, logvar : ndarray of shape (N, Z), float32
        `logvar` is the logarithm of the variance, clamped to [-20, 20].
    """

    mean: Array
    logvar: Array


@dataclasses.dataclass(frozen=True)
class Loss:
    """Means over examples, in nats per example, summed over dimensions.

    Attributes
    ----------
    examples : int
        The number of examples that the means are over.
    loss : float
        What is minimised: reconstruction + beta kl + penalty, or the negative importance-weighted bound.
    reconstruction : float
        -log p(x|z), normalising constants included, mean over samples.
    kl : float
        KL(q(z|x), p(z)), not multiplied by beta: in closed form, or for a mixture or VampPrior the mean over samples
        of log q(z|x) - log p(z).
    negative_elbo : float
        reconstruction + kl.
    penalty : float
        What else an objective adds to the loss.
    """

    examples: int
    loss: float
    reconstruction: float
    kl: float
    negative_elbo: float
    penalty: float


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """The terms of each example, in nats: the higher its loss, the less the model expects the row.

    Attributes
    ----------
    loss, reconstruction, kl : ndarray of shape (N,), float32
    total : Loss
        The means over all examples.
    """

    loss: Array
    reconstruction: Array
    kl: Array
    total: Loss


@dataclasses.dataclass(frozen=True, eq=False)
class LossAndGradients:
    """The objective of one mini-batch, its terms and its gradient.

    Attributes
    ----------
    loss : float
        What is minimised, in nats: the mean over the mini-batch.
    reconstruction_nll : ndarray of shape (K, N), float32
        -log p(x|z) of each sample, in nats, normalising constants included.
    kl : ndarray of shape (N,), float32
        KL(q(z|x), p(z)), in nats, as in `Loss`.
    mean, logvar : ndarray of shape (N, Z), float32
        Of q(z|x).
    z : ndarray of shape (K, N, Z), float32
        The latent samples, mean + exp(logvar / 2) noise.
    output : ndarray of shape (K, N, D), float32
        The likelihood's mean.
    gradients : dict of str to ndarray, float32
        d loss / d parameter, under the parameter's name and in its shape.
    """

    loss: float
    reconstruction_nll: Array
    kl: Array
    mean: Array
    logvar: Array
    z: Array
    output: Array
    gradients: dict[str, Array]


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a run of training is.

    Attributes
    ----------
    epoch, epochs : int
        The running epoch of this run, from 1, and how many there will be.
    batch, batches : int
        Mini-batches done in the running epoch, and in all of it.
    step : int
        Adam's steps since the trainer was new.
    training : Loss
        Means over the examples of the running epoch so far, each measured before the step that it belongs to.
    validation : Loss or None
        Means over the validation rows, at the end of an epoch.
    is_epoch_end : bool
        Whether the epoch is done and validated.
    is_best : bool
        Whether the epoch's validation loss is the lowest so far, of a run with `patience`.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    step: int
    training: Loss
    validation: Loss | None
    is_epoch_end: bool
    is_best: bool = False


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes
    ----------
    epoch : int
        Counted from 1 since the trainer was new.
    training : Loss
        Means over the training rows.
    validation : Loss or None
        Means over the validation rows after the epoch.
    is_best : bool
        Whether the validation loss is the lowest so far, of a run with `patience`.
    """

    epoch: int
    training: Loss
    validation: Loss | None
    is_best: bool = False


@dataclasses.dataclass(frozen=True)
class TrainerInfo:
    """Where a trainer stands.

    Attributes
    ----------
    threads : int
        The size of the last step's team of threads; before the first step the most it may have.
    isa : str
        The instruction set of its kernels: "avx512", "avx2", "neon" or "portable".
    precision : str
        What matrix products are computed in: "float32" or "bf16".
    bytes : int
        Memory that the trainer holds.
    epoch, batch, step : int
        Epochs finished, batches done in a stopped epoch, Adam's steps.
    learning_rate, beta, capacity : float
        Of the last step, by their schedules; 0 before the first.
    gradient_norm : float
        Of the last step, before clipping; 0 without `clip_norm`.
    best_loss : float or None
        The lowest loss that was judged; None where none was.
    best_epoch : int
        Epochs that were finished then.
    waited : int
        Judgements since the best one.
    """

    threads: int
    isa: str
    precision: str
    bytes: int
    epoch: int
    batch: int
    step: int
    learning_rate: float
    beta: float
    capacity: float
    gradient_norm: float
    best_loss: float | None
    best_epoch: int
    waited: int
