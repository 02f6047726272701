"""Configurations as dictionaries, with the keys and words of model files, and as the library's structs."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from . import _c_api as c
from .errors import InvalidArgumentError, UnsupportedError

_REQUIRED = ("input_dim", "latent_dim", "encoder", "decoder", "likelihood")
_OPTIONAL = ("condition_dim", "prior", "prior_net", "sigma", "groups", "output_activation", "training")
BF16_OR_FLOAT32 = "bf16-or-float32"
_TRAINED_IN = [c.PRECISIONS[c.PRECISION_FLOAT32], c.PRECISIONS[c.PRECISION_BFLOAT16], BF16_OR_FLOAT32]


class TrainingOptions(TypedDict, total=False):
    """How a model is trained. What is left out has the library's default, which stands in brackets.

    Attributes
    ----------
    objective : {"elbo", "iwae"}
        The evidence lower bound (Kingma & Welling 2014), or the importance-weighted bound (Burda et al. 2016). ["elbo"]
    samples : int
        Latent samples of each example. [1]
    beta : float
        Weight of the KL; must be 1 for "iwae". [1]
    batch_size : int
        Rows of a mini-batch; the last one of an epoch may be smaller. [128]
    optimizer : {"adam", "adamw"}
        Adam (Kingma & Ba 2015), or with a weight_decay over 0 AdamW (Loshchilov & Hutter 2019). ["adam"]
    learning_rate, beta1, beta2, epsilon : float
        Adam's constants. [0.001, 0.9, 0.999, 1e-8]
    seed : int
        Of shuffling and noise. [0]
    binarization : {"none", "dynamic"}
        "dynamic": grey data become 0 or 1 anew in every step, for a bernoulli likelihood. ["none"]
    rate_schedule : {"constant", "exponential", "cosine", "steps", "burda"}
        Of the learning rate; rate_decay, rate_epochs, rate_floor (float) and rate_milestones (list of int) belong to
        it. ["constant"]
    warm_up : {"none", "linear", "cyclic"}
        Of beta; warm_up_epochs, warm_up_share (float) and warm_up_cycles (int) belong to it. ["none"]
    weight_decay, clip_norm : float
        AdamW's decay of weights; the largest L2 norm of all gradients together, 0 for none. [0, 0]
    patience : int
        Kept in files for programs that stop early; `fit` takes it as it takes the others and does not stop by it. [0]
    precision : {"float32", "bf16", "bf16-or-float32"}
        What matrix products are computed in. "bf16" needs a processor with AVX512_BF16; "bf16-or-float32" trains in
        float32 where it cannot be had. ["float32"]
    """

    objective: str
    samples: int
    beta: float
    batch_size: int
    optimizer: str
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    seed: int
    binarization: str
    rate_schedule: str
    rate_decay: float
    rate_epochs: float
    rate_floor: float
    rate_milestones: Sequence[int]
    warm_up: str
    warm_up_epochs: float
    warm_up_share: float
    warm_up_cycles: int
    weight_decay: float
    clip_norm: float
    patience: int
    precision: str


_REALS = (
    "learning_rate",
    "beta1",
    "beta2",
    "epsilon",
    "rate_decay",
    "rate_epochs",
    "rate_floor",
    "warm_up_epochs",
    "warm_up_share",
    "weight_decay",
    "clip_norm",
)
_WHOLES = ("batch_size", "warm_up_cycles", "patience")
_WORDS = {"rate_schedule": c.RATE_SCHEDULES, "warm_up": c.WARM_UPS}
_TRAINING = tuple(TrainingOptions.__annotations__)


def whole(what: str, value: Any, bits: int = 32) -> int:
    """A whole number that fits into an unsigned field; ctypes would cut it without a word."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidArgumentError(f"{what} is {value!r}; it must be a whole number") from None
    if not 0 <= number < 2**bits:
        raise InvalidArgumentError(f"{what} is {number}; it must be from 0 to {2**bits - 1}")
    return number


