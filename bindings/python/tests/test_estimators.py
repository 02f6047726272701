"""The estimators: scikit-learn's own checks, and what they are for."""

import pickle

import libvae
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks


@parametrize_with_checks([libvae.VAE(), libvae.VAEOutlierDetector()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def table():
    """[600, 6]: two hidden numbers behind columns of very different units."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(600, 2)) @ random.normal(size=(2, 6)) + 0.1 * random.normal(size=(600, 6))
    return rows * [1, 10, 100, 1e3, 1e-3, 1] + [0, 5, -1e4, 0, 1, 3]


@pytest.fixture(scope="module")
def vae(table):
    return libvae.VAE(2, sigma=0.2, random_state=0).fit(table)


def test_codes_and_reconstructions(vae, table):
    codes = vae.transform(table)
    assert codes.shape == (600, 2) and codes.dtype == np.float64
    residual = (vae.inverse_transform(codes) - table) / table.std(0)
    assert (residual**2).mean() < 0.05
    assert vae.transform(table.astype(np.float32)).dtype == np.float32
    assert list(vae.get_feature_names_out()) == ["vae0", "vae1"]


def test_samples_look_like_the_table(vae, table):
    samples = vae.sample(2000, random_state=0)
    assert np.array_equal(samples, vae.sample(2000, random_state=0))
    assert not np.array_equal(samples, vae.sample(2000, random_state=1))
    assert np.allclose(np.corrcoef(samples.T), np.corrcoef(table.T), atol=0.25)
    assert np.abs((samples.mean(0) - table.mean(0)) / table.std(0)).max() < 0.25


def test_scores_are_densities_in_the_units_of_the_data(vae, table):
    scores = vae.score_samples(table)
    assert vae.score(table) == scores.mean()
    other = libvae.VAE(2, sigma=0.2, random_state=0).fit(table * 10)
    assert np.allclose(other.score_samples(table * 10), scores - 6 * np.log(10), atol=0.05)
    odd = table[:1].copy()
    odd[0, 0] += 5 * table[:, 0].std()
    assert vae.score_samples(odd)[0] < scores.min()


def test_a_lower_bound_of_the_likelihood(vae, table):
    """At most the likelihood under the normal distribution that the table was drawn from, on average."""
    centred = table - table.mean(0)
    covariance = np.cov(table.T)
    exponent = (centred * np.linalg.solve(covariance, centred.T).T).sum(1)
    truth = -0.5 * (exponent + np.linalg.slogdet(2 * np.pi * covariance)[1])
    assert truth.mean() - 10 < vae.score(table) < truth.mean()


def test_the_row_scores_do_not_depend_on_company(vae, table):
    assert np.array_equal(vae.score_samples(table)[300:310], vae.score_samples(table[300:310]))


def test_bernoulli_takes_bytes(table):
    pixels = (255 * MinMaxScaler().fit_transform(table)).astype(np.uint8)
    vae = libvae.VAE(2, likelihood="bernoulli", random_state=0, epochs=10).fit(pixels)
    assert vae.transform(pixels).shape == (600, 2)
    output = vae.inverse_transform(vae.transform(pixels))
    assert 0 <= output.min() and output.max() <= 1
    assert np.allclose(vae.score_samples(pixels), vae.score_samples(pixels / 255), rtol=1e-4)


def test_parameters_arrive_where_they_belong(table):
    def trained(**parameters):
        return libvae.VAE(**{"hidden": (8, 4), "epochs": 2, "random_state": 0, **parameters}).fit(table)

    config = trained().model_.config
    assert [layer["units"] for layer in config["encoder"]] == [8, 4]
    assert [layer["units"] for layer in config["decoder"]] == [4, 8]
    loss = trained().loss_curve_
    assert len(loss) == 2 and loss == trained(threads=1).loss_curve_ == trained(score_draws=3).loss_curve_
    for change in ({"latent_dim": 3}, {"activation": "tanh"}, {"sigma": 1}, {"standardize": False}, {"batch_size": 7},
                   {"learning_rate": 0.01}, {"beta": 2}, {"random_state": 1}):
        assert trained(**change).loss_curve_ != loss, change


def test_the_output_starts_at_the_means(table):
    x = MinMaxScaler().fit_transform(table)
    untrained = libvae.VAE(likelihood="bernoulli", epochs=0).fit(x)
    bias = untrained.model_.parameters()["decoder.mean.bias"]
    assert np.allclose(1 / (1 + np.exp(-bias)), x.mean(0), atol=1e-3)


def test_constant_columns(table):
    constant = np.column_stack([table, np.full(600, 0.1)])
    vae = libvae.VAE(2, random_state=0, epochs=5).fit(constant)
    assert vae.scale_[6] == 1 and np.isfinite(vae.score_samples(constant)).all()


def test_pipelines_searches_and_pickles(table):
    pipeline = make_pipeline(MinMaxScaler(), libvae.VAE(2, epochs=2, random_state=0))
    assert pipeline.fit_transform(table).shape == (600, 2)
    search = GridSearchCV(libvae.VAE(epochs=2, random_state=0), {"latent_dim": [1, 2]}, cv=2, n_jobs=2).fit(table)
    assert search.best_params_["latent_dim"] in (1, 2)
    assert cross_val_score(libvae.VAE(epochs=2), table, cv=2).shape == (2,)
    again = pickle.loads(pickle.dumps(pipeline))
    assert np.array_equal(again.transform(table), pipeline.transform(table))
    with pytest.raises(NotFittedError):
        clone(pipeline[-1]).transform(table)


def test_outliers_are_found(table):
    """Rows of which one column is off by three of its deviations: no column alone gives them away."""
    columns = np.random.default_rng(1).integers(0, 6, 20)
    x, usual = table.copy(), np.ones(600)
    x[np.arange(20), columns] += 3 * table.std(0)[columns]
    usual[:20] = -1
    detector = libvae.VAEOutlierDetector(20 / 600, sigma=0.2, random_state=0)
    labels = detector.fit_predict(x)
    assert (labels == -1).sum() == 20
    assert roc_auc_score(usual, detector.decision_function(x)) > 0.95
    assert np.array_equal(labels, np.where(detector.score_samples(x) < detector.offset_, -1, 1))


@pytest.mark.parametrize("contamination", [0, 0.6, -1])
def test_contamination_is_checked(table, contamination):
    with pytest.raises(ValueError, match="contamination is"):
        libvae.VAEOutlierDetector(contamination).fit(table)


def test_ctrl_c_leaves_a_usable_estimator(table, monkeypatch):
    vae = libvae.VAE(random_state=0, epochs=50)

    def interrupt(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(vae, "_note_loss", interrupt)
    with pytest.raises(KeyboardInterrupt):
        vae.fit(table)
    assert vae.transform(table).shape == (600, 2)
