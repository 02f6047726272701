"""Statistics: log p(x), the bound's parts, what latents do."""

import dataclasses

import libvae
import numpy as np
import pytest

from conftest import config


@pytest.fixture
def trained(model, rows):
    model.fit(rows, 20, batch_size=50, learning_rate=0.01)
    return model


def test_numbers_belong_together(trained, rows):
    found = trained.statistics(rows, samples=50, seed=3)
    assert found.examples == 500 and found.latent_kl.shape == (3,) and found.row_log_evidence.shape == (500,)
    assert np.isclose(found.row_log_evidence.mean(), found.log_evidence)
    assert np.isclose(found.row_effective_samples.mean(), found.effective_samples)
    assert found.row_effective_samples.min() == found.effective_samples_min >= 1
    assert np.isclose(found.latent_kl.sum(), found.kl)
    assert np.isclose(found.aggregate_kl, found.kl - found.mutual_information)
    assert np.isclose(found.latent_variance, trained.encode(rows).mean.var(0, dtype=float)).all()
    assert found.active_latents == (found.latent_variance > 0.01).sum()
    assert found.interval_low < found.log_evidence < found.interval_high
    assert found.bits == "cross entropy" and found.aggregate_rows == 500
    bound = trained.evaluate(rows, objective="iwae", samples=50, seed=3)
    assert found.log_evidence == -bound.loss
    assert np.isclose(found.negative_elbo, found.reconstruction + found.kl)
    assert found.log_evidence > -found.negative_elbo
    assert found.log_evidence != trained.statistics(rows, samples=50, seed=4).log_evidence


def test_options_arrive(trained, rows):
    usual = trained.statistics(rows, samples=8)
    assert trained.statistics(rows, samples=8, active_variance=100).active_latents == 0
    assert trained.statistics(rows, samples=8, aggregate_rows=50).aggregate_rows == 50
    gaussian = libvae.Model.create(config(likelihood="gaussian"))
    assert gaussian.statistics(rows, samples=8).bits == "density"
    assert gaussian.statistics(rows, samples=8, bin_width=1 / 256).bits == "bins"
    bytes_ = gaussian.statistics((255 * rows).astype(np.uint8), scale=1 / 255, samples=8)
    assert bytes_.bits == "bins"
    binary = trained.statistics(rows > 0.5, samples=8)
    assert binary.bits == "code length" and binary.bits_per_dimension > 0
    assert np.isclose(usual.bits_per_dimension, -usual.log_evidence / 20 / np.log(2))


def test_warnings(rows):
    untrained = libvae.Model.create(config())
    untrained.set_parameters({"encoder.mean.weight": np.zeros((3, 24))})
    assert "collapse" in untrained.statistics(rows, samples=4).warnings
    assert "degenerate_weights" in untrained.statistics(rows, samples=4).warnings
    assert untrained.statistics(rows, samples=200).warnings == ("collapse",)


def test_threads_change_no_number(trained, rows):
    found = []
    for threads in (1, 3):
        trained.threads = threads
        found.append(trained.statistics(rows, samples=10))
    for field in dataclasses.fields(libvae.Statistics):
        first, second = (getattr(statistics, field.name) for statistics in found)
        assert np.array_equal(first, second), field.name


@pytest.mark.parametrize(
    ("options", "message"),
    [({"samples": 0}, "samples"), ({"samples": -1}, "samples is -1"), ({"active_variance": -1}, "active_variance"),
     ({"bin_width": "wide"}, "bin_width is 'wide'"), ({"seed": 2**64}, "seed is")],
)
def test_what_is_refused(model, rows, options, message):
    with pytest.raises(ValueError, match=message):
        model.statistics(rows, **options)
