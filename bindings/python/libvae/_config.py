"""Models' configurations as dictionaries, with the keys and words of model files, and as the library's structs."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from . import _c_api as c
from .errors import InvalidArgumentError

_REQUIRED = ("input_dim", "latent_dim", "encoder", "decoder", "likelihood")
_OPTIONAL = (
    "condition_dim", "prior", "prior_net", "prior_components", "sigma", "groups", "output_activation", "training"
)
_STACKS = ("encoder", "decoder", "prior_net")


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
    for key in ("input_dim", "latent_dim", "condition_dim", "prior_components"):
        setattr(struct, key, whole(key, config.get(key, 0)))
    for stack in _STACKS:
        layers = _layers(stack, config.get(stack, ()))
        setattr(struct, stack, layers)
        setattr(struct, f"{stack}_count", len(layers))
    struct.likelihood = word("likelihood", config["likelihood"], c.LIKELIHOODS)
    struct.prior = word("prior", config.get("prior", c.PRIORS[0]), c.PRIORS)
    struct.output_activation = word("output_activation", config.get("output_activation", "identity"), c.ACTIVATIONS)
    sigma = config.get("sigma", struct.sigma)
    if isinstance(sigma, str):
        struct.sigma_kind = 1 + word("sigma", sigma, c.SIGMA_KINDS[1:])
    else:
        struct.sigma = real("sigma", sigma)
    groups = [whole("groups", group) for group in config.get("groups", ())]
    struct.groups, struct.group_count = (ctypes.c_uint32 * len(groups))(*groups), len(groups)
    return struct


def config_to_dict(struct: c.Config) -> dict[str, Any]:
    """The configuration as it stands in a model file, but for `training`."""

    def layers(stack: str) -> list[dict[str, Any]]:
        pointer, count = getattr(struct, stack), getattr(struct, f"{stack}_count")
        found = pointer[:count] if count else []
        return [{"units": layer.units, "activation": c.ACTIVATIONS[layer.activation]} for layer in found]

    config = {
        "input_dim": struct.input_dim,
        "condition_dim": struct.condition_dim,
        "latent_dim": struct.latent_dim,
        "encoder": layers("encoder"),
        "decoder": layers("decoder"),
        "prior": c.PRIORS[struct.prior],
        "prior_net": layers("prior_net"),
        "likelihood": c.LIKELIHOODS[struct.likelihood],
        "sigma": c.SIGMA_KINDS[struct.sigma_kind] if struct.sigma_kind else struct.sigma,
        "output_activation": c.ACTIVATIONS[struct.output_activation],
    }
    if struct.group_count:
        config["groups"] = struct.groups[: struct.group_count]
    if struct.prior_components:
        config["prior_components"] = struct.prior_components
    return config
