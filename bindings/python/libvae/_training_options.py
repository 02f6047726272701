"""What is minimised and how: options as dictionaries, with the keys and words of model files, and as structs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from . import _c_api as c
from ._config import real, whole, word
from .errors import InvalidArgumentError, UnsupportedError

BF16_OR_FLOAT32 = "bf16-or-float32"
_TRAINED_IN = [c.PRECISIONS[c.PRECISION_FLOAT32], c.PRECISIONS[c.PRECISION_BFLOAT16], BF16_OR_FLOAT32]


class ObjectiveOptions(TypedDict, total=False):
    """What is minimised. What is left out has the library's default, which stands in brackets.

    docs/OBJECTIVES.md has the formulas, their sources, and a table of what combines.

    Attributes
    ----------
    objective : {"elbo", "iwae"}
        The evidence lower bound (Kingma & Welling 2014), or the importance-weighted bound (Burda et al. 2016). ["elbo"]
    samples : int
        Latent samples of each example. [1]
    beta : float
        Weight of the KL; must be 1 for "iwae". [1]
    binarization : {"none", "dynamic"}
        "dynamic": grey data become 0 or 1 anew in every step, for a bernoulli likelihood. ["none"]
    estimator : {"plain", "doubly_reparameterized"}
        Of the gradient of "iwae" for the encoder (Tucker et al. 2019). ["plain"]
    free_bits : float
        Nats that each latent's KL counts at least (Kingma et al. 2016). [0]
    capacity, capacity_weight : float
        capacity_weight |KL - capacity|, in nats, is added to the loss (Burgess et al. 2018). [0, 0]
    regularizer : {"none", "tc", "dip_i", "dip_ii", "mmd_rbf", "mmd_imq", "sliced_wasserstein"}
        What couples the examples of a mini-batch; regularizer_weight, regularizer_diagonal and kernel_scale (float),
        projections and data_rows (int) belong to it. ["none"]
    """

    objective: str
    samples: int
    beta: float
    binarization: str
    estimator: str
    free_bits: float
    capacity: float
    capacity_weight: float
    regularizer: str
    projections: int
    regularizer_weight: float
    regularizer_diagonal: float
    kernel_scale: float
    data_rows: int


class TrainingOptions(ObjectiveOptions, total=False):
    """How a model is trained: the objective, as ObjectiveOptions says, and what follows, with defaults in brackets.

    Attributes
    ----------
    batch_size : int
        Rows of a mini-batch; the last one of an epoch may be smaller. [128]
    optimizer : {"adam", "adamw"}
        Adam (Kingma & Ba 2015), or with a weight_decay over 0 AdamW (Loshchilov & Hutter 2019). ["adam"]
    learning_rate, beta1, beta2, epsilon : float
        Adam's constants. [0.001, 0.9, 0.999, 1e-8]
    seed : int
        Of shuffling and noise. [0]
    rate_schedule : {"constant", "exponential", "cosine", "steps", "burda"}
        Of the learning rate; rate_decay, rate_epochs, rate_floor (float) and rate_milestones (list of int) belong to
        it. ["constant"]
    warm_up : {"none", "linear", "cyclic"}
        Of beta; warm_up_epochs, warm_up_share (float) and warm_up_cycles (int) belong to it. ["none"]
    capacity_epochs : float
        Epochs over which the capacity rises from 0. [0]
    weight_decay, clip_norm : float
        AdamW's decay of weights; the largest L2 norm of all gradients together, 0 for none. [0, 0]
    dropout : float
        Probability with which each output of a hidden layer is dropped in training. [0]
    patience : int
        Epochs without a lower validation loss after which `fit` ends; it then leaves the best parameters. 0: never. [0]
    precision : {"float32", "bf16", "bf16-or-float32"}
        What matrix products are computed in. "bf16" needs a processor with AVX512_BF16, or FEAT_BF16 (AArch64 Linux);
        "bf16-or-float32" trains in float32 where it cannot be had. ["float32"]
    """

    batch_size: int
    optimizer: str
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    seed: int
    rate_schedule: str
    rate_decay: float
    rate_epochs: float
    rate_floor: float
    rate_milestones: Sequence[int]
    warm_up: str
    warm_up_epochs: float
    warm_up_share: float
    warm_up_cycles: int
    capacity_epochs: float
    weight_decay: float
    clip_norm: float
    dropout: float
    patience: int
    precision: str


# What a key's value is: a number (float), a whole number of so many bits, or one of an enumeration's words. The field
# has the key's name, but for those of _FIELDS.
_Kind = type[float] | int | list[str]
_OBJECTIVE: dict[str, _Kind] = {
    "objective": c.OBJECTIVES,
    "samples": 32,
    "beta": float,
    "binarization": c.BINARIZATIONS,
    "estimator": c.ESTIMATORS,
    "free_bits": float,
    "capacity": float,
    "capacity_weight": float,
    "regularizer": c.REGULARIZERS,
    "projections": 32,
    "regularizer_weight": float,
    "regularizer_diagonal": float,
    "kernel_scale": float,
    "data_rows": 64,
}
_TRAINING: dict[str, _Kind] = {
    "batch_size": 32,
    "learning_rate": float,
    "beta1": float,
    "beta2": float,
    "epsilon": float,
    "seed": 64,
    "rate_schedule": c.RATE_SCHEDULES,
    "rate_decay": float,
    "rate_epochs": float,
    "rate_floor": float,
    "warm_up": c.WARM_UPS,
    "warm_up_epochs": float,
    "warm_up_share": float,
    "warm_up_cycles": 32,
    "capacity_epochs": float,
    "weight_decay": float,
    "clip_norm": float,
    "dropout": float,
    "patience": 32,
}
_FIELDS = {"objective": "kind"}
# These stand in every model file; the others only where they are not zero.
_ALWAYS = ("objective", "samples", "beta", "batch_size", "learning_rate", "beta1", "beta2", "epsilon", "seed")
_OPTIONS = tuple(TrainingOptions.__annotations__)


def _write(struct: Any, options: Mapping[str, Any], kinds: Mapping[str, _Kind]) -> None:
    """Sets the fields of those options that have one in this struct."""
    for key, kind in kinds.items():
        if key not in options:
            continue
        if isinstance(kind, list):
            value: float = word(key, options[key], kind)
        elif isinstance(kind, int):
            value = whole(key, options[key], bits=kind)
        else:
            value = real(key, options[key])
        setattr(struct, _FIELDS.get(key, key), value)


def _read(struct: Any, kinds: Mapping[str, _Kind]) -> dict[str, Any]:
    """The options that a model file would have."""
    options = {}
    for key, kind in kinds.items():
        value = getattr(struct, _FIELDS.get(key, key))
        if value or key in _ALWAYS:
            options[key] = kind[value] if isinstance(kind, list) else value
    return options


def objective_to_struct(options: ObjectiveOptions) -> c.Objective:
    """The struct for an objective."""
    for key in options:
        if key not in _OBJECTIVE:
            raise TypeError(f"there is no option {key!r} for an objective; there are {', '.join(_OBJECTIVE)}")
    struct = c.new(c.Objective)
    _write(struct, options, _OBJECTIVE)
    return struct


def training_to_struct(options: TrainingOptions) -> c.Training:
    """The struct for training options."""
    for key in options:
        if key not in _OPTIONS:
            raise TypeError(f"there is no option {key!r} for training; there are {', '.join(_OPTIONS)}")
    struct = c.new(c.Training)
    _write(struct.objective, options, _OBJECTIVE)
    _write(struct, options, _TRAINING)
    _check_optimizer(options, struct)
    milestones = [whole("rate_milestones", epoch) for epoch in options.get("rate_milestones", ())]
    if len(milestones) > c.MAX_MILESTONES:
        raise InvalidArgumentError(
            f"rate_milestones has {len(milestones)} entries; at most {c.MAX_MILESTONES} are allowed"
        )
    struct.rate_milestones[: len(milestones)] = milestones
    precision = word("precision", options.get("precision", "float32"), _TRAINED_IN)
    struct.precision_fallback = _TRAINED_IN[precision] == BF16_OR_FLOAT32
    struct.precision = c.PRECISION_BFLOAT16 if struct.precision_fallback else precision
    return struct


def _check_optimizer(options: TrainingOptions, struct: c.Training) -> None:
    """The library knows the optimiser by its weight_decay; files name it as well."""
    if options.get("optimizer", "adam") not in ("adam", "adamw"):
        raise UnsupportedError(f"optimizer is {options['optimizer']!r}; this version has adam and adamw")
    if "optimizer" in options and (options["optimizer"] == "adamw") != (struct.weight_decay > 0):
        raise InvalidArgumentError(f"optimizer is {options['optimizer']!r}; adamw is adam with a weight_decay over 0")


def training_to_dict(struct: c.Training) -> dict[str, Any]:
    """The options as they stand in a model file under `training`."""
    training = {**_read(struct.objective, _OBJECTIVE), **_read(struct, _TRAINING)}
    training["optimizer"] = "adamw" if struct.weight_decay > 0 else "adam"
    if milestones := [epoch for epoch in struct.rate_milestones if epoch]:
        training["rate_milestones"] = milestones
    if struct.precision != c.PRECISION_FLOAT32:
        training["precision"] = c.PRECISIONS[struct.precision]
    return training
