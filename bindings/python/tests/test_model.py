"""Models: configurations, parameters, files, inference."""

import copy
import json
import pickle
import struct

import libvae
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from conftest import config, same, wide_model


def file_config(path):
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    return json.loads(header["__metadata__"]["libvae.config"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"encoder": [], "decoder": [{"units": 7, "activation": "gelu"}, {"units": 5, "activation": "tanh"}]},
        {"likelihood": "gaussian", "sigma": 0.25, "output_activation": "softplus"},
        {"likelihood": "laplace", "sigma": "global"},
        {"likelihood": "log_cosh", "sigma": "per_output"},
        {"likelihood": "continuous_bernoulli"},
    ],
)
def test_config_is_that_of_the_file(changes, rows, tmp_path):
    model = libvae.Model.create(config(**changes))
    for _ in range(2):
        model.save(tmp_path / "model.safetensors")
        assert model.config == file_config(tmp_path / "model.safetensors")
        again = libvae.Model.create(model.config)
        assert again.config == {key: value for key, value in model.config.items() if key != "training"}
        model.fit(rows, 1, samples=2, beta=0.5, batch_size=64, learning_rate=0.01, seed=2**63 + 1)
    assert model.config["training"]["seed"] == 2**63 + 1 and model.config["training"]["beta"] == 0.5
    model.fit(rows, 1, **model.config["training"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_dims": 3}, "no key 'input_dims'"),
        ({"likelihood": "binomial"}, "likelihood is 'binomial'; it must be one of bernoulli, gaussian"),
        ({"latent_dim": 0}, "latent_dim"),
        ({"latent_dim": -1}, "latent_dim is -1"),
        ({"latent_dim": 2**32 + 2}, "latent_dim is 4294967298"),
        ({"latent_dim": 2.5}, "latent_dim is 2.5; it must be a whole number"),
        ({"encoder": [{"units": 3}]}, "lacks the key 'activation'"),
        ({"encoder": [{"units": 3, "activation": "cosine"}]}, "encoder's activation is 'cosine'"),
        ({"encoder": [3]}, "a layer of encoder is 3"),
        ({"encoder": 3}, "encoder is 3; it must be a list of layers"),
        ({"likelihood": "gaussian", "sigma": -1}, "sigma"),
        ({"likelihood": "gaussian", "sigma": "per_row"}, "sigma is 'per_row'"),
        ({"condition_dim": -2}, "condition_dim is -2"),
        ({"prior": "flat"}, "prior is 'flat'; it must be one of standard, conditional, mixture, vamp"),
        ({"prior_net": [{"units": 3}]}, "a layer of prior_net lacks the key 'activation'"),
    ],
)
def test_configurations_that_are_refused(changes, message):
    with pytest.raises(libvae.VAEError, match=message):
        libvae.Model.create(config(**changes))


def test_a_missing_key_is_refused():
    incomplete = config()
    del incomplete["decoder"]
    with pytest.raises(ValueError, match="lacks the key 'decoder'"):
        libvae.Model.create(incomplete)


def test_equal_seeds_give_equal_models():
    assert same(libvae.Model.create(config(), seed=5), libvae.Model.create(config(), seed=5))
    assert not same(libvae.Model.create(config(), seed=5), libvae.Model.create(config(), seed=6))


def test_files_are_those_of_safetensors(model, tmp_path):
    path = tmp_path / "model.safetensors"
    model.save(path)
    tensors = load_file(path)
    parameters = model.parameters()
    assert list(parameters) == [
        f"{layer}.{part}"
        for layer in ("encoder.0", "encoder.mean", "encoder.logvar", "decoder.0", "decoder.mean")
        for part in ("weight", "bias")
    ]
    assert tensors.keys() == parameters.keys()
    assert all(np.array_equal(tensors[name], array) for name, array in parameters.items())
    # And the other way: what safetensors writes, the library reads.
    changed = {name: array + 1 for name, array in tensors.items()}
    save_file(changed, path, {"libvae.format": "1", "libvae.config": json.dumps(model.config)})
    assert np.array_equal(libvae.Model.load(path).parameters()["decoder.mean.bias"], changed["decoder.mean.bias"])


def test_bytes_and_pickles(model, rows):
    model.fit(rows, 1)
    for again in (libvae.Model.from_bytes(model.to_bytes()), pickle.loads(pickle.dumps(model))):
        assert same(model, again) and again.config == model.config and again.to_bytes() == model.to_bytes()
        assert np.array_equal(again.encode(rows).mean, model.encode(rows).mean)
        again.fit(rows, 1)


