"""Variational autoencoders on a CPU, from the C library libvae: NumPy arrays in and out.

`Model` is the library; `VAE` and `VAEOutlierDetector` are estimators for scikit-learn; `libvae.onnx` exports to ONNX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _c_api
from ._config import TrainingOptions
from ._model import Model
from ._results import Epoch, Loss, LossAndGradients, Posterior, Progress, Scores, TrainerInfo
from ._trainer import Trainer
from .errors import (
    DataError,
    FileError,
    FormatError,
    InvalidArgumentError,
    MismatchError,
    NotFiniteError,
    OutOfMemoryError,
    UnsupportedError,
    VAEError,
)

if TYPE_CHECKING:
    from ._estimators import VAE, VAEOutlierDetector

__version__: str = _c_api.lib.vae_version_string().decode()

__all__ = [
    "DataError",
    "Epoch",
    "FileError",
    "FormatError",
    "InvalidArgumentError",
    "Loss",
    "LossAndGradients",
    "MismatchError",
    "Model",
    "NotFiniteError",
    "OutOfMemoryError",
    "Posterior",
    "Progress",
    "Scores",
    "Trainer",
    "TrainerInfo",
    "TrainingOptions",
    "UnsupportedError",
    "VAE",
    "VAEError",
    "VAEOutlierDetector",
]


def __getattr__(name: str) -> Any:
    """The estimators are imported when they are asked for: the rest works without scikit-learn."""
    if name in ("VAE", "VAEOutlierDetector"):
        from . import _estimators

        return getattr(_estimators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
