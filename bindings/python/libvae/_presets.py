"""Published and widely used models by name."""

from __future__ import annotations

import dataclasses
from ctypes import byref
from typing import Any

from . import _c_api as c
from . import _config, _training_options
from .errors import InvalidArgumentError


@dataclasses.dataclass(frozen=True)
class Preset:
    """A point of the model space with the way it is trained.

    `libvae.Model.create(preset.config).fit(x, preset.epochs, **preset.training)` trains it.

    Attributes
    ----------
    name : str
    source : str
        The paper or program that it comes from.
    summary : str
        What it stands for, and where it differs from its source.
    epochs : int
        That its source trains for, or a sensible number.
    config : dict
        For images of 28 x 28 where the source has them: set `input_dim` (and `groups`) for other data.
    training : dict
        Options of `Model.fit`.
    """

    name: str
    source: str
    summary: str
    epochs: int
    config: dict[str, Any]
    training: dict[str, Any]


def preset_names() -> list[str]:
    """The presets' names, in the order in which programs list them."""
    return list(c.PRESETS)


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises
    ------
    InvalidArgumentError
        For a name that `preset_names` does not have.
    """
    if name not in c.PRESETS:
        raise InvalidArgumentError(f"there is no preset {name!r}; there are {', '.join(c.PRESETS)}")
    info, config, training = c.new(c.PresetInfo), c.new(c.Config), c.new(c.Training)
    c.call(c.lib.vae_preset_get, name.encode(), byref(info), byref(config), byref(training))
    return Preset(
        name,
        info.source.decode(),
        info.summary.decode(),
        info.epochs,
        _config.config_to_dict(config),
        _training_options.training_to_dict(training),
    )