def test_copies_are_models_of_their_own(model, rows):
    for duplicate in (copy.copy(model), copy.deepcopy(model)):
        assert same(model, duplicate)
        duplicate.fit(rows, 1)
        assert not same(model, duplicate)


def test_models_are_not_made_by_the_class():
    with pytest.raises(TypeError, match="libvae.Model.create"):
        libvae.Model(config())


def test_paths_end_where_they_end(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="null byte"):
        libvae.Model.load(f"{tmp_path}/model.safetensors\0.txt")


def test_set_parameters_changes_all_or_nothing(model):
    before = model.parameters()
    bias = np.arange(3, dtype=np.float64)
    model.set_parameters({"encoder.mean.bias": bias})
    assert np.array_equal(model.parameters()["encoder.mean.bias"], bias)
    model.set_parameters(before)
    refused = [
        ({"encoder.mean.bias": bias, "encoder.9.bias": bias}, libvae.InvalidArgumentError, "encoder.9.bias"),
        ({"encoder.mean.bias": bias, "decoder.0.weight": np.zeros((3, 24))}, libvae.MismatchError, r"\[24, 3\]"),
        ({"encoder.mean.bias": bias, "decoder.mean.bias": np.full(20, np.nan)}, libvae.DataError, "decoder.mean.bias"),
    ]
    for parameters, error, message in refused:
        with pytest.raises(error, match=message):
            model.set_parameters(parameters)
        assert all(np.array_equal(before[name], array) for name, array in model.parameters().items())


def test_name_maps_go_both_ways(model):
    names = {"encoder.0": "fc1", "encoder.mean": "fc21", "encoder.logvar": "fc22"}
    parameters = model.parameters(names=names)
    assert {"fc1.weight", "fc21.bias", "fc22.weight", "decoder.0.weight"} < parameters.keys()
    other = libvae.Model.create(config(), seed=9)
    other.set_parameters(parameters, names=names)
    assert same(model, other)


def test_shapes_and_types_of_results(model, rows):
    assert [array.shape for array in model.encode(rows)] == [(500, 3), (500, 3)]
    assert model.decode(np.zeros((4, 3))).shape == (4, 20)
    assert model.reconstruct(rows).shape == (500, 20)
    assert model.sample(7).shape == (7, 20)
    assert model.scores(rows).loss.shape == (500,)
    result = model.loss_and_gradients(rows, samples=5)
    assert result.reconstruction_nll.shape == (5, 500) and result.kl.shape == (500,)
    assert result.z.shape == (5, 500, 3) and result.output.shape == (5, 500, 20)
    for array in (*model.encode(rows), model.sample(1), result.output, *result.gradients.values()):
        assert array.dtype == np.float32


def test_inference_agrees_with_itself(model, rows):
    posterior = model.encode(rows)
    assert np.array_equal(model.reconstruct(rows), model.decode(posterior.mean))
    assert np.array_equal(model.encode(rows[130:131]).mean, posterior.mean[130:131])
    assert np.array_equal(model.sample(5, seed=3)[2:], model.sample(3, seed=3, first_row=2))
    assert not np.array_equal(model.sample(5, seed=3), model.sample(5, seed=4))
    loss, scores = model.evaluate(rows, seed=4), model.scores(rows, seed=4)
    assert scores.total == loss and np.isclose(scores.loss.mean(dtype=np.float64), loss.loss)
    assert np.isclose(loss.negative_elbo, loss.reconstruction + loss.kl)
    assert loss.examples == 500 and loss != model.evaluate(rows, seed=5)


def test_scores_with_the_callers_noise(model, rows):
    noise = np.random.default_rng(1).standard_normal((4, 500, 3))
    scores, result = model.scores(rows, noise), model.loss_and_gradients(rows, noise)
    assert np.allclose(scores.loss, result.reconstruction_nll.mean(0) + result.kl, rtol=1e-5)
    assert np.isclose(scores.loss.mean(), result.loss, rtol=1e-5) and np.array_equal(scores.kl, result.kl)
    assert np.array_equal(model.scores(rows, noise[0]).loss, model.scores(rows, noise[:1]).loss)
    alone = model.scores(rows[9:10], noise[:, 9:10])
    assert np.array_equal(alone.loss, scores.loss[9:10])


def test_noise_of_the_wrong_shape_is_refused(model, rows):
    with pytest.raises(libvae.MismatchError, match=r"noise has shape \[4, 500, 2\]; it must be \[n, 500, 3\]"):
        model.loss_and_gradients(rows, np.zeros((4, 500, 2)))
    with pytest.raises(libvae.MismatchError, match=r"it must be \[3, 500, 3\]"):
        model.loss_and_gradients(rows, np.zeros((4, 500, 3)), samples=3)


