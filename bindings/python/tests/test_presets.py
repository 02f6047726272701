"""Presets: published models by name."""

import re

import libvae
import numpy as np
import pytest

from conftest import REPOSITORY


def test_names_are_those_of_the_documentation():
    page = (REPOSITORY / "docs" / "PRESETS.md").read_text()
    assert libvae.preset_names() == re.findall(r"^\| `([\w-]+)` \|", page, re.M)
    with pytest.raises(ValueError, match="no preset 'mnist'; there are tutorial-mse, kingma-mlp"):
        libvae.preset("mnist")


@pytest.mark.parametrize("name", libvae.preset_names())
def test_a_preset_is_a_model_and_its_training(name):
    preset = libvae.preset(name)
    assert preset.name == name and preset.source and preset.summary and preset.epochs > 0
    model = libvae.Model.create(preset.config)
    assert model.config == preset.config
    libvae.Trainer(model, **preset.training).step(np.zeros((4, model.input_dim)), condition=a_condition(model))
    assert model.config["training"] == preset.training


def a_condition(model):
    return np.zeros((4, model.condition_dim), np.float32) if model.condition_dim else None


def test_a_preset_for_other_data(rows):
    preset = libvae.preset("cvae-label")
    model = libvae.Model.create({**preset.config, "input_dim": 20, "condition_dim": 2})
    epochs = model.fit(rows, 2, condition=np.arange(500) % 2, **preset.training)
    assert epochs[1].training.loss < epochs[0].training.loss
