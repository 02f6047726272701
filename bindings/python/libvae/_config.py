"""Configurations as dictionaries, with the keys and words of model files, and as the library's structs."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from . import _c_api as c
from .errors import InvalidArgumentError, UnsupportedError

_REQUIRED = ("input_dim", "latent_dim", "encoder", "decoder", "likelihood")
_OPTIONAL = ("condition_dim", "prior", "prior_net", "sigma", "output_activation", "training")
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
    optimizer : {"adam"}
        Adam (Kingma & Ba 2015). ["adam"]
    learning_rate, beta1, beta2, epsilon : float
        Adam's constants. [0.001, 0.9, 0.999, 1e-8]
    seed : int
        Of shuffling and noise. [0]
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
    precision: str


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
    if isinstance(config.get("sigma"), str):
        raise UnsupportedError(f"sigma is {config['sigma']!r}; this version needs a number")
    if "sigma" in config:
        struct.sigma = real("sigma", config["sigma"])
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
        "sigma": struct.sigma,
        "output_activation": c.ACTIVATIONS[struct.output_activation],
    }
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
    if "batch_size" in options:
        struct.batch_size = whole("batch_size", options["batch_size"])
    if options.get("optimizer", "adam") != "adam":
        raise UnsupportedError(f"optimizer is {options['optimizer']!r}; this version has adam")
    for key in ("learning_rate", "beta1", "beta2", "epsilon"):
        if key in options:
            setattr(struct, key, real(key, options[key]))  # type: ignore[literal-required]
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
        "optimizer": "adam",
        "learning_rate": struct.learning_rate,
        "beta1": struct.beta1,
        "beta2": struct.beta2,
        "epsilon": struct.epsilon,
        "seed": struct.seed,
    }
    if struct.precision != c.PRECISION_FLOAT32:
        training["precision"] = c.PRECISIONS[struct.precision]
    return training
