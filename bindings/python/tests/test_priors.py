"""Priors: conditional, mixture of Gaussians, VampPrior."""

import pickle

import libvae
import numpy as np
import pytest

from conftest import config, same

LAYER = {"units": 8, "activation": "tanh"}
PRIORS = {
    "standard": {},
    "conditional": {"condition_dim": 4, "prior_net": [LAYER]},
    "linear": {"prior": "conditional", "condition_dim": 4},
    "mixture": {"prior_components": 5},
    "mixture given c": {"prior": "mixture", "prior_components": 5, "condition_dim": 4},
    "vamp": {"prior_components": 5},
}


@pytest.fixture(params=PRIORS)
def model(request):
    smooth = {"encoder": [LAYER], "decoder": [LAYER]}  # differences of the loss see no kinks
    return libvae.Model.create(config(**{"prior": request.param, **smooth, **PRIORS[request.param]}), seed=1)


@pytest.fixture
def labels():
    return np.arange(500) % 4


def given(model, labels):
    return labels if model.condition_dim else None


def test_configurations_and_pickles(model, rows, labels):
    model.fit(rows, 2, condition=given(model, labels))
    again = pickle.loads(pickle.dumps(model))
    assert same(again, model) and again.config == model.config
    fresh = libvae.Model.create(model.config)
    assert fresh.config == {key: value for key, value in model.config.items() if key != "training"}
    assert ("prior_components" in model.config) == (model.config["prior"] in ("mixture", "vamp"))


def test_training_learns_and_samples(model, rows, labels):
    condition = given(model, labels)
    before = model.parameters()
    epochs = model.fit(rows, 20, condition=condition, batch_size=50, learning_rate=0.01)
    assert epochs[-1].training.loss < epochs[0].training.loss
    after = model.parameters()
    assert all(not np.array_equal(before[name], after[name]) for name in before if name.startswith("prior."))
    assert model.sample(7, condition=1 if model.condition_dim else None).shape == (7, 20)
    assert np.isfinite(model.statistics(rows, condition, samples=4).log_evidence)


def test_gradients_are_slopes(model, rows, labels):
    """Of the prior's own parameters and all others, against a difference of the loss along a random direction."""
    random = np.random.default_rng(3)
    x, condition = rows[:50], None if not model.condition_dim else labels[:50]
    noise, start, step = random.standard_normal((2, 50, 3)), model.parameters(), 1e-2
    direction = {name: random.standard_normal(array.shape) / 10 for name, array in start.items()}

    def loss_at(distance):
        model.set_parameters({name: array + distance * direction[name] for name, array in start.items()})
        return model.loss_and_gradients(x, noise, condition).loss

    gradients = model.loss_and_gradients(x, noise, condition).gradients
    slope = sum((gradients[name] * direction[name]).sum() for name in start)
    assert np.isclose((loss_at(step) - loss_at(-step)) / (2 * step), slope, rtol=1e-3, atol=2e-4)


def test_the_standard_prior_is_zeros():
    prior = libvae.Model.create(config()).prior(rows=2)
    assert prior.mean.shape == prior.logvar.shape == (2, 3) and not prior.mean.any() and not prior.logvar.any()


def test_a_conditional_prior(labels):
    model = libvae.Model.create(config(prior="conditional", condition_dim=4, prior_net=[LAYER]), seed=1)
    parameters = {name: array.astype(float) for name, array in model.parameters().items()}
    hidden = np.tanh(np.eye(4)[labels] @ parameters["prior.0.weight"].T + parameters["prior.0.bias"])
    for head, found in zip(("mean", "logvar"), model.prior(labels)):
        expected = hidden @ parameters[f"prior.{head}.weight"].T + parameters[f"prior.{head}.bias"]
        assert np.allclose(found, expected, atol=1e-5)
    assert model.prior(2).mean.shape == (1, 3) and model.prior(2, rows=6).mean.shape == (6, 3)
    assert np.array_equal(model.prior(2, rows=6).mean[5], model.prior(labels).mean[2])
    with pytest.raises(libvae.MismatchError, match="condition"):
        model.prior(rows=3)


@pytest.mark.parametrize("prior", ["mixture", "vamp"])
def test_priors_that_are_not_one_normal_distribution(prior):
    with pytest.raises(libvae.UnsupportedError, match=prior):
        libvae.Model.create(config(prior=prior, prior_components=5)).prior()


def test_tensors_of_priors():
    def shapes(**changes):
        found = libvae.Model.create(config(**changes)).parameters()
        return {name: array.shape for name, array in found.items() if name.startswith("prior.")}

    assert shapes(prior="vamp", prior_components=5) == {"prior.pseudo_inputs": (5, 20)}
    assert shapes(prior="mixture", prior_components=5) == {
        "prior.mixture.logits": (5,), "prior.mixture.mean": (5, 3), "prior.mixture.logvar": (5, 3)
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"prior": "conditional"},
        {"prior": "vamp", "prior_components": 5, "condition_dim": 4},
        {"prior": "mixture"},
        {"prior_components": 5},
        {"prior_net": [LAYER]},
    ],
)
def test_what_makes_no_sense_is_refused(changes):
    with pytest.raises(libvae.VAEError, match="prior|condition"):
        libvae.Model.create(config(**changes))