def real(what: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidArgumentError(f"{what} is {value!r}; it must be a number") from None


def word(what: str, value: Any, words: Sequence[str]) -> int:
    """The number that stands for a word."""
    if value not in words:
        raise InvalidArgumentError(f"{what} is {value!r}; it must be one of {', '.join(words)}")
    return words.index(value)


def _check_keys(what: str, mapping: Mapping[str, Any], required: Sequence[str], optional: Sequence[str]) -> None:
    if not isinstance(mapping, Mapping):
        raise InvalidArgumentError(f"{what} is {mapping!r}; it must be a dictionary")
    for key in mapping:
        if key not in required and key not in optional:
            raise InvalidArgumentError(f"{what} has no key {key!r}; there are {', '.join([*required, *optional])}")
    for key in required:
        if key not in mapping:
            raise InvalidArgumentError(f"{what} lacks the key {key!r}")


def _layers(what: str, layers: Sequence[Mapping[str, Any]]) -> Any:
    """An array of C layers."""
    if not isinstance(layers, Sequence) or isinstance(layers, str):
        raise InvalidArgumentError(f"{what} is {layers!r}; it must be a list of layers")
    structs = c.new_array(c.Layer, len(layers))
    for struct, layer in zip(structs, layers):
        _check_keys(f"a layer of {what}", layer, ("units", "activation"), ())
        struct.units = whole(f"{what}'s units", layer["units"])
        struct.activation = word(f"{what}'s activation", layer["activation"], c.ACTIVATIONS)
    return structs


def config_to_struct(config: Mapping[str, Any]) -> c.Config:
    """The struct for a configuration. `training` is allowed and not used; what else is not a key is an error."""
    _check_keys("config", config, _REQUIRED, _OPTIONAL)
    struct = c.new(c.Config)
    for key in ("input_dim", "latent_dim", "condition_dim"):
        setattr(struct, key, whole(key, config.get(key, 0)))
    encoder, decoder = _layers("encoder", config["encoder"]), _layers("decoder", config["decoder"])
    struct.encoder, struct.encoder_count = encoder, len(encoder)
    struct.decoder, struct.decoder_count = decoder, len(decoder)
    struct.likelihood = word("likelihood", config["likelihood"], c.LIKELIHOODS)
    struct.prior = word("prior", config.get("prior", c.PRIORS[0]), c.PRIORS)
    struct.output_activation = word("output_activation", config.get("output_activation", "identity"), c.ACTIVATIONS)
    if config.get("prior_net"):
        raise UnsupportedError("prior_net has layers; this version has no such prior")
    sigma = config.get("sigma", struct.sigma)
    if isinstance(sigma, str):
        struct.sigma_kind = 1 + word("sigma", sigma, c.SIGMA_KINDS[1:])
    else:
        struct.sigma = real("sigma", sigma)
    groups = [whole("groups", group) for group in config.get("groups", ())]
    struct.groups, struct.group_count = (ctypes.c_uint32 * len(groups))(*groups), len(groups)
    return struct


def config_to_dict(struct: c.Config, training: c.Training | None) -> dict[str, Any]:
    """The configuration as it stands in a model file."""

    def layers(pointer: Any, count: int) -> list[dict[str, Any]]:
        return [{"units": layer.units, "activation": c.ACTIVATIONS[layer.activation]} for layer in pointer[:count]]

    config = {
        "input_dim": struct.input_dim,
        "condition_dim": struct.condition_dim,
        "latent_dim": struct.latent_dim,
        "encoder": layers(struct.encoder, struct.encoder_count),
        "decoder": layers(struct.decoder, struct.decoder_count),
        "prior": c.PRIORS[struct.prior],
        "prior_net": [],
        "likelihood": c.LIKELIHOODS[struct.likelihood],
        "sigma": c.SIGMA_KINDS[struct.sigma_kind] if struct.sigma_kind else struct.sigma,
        "output_activation": c.ACTIVATIONS[struct.output_activation],
    }
    if struct.group_count:
        config["groups"] = struct.groups[: struct.group_count]
    if training is not None:
        config["training"] = _training_to_dict(training)
    return config


def objective_to_struct(objective: str, samples: int, beta: float) -> c.Objective:
    struct = c.new(c.Objective)
    struct.kind = word("objective", objective, c.OBJECTIVES)
    struct.samples = whole("samples", samples)
    struct.beta = real("beta", beta)
    return struct


def training_to_struct(options: TrainingOptions, threads: int) -> c.Training:
    """The struct for training options; `threads` is 0 for the library's choice."""
    for key in options:
        if key not in _TRAINING:
            raise TypeError(f"there is no option {key!r} for training; there are {', '.join(_TRAINING)}")
    struct = c.new(c.Training)
    if "objective" in options:
        struct.objective.kind = word("objective", options["objective"], c.OBJECTIVES)
    if "samples" in options:
        struct.objective.samples = whole("samples", options["samples"])
    if "beta" in options:
        struct.objective.beta = real("beta", options["beta"])
    if "binarization" in options:
        struct.objective.binarization = word("binarization", options["binarization"], c.BINARIZATIONS)
    decays = real("weight_decay", options.get("weight_decay", 0)) > 0
    if options.get("optimizer", "adam") not in ("adam", "adamw"):
        raise UnsupportedError(f"optimizer is {options['optimizer']!r}; this version has adam and adamw")
    if "optimizer" in options and (options["optimizer"] == "adamw") != decays:
        raise InvalidArgumentError(f"optimizer is {options['optimizer']!r}; adamw is adam with a weight_decay over 0")
    for key, value in options.items():
        if key in _REALS:
            setattr(struct, key, real(key, value))
        elif key in _WHOLES:
            setattr(struct, key, whole(key, value))
        elif key in _WORDS:
            setattr(struct, key, word(key, value, _WORDS[key]))
    milestones = [whole("rate_milestones", epoch) for epoch in options.get("rate_milestones", ())]
    if len(milestones) > c.MAX_MILESTONES:
        raise InvalidArgumentError(f"rate_milestones has {len(milestones)} entries; at most {c.MAX_MILESTONES} are allowed")
    struct.rate_milestones[: len(milestones)] = milestones
    if "seed" in options:
        struct.seed = whole("seed", options["seed"], bits=64)
    precision = word("precision", options.get("precision", "float32"), _TRAINED_IN)
    struct.precision_fallback = _TRAINED_IN[precision] == BF16_OR_FLOAT32
    struct.precision = c.PRECISION_BFLOAT16 if struct.precision_fallback else precision
    struct.threads = whole("threads", threads, bits=31)
    return struct


def _training_to_dict(struct: c.Training) -> dict[str, Any]:
    training = {
        "objective": c.OBJECTIVES[struct.objective.kind],
        "samples": struct.objective.samples,
        "beta": struct.objective.beta,
        "batch_size": struct.batch_size,
        "optimizer": "adamw" if struct.weight_decay > 0 else "adam",
        "learning_rate": struct.learning_rate,
        "beta1": struct.beta1,
        "beta2": struct.beta2,
        "epsilon": struct.epsilon,
        "seed": struct.seed,
    }
    # What follows stands in a file only where it is not the default.
    if struct.objective.binarization:
        training["binarization"] = c.BINARIZATIONS[struct.objective.binarization]
    for key in (*_REALS[4:], *_WHOLES[1:], *_WORDS):
        if value := getattr(struct, key):
            training[key] = _WORDS[key][value] if key in _WORDS else value
    if milestones := [epoch for epoch in struct.rate_milestones if epoch]:
        training["rate_milestones"] = milestones
    if struct.precision != c.PRECISION_FLOAT32:
        training["precision"] = c.PRECISIONS[struct.precision]
    return training