def test_gradients_are_slopes(model, rows):
    """Against a difference of the loss along a random direction."""
    noise = np.random.default_rng(2).standard_normal((1, 500, 3))
    gradients = model.loss_and_gradients(rows, noise).gradients
    random, start, step = np.random.default_rng(3), model.parameters(), 1e-2
    direction = {name: random.standard_normal(array.shape) / 10 for name, array in start.items()}

    def loss_at(distance):
        model.set_parameters({name: array + distance * direction[name] for name, array in start.items()})
        return model.loss_and_gradients(rows, noise).loss

    slope = sum((gradients[name] * direction[name]).sum() for name in start)
    assert np.isclose((loss_at(step) - loss_at(-step)) / (2 * step), slope, rtol=1e-3)


def test_quantized_copies(model, rows):
    model.fit(rows, 5)
    exact = model.encode(rows).mean
    assert np.array_equal(model.quantized("float32").encode(rows).mean, exact)
    for precision in ("bf16", "int8"):
        quantized = model.quantized(precision)
        assert quantized.precision == precision and model.precision == "float32"
        error = np.linalg.norm(quantized.encode(rows).mean - exact) / np.linalg.norm(exact)
        assert 0 < error < 0.05
        for refused in (lambda: quantized.fit(rows, 1), lambda: pickle.dumps(quantized)):
            with pytest.raises(libvae.UnsupportedError):
                refused()
        assert not same(model, quantized)
    with pytest.raises(libvae.InvalidArgumentError, match="int4"):
        model.quantized("int4")


def test_output_bias_starts_at_the_means(model, rows):
    model.init_output_bias(rows)
    mean = np.clip(rows.mean(0), 0.001, 0.999)
    assert np.allclose(model.parameters()["decoder.mean.bias"], np.log(mean / (1 - mean)), atol=1e-4)


def test_threads_change_no_result(wide_rows):
    model, rows = wide_model(), wide_rows
    expected = model.reconstruct(rows)
    for threads in (1, 3):
        model.threads = threads
        assert model.threads == threads and np.array_equal(model.reconstruct(rows), expected)
    with pytest.raises(ValueError, match="threads is -1"):
        model.threads = -1


def test_calls_share_a_workspace(model, rows):
    model.encode(rows)
    (first,) = model._workspaces
    model.reconstruct(rows)
    assert model._workspaces == [first]
    model.loss_and_gradients(rows)  # needs more rows at a time
    assert [size for size, _ in model._workspaces] == [500]


def test_repr(model):
    assert repr(model) == "<libvae.Model 20-24-3-24-20, bernoulli, float32>"
    assert repr(libvae.Model.create(config(encoder=[]))) == "<libvae.Model 20-3-24-20, bernoulli, float32>"


def test_groups_of_a_categorical_likelihood(tmp_path):
    random = np.random.default_rng(3)
    rows = np.concatenate([np.eye(size)[random.integers(0, size, 300)] for size in (3, 2, 15)], axis=1)
    model = libvae.Model.create(config(likelihood="categorical", groups=[3, 2, 15]))
    model.fit(rows, 2)
    model.save(tmp_path / "model.safetensors")
    assert model.config == file_config(tmp_path / "model.safetensors")
    assert model.config["groups"] == [3, 2, 15]
    assert np.allclose(model.decode(np.zeros((1, 3)))[0, :3].sum(), 1)
    with pytest.raises(ValueError, match="group"):
        libvae.Model.create(config(likelihood="categorical", groups=[3, 2]))


def test_training_options_are_those_of_the_file(model, rows, tmp_path):
    options = {
        "binarization": "dynamic",
        "rate_schedule": "steps",
        "rate_decay": 0.5,
        "rate_milestones": [1, 3],
        "warm_up": "cyclic",
        "warm_up_epochs": 2.0,
        "warm_up_share": 0.5,
        "warm_up_cycles": 2,
        "weight_decay": 0.01,
        "clip_norm": 5.0,
        "optimizer": "adamw",
    }
    model.fit(rows, 2, **options)
    model.save(tmp_path / "model.safetensors")
    assert model.config == file_config(tmp_path / "model.safetensors")
    assert {key: model.config["training"][key] for key in options} == options
    model.fit(rows, 1, **model.config["training"])
    with pytest.raises(libvae.InvalidArgumentError, match="adamw"):
        model.fit(rows, 1, optimizer="adamw")
    with pytest.raises(libvae.InvalidArgumentError, match="rate_milestones has 17"):
        model.fit(rows, 1, rate_schedule="steps", rate_decay=0.5, rate_milestones=range(1, 18))
