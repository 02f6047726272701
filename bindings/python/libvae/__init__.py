"""Variational autoencoders on a CPU, from the C library libvae: NumPy arrays in and out.

`Model` is the library; `VAE` and `VAEOutlierDetector` are estimators for scikit-learn; `libvae.onnx` exports to ONNX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import _c_api
from ._arrays import Condition
from ._model import Model
from ._presets import Preset, preset, preset_names
from ._results import Epoch, Loss, LossAndGradients, Posterior, Prior, Progress, Scores, TrainerInfo
from ._statistics import Statistics
from ._trainer import Trainer
from ._training_options import ObjectiveOptions, TrainingOptions
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
    from . import onnx as onnx
    from ._estimators import VAE as VAE
    from ._estimators import VAEOutlierDetector as VAEOutlierDetector

__version__: str = _c_api.lib.vae_version_string().decode()

__all__ = [
    "Condition",
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
    "ObjectiveOptions",
    "OutOfMemoryError",
    "Posterior",
    "Preset",
    "Prior",
    "Progress",
    "Scores",
    "Statistics",
    "Trainer",
    "TrainerInfo",
    "TrainingOptions",
    "UnsupportedError",
    "VAEError",
    "available_isas",
    "preset",
    "preset_names",
]


def available_isas() -> list[str]:
    """The instruction sets that this build has kernels for and this machine can run."""
    return [name for number, name in enumerate(_c_api.ISAS) if number and _c_api.lib.vae_isa_available(number)]


def __getattr__(name: str) -> Any:
    """What needs other packages is imported when it is asked for, and not named in __all__: the rest works without."""
    if name in ("VAE", "VAEOutlierDetector"):
        return getattr(importlib.import_module("libvae._estimators"), name)
    if name == "onnx":
        return importlib.import_module("libvae.onnx")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
