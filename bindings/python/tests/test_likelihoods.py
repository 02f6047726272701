"""p(x|z): its parameters, mean and samples by name, for every likelihood."""

import libvae
import numpy as np
import pytest
from libvae import _c_api as c

from conftest import config

LOCATED = ("gaussian", "laplace", "log_cosh")
KINDS = [{"likelihood": name} for name in c.LIKELIHOODS if name != "categorical"] + [
    {"likelihood": "categorical", "groups": [3, 2, 15]},
    *({"likelihood": name, "sigma": sigma} for name in LOCATED for sigma in (0.25, "global", "per_output")),
    {"likelihood": "gaussian", "output_activation": "softplus"},
    {"likelihood": "student_t", "output_activation": "tanh"},
]
NAMES = {
    "bernoulli": ["probability"], "categorical": ["probability"], "continuous_bernoulli": ["lambda"],
    "gaussian": ["location", "scale"], "laplace": ["location", "scale"], "log_cosh": ["location", "scale"],
    "poisson": ["rate"], "negative_binomial": ["mean", "dispersion"], "student_t": ["location", "scale", "df"],
}


def rough_model(**changes):
    """Parameters of some size, so that rows and columns differ."""
    model, random = libvae.Model.create(config(**changes)), np.random.default_rng(1)
    model.set_parameters({name: random.normal(0, 0.3, array.shape) for name, array in model.parameters().items()})
    if changes["likelihood"] == "student_t":  # more than 4 degrees of freedom: mean and variance are there
        model.set_parameters({"decoder.log_df": random.uniform(1.6, 2.5, 20)})
    return model


@pytest.fixture
def z():
    return np.random.default_rng(2).standard_normal((6, 3)).astype(np.float32)


@pytest.mark.parametrize("changes", KINDS, ids=lambda changes: "-".join(map(str, changes.values())))
class TestEveryLikelihood:
    def test_parameters(self, changes, z):
        model = rough_model(**changes)
        parameters = model.likelihood_parameters(z)
        assert list(parameters) == NAMES[changes["likelihood"]] == c.LIKELIHOOD_PARAMETERS[changes["likelihood"]]
        assert all(array.shape == (6, 20) and array.dtype == np.float32 for array in parameters.values())
        first, *others = parameters.values()
        assert np.array_equal(first, model.decode(z)) and all((array > 0).all() for array in others)

    def test_mean(self, changes, z):
        model = rough_model(**changes)
        if changes["likelihood"] == "continuous_bernoulli":
            lam = model.decode(z).astype(float)
            mean = lam / (2 * lam - 1) + 1 / (2 * np.arctanh(1 - 2 * lam))  # Loaiza-Ganem & Cunningham 2019, eq. 8
        else:
            mean = model.decode(z)
        assert np.allclose(model.likelihood_mean(z), mean, atol=1e-4)

    def test_samples(self, changes, z):
        """Many draws at one z have the mean and are in the likelihood's range; a stream is the same however cut."""
        model = rough_model(**changes)
        draws = model.likelihood_samples(np.repeat(z[:1], 20_000, axis=0), seed=3).astype(float)
        deviation = np.sqrt(draws.var(0) / len(draws))
        assert (np.abs(draws.mean(0) - model.likelihood_mean(z[:1])[0]) <= 5 * deviation + 1e-6).all()
        many = model.likelihood_samples(z, seed=3)
        assert np.array_equal(many[2:], model.likelihood_samples(z[2:], seed=3, first_row=2))
        assert not np.array_equal(many, model.likelihood_samples(z, seed=4))
        kind = changes["likelihood"]
        if kind in ("poisson", "negative_binomial"):
            assert (draws == np.round(draws)).all() and draws.min() == 0
        elif kind == "bernoulli":
            assert set(np.unique(draws)) == {0, 1}
        elif kind == "categorical":
            groups = np.split(draws, np.cumsum(changes["groups"])[:-1], axis=1)
            assert set(np.unique(draws)) == {0, 1} and all((group.sum(1) == 1).all() for group in groups)
        model.evaluate(model.likelihood_samples(z, seed=3))  # what is drawn can be data


def test_scales_of_sigma(z):
    assert (rough_model(likelihood="laplace", sigma=0.25).likelihood_parameters(z)["scale"] == 0.25).all()
    one = rough_model(likelihood="gaussian", sigma="global")
    sigma = np.exp(one.parameters()["decoder.log_sigma"])
    assert np.allclose(one.likelihood_parameters(z)["scale"], sigma, rtol=1e-5)
    assert np.ptp(rough_model(likelihood="gaussian", sigma="per_output").likelihood_parameters(z)["scale"], 0).min() > 0


def test_with_a_condition(z):
    model = rough_model(likelihood="gaussian", condition_dim=4)
    labels = np.arange(6) % 4
    for function in (model.likelihood_mean, model.likelihood_samples):
        assert np.array_equal(function(z, labels), function(z, np.eye(4)[labels]))
        assert not np.array_equal(function(z, labels), function(z, 0))
    location = model.likelihood_parameters(z, labels)["location"]
    assert np.array_equal(location, model.decode(z, labels))
    with pytest.raises(libvae.MismatchError, match="condition"):
        model.likelihood_mean(z)


def test_a_student_t_without_a_mean(z):
    model = rough_model(likelihood="student_t")
    model.set_parameters({"decoder.log_df": np.full(20, -0.1)})
    assert (model.likelihood_parameters(z)["df"] < 1).all()
    with pytest.raises(libvae.UnsupportedError, match="degree"):
        model.likelihood_mean(z)


def test_negative_binomial_learns_dispersed_counts():
    """Against the log probability of its parameters, from Python's own log Gamma."""
    from math import lgamma, log

    random = np.random.default_rng(3)
    counts = random.poisson(random.gamma(2, 3, (400, 20))).astype(np.float32)
    model = libvae.Model.create(config(likelihood="negative_binomial"))
    model.init_output_bias(counts)
    epochs = model.fit(counts, 30, batch_size=50, learning_rate=0.01)
    assert epochs[-1].training.loss < epochs[0].training.loss
    result = model.loss_and_gradients(counts[:5], np.zeros((1, 5, 3)))
    parameters = model.likelihood_parameters(result.z[0])
    expected = [
        -sum(
            lgamma(x + r) - lgamma(r) - lgamma(x + 1) + r * log(r / (r + m)) + x * log(m / (r + m))
            for x, m, r in zip(row.tolist(), mean.tolist(), dispersion.tolist())
        )
        for row, mean, dispersion in zip(counts, parameters["mean"], parameters["dispersion"])
    ]
    assert np.allclose(result.reconstruction_nll[0], expected, rtol=1e-5)
