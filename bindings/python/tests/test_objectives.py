"""Objectives: what is added to the bound, the estimators of its gradient, and dropout; keys as in model files."""

import libvae
import numpy as np
import pytest

from conftest import config, same
from test_model import file_config

REGULARIZERS = [
    {"regularizer": "tc", "regularizer_weight": 5.0},
    {"regularizer": "tc", "regularizer_weight": -0.5, "data_rows": 60000},
    {"regularizer": "dip_i", "regularizer_weight": 10.0, "regularizer_diagonal": 5.0},
    {"regularizer": "dip_ii", "regularizer_weight": 10.0, "regularizer_diagonal": 5.0},
    {"regularizer": "mmd_rbf", "regularizer_weight": 100.0},
    {"regularizer": "mmd_imq", "regularizer_weight": 100.0, "kernel_scale": 3.0},
    {"regularizer": "sliced_wasserstein", "regularizer_weight": 10.0, "projections": 20},
]
OBJECTIVES = [{"free_bits": 0.5}, {"capacity": 2.0, "capacity_weight": 30.0, "beta": 0.0}, *REGULARIZERS]
TRAININGS = [
    *OBJECTIVES,
    {"dropout": 0.3},
    {"capacity": 2.0, "capacity_weight": 3.0, "capacity_epochs": 4.0},
    {"objective": "iwae", "samples": 3, "estimator": "doubly_reparameterized"},
]


def name(options):
    return "-".join(str(value) for value in options.values())


@pytest.mark.parametrize("options", TRAININGS, ids=name)
def test_training_options_are_those_of_the_file(options, model, rows, tmp_path):
    plain = libvae.Model.create(config(), seed=1)
    plain.fit(rows, 1)
    model.fit(rows, 1, **options)
    assert not same(model, plain)
    model.save(tmp_path / "model.safetensors")
    assert model.config == file_config(tmp_path / "model.safetensors")
    usual = {"objective": "elbo", "samples": 1, "beta": 1.0}
    expected = {**plain.config["training"], **usual, **options}
    assert model.config["training"] == expected
    again = libvae.Model.create(config(), seed=1)
    again.fit(rows, 1, **model.config["training"])
    assert same(again, model)


@pytest.mark.parametrize("options", OBJECTIVES, ids=name)
def test_the_penalty_adds_up(options, model, rows):
    loss = model.evaluate(rows, **options)
    beta = options.get("beta", 1)
    assert np.isclose(loss.loss, loss.reconstruction + beta * loss.kl + loss.penalty, rtol=1e-6)
    assert loss.penalty != 0 and loss == model.evaluate(rows, **options)
    assert np.isclose(loss.kl, model.evaluate(rows).kl)


def test_free_bits_and_capacity_by_hand(model, rows):
    noise = np.zeros((1, 500, 3))
    posterior = model.encode(rows)
    mean, logvar = posterior.mean.astype(float), posterior.logvar.astype(float)
    kl = (0.5 * (mean**2 + np.exp(logvar) - 1 - logvar)).mean(0)
    plain = model.loss_and_gradients(rows, noise).loss
    freed = model.loss_and_gradients(rows, noise, free_bits=0.05).loss
    assert np.isclose(freed - plain, np.maximum(kl, 0.05).sum() - kl.sum(), atol=1e-5)
    held = model.loss_and_gradients(rows, noise, capacity=2, capacity_weight=3).loss
    assert np.isclose(held - plain, 3 * abs(kl.sum() - 2), atol=1e-5)


@pytest.mark.parametrize("options", OBJECTIVES, ids=name)
def test_gradients_are_slopes(options, rows):
    layer = {"units": 24, "activation": "tanh"}  # differences of the loss see no kinks
    model = libvae.Model.create(config(encoder=[layer], decoder=[layer]), seed=1)
    random = np.random.default_rng(3)
    noise, start, step = random.standard_normal((1, 200, 3)), model.parameters(), 1e-2
    direction = {key: random.standard_normal(array.shape) / 10 for key, array in start.items()}

    def loss_at(distance):
        model.set_parameters({key: array + distance * direction[key] for key, array in start.items()})
        return model.loss_and_gradients(rows[:200], noise, seed=5, **options).loss

    gradients = model.loss_and_gradients(rows[:200], noise, seed=5, **options).gradients
    slope = sum((gradients[key] * direction[key]).sum() for key in start)
    assert np.isclose((loss_at(step) - loss_at(-step)) / (2 * step), slope, rtol=1e-3, atol=2e-4)


def test_the_doubly_reparameterised_gradient(model, rows):
    """The decoder's is the plain one, the encoder's another with the same mean."""
    options = {"objective": "iwae", "samples": 8}
    plain = model.loss_and_gradients(rows, seed=3, **options)
    double = model.loss_and_gradients(rows, seed=3, estimator="doubly_reparameterized", **options)
    assert plain.loss == double.loss
    for key, gradient in plain.gradients.items():
        assert np.array_equal(gradient, double.gradients[key]) == key.startswith("decoder."), key


def test_validation_measures_the_whole_objective_without_dropout(model, rows):
    options = {"free_bits": 0.5, "beta": 0.5}
    epochs = model.fit(rows, 2, validation=rows[:50], dropout=0.5, warm_up="linear", warm_up_epochs=9, **options)
    assert epochs[-1].validation == model.evaluate(rows[:50], **options)


def test_the_capacity_of_a_step(model, rows):
    trainer = libvae.Trainer(model, capacity=2.0, capacity_weight=1.0, capacity_epochs=4.0)
    trainer.fit(rows, 2)
    assert 0.5 < trainer.info.capacity <= 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"objective": "iwae", "free_bits": 0.5}, ValueError, "free_bits"),
        ({"objective": "iwae", "capacity_weight": 1}, ValueError, "capacity"),
        ({"objective": "iwae", "regularizer": "tc", "regularizer_weight": 1}, ValueError, "regularizer"),
        ({"estimator": "doubly_reparameterized"}, ValueError, "estimator"),
        ({"estimator": "double"}, ValueError, "estimator is 'double'; it must be one of plain, doubly_reparameterized"),
        ({"free_bits": -1}, ValueError, "free_bits"),
        ({"regularizer": "l2"}, ValueError, "regularizer is 'l2'"),
        ({"data_rows": 2**64}, ValueError, "data_rows is"),
        ({"weight_decay": 1}, TypeError, "no option 'weight_decay' for an objective"),
    ],
)
def test_what_is_refused(model, rows, options, error, message):
    with pytest.raises(error, match=message):
        model.evaluate(rows, **options)


@pytest.mark.parametrize("dropout", [1, -0.1])
def test_dropout_that_is_refused(model, rows, dropout):
    with pytest.raises(ValueError, match="dropout"):
        model.fit(rows, 1, dropout=dropout)
