"""ONNX files: valid, and run by onnxruntime to the library's own results."""

import json
import subprocess
import sys

import libvae
import libvae.onnx
import numpy as np
import onnx
import onnxruntime
import pytest

from conftest import config

ACTIVATIONS = ["identity", "relu", "leaky_relu", "tanh", "sigmoid", "elu", "silu", "gelu", "softplus"]


def close(found, expected):
    """Within 1e-5, of the greatest value where that is over 1."""
    return np.abs(found - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


def run(path, **inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {name: array.astype(np.float32) for name, array in inputs.items()})))


def check(model, folder):
    encoder, decoder = folder / "encoder.onnx", folder / "decoder.onnx"
    libvae.onnx.export(model, encoder=encoder, decoder=decoder)
    for path in (encoder, decoder):
        onnx.checker.check_model(str(path), full_check=True)
    random = np.random.default_rng(0)
    x, noise = random.integers(0, 2, (50, 20)), random.standard_normal((50, 3))
    condition = random.standard_normal((50, model.condition_dim)).astype(np.float32) if model.condition_dim else None
    given = {} if condition is None else {"condition": condition}
    encoded = run(encoder, x=x, noise=noise, **given)
    check_normal(encoded, model.encode(x, condition), noise)
    assert np.array_equal(run(encoder, x=x, noise=0 * noise, **given)["z"], encoded["mean"])
    assert close(run(decoder, z=encoded["z"], **given)["output"], model.decode(encoded["z"], condition))
    for rows in (1, 7):
        few = {name: array[:rows] for name, array in {"x": x, "noise": noise, **given}.items()}
        assert run(encoder, **few)["z"].shape == (rows, 3)


def check_normal(outputs, expected, noise):
    """`outputs` of a net with two heads against its mean and logvar, and z at this noise."""
    assert list(outputs) == ["mean", "logvar", "z"]
    assert close(outputs["mean"], expected.mean) and close(outputs["logvar"], expected.logvar)
    assert close(outputs["z"], expected.mean + np.exp(expected.logvar / 2) * noise)


def rough(model):
    """Parameters large enough that every part of an activation is visited, biases included."""
    random = np.random.default_rng(1)
    model.set_parameters({name: random.normal(0, 0.4, array.shape) for name, array in model.parameters().items()})
    return model


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_export(activation, likelihood, tmp_path):
    layer = {"units": 24, "activation": activation}
    output = activation if likelihood == "gaussian" else "identity"
    changes = {"encoder": [layer, layer], "decoder": [layer], "likelihood": likelihood, "output_activation": output}
    check(rough(libvae.Model.create(config(**changes))), tmp_path)


def test_logvar_is_clamped(tmp_path):
    model = rough(libvae.Model.create(config(encoder=[], decoder=[])))
    bias = np.array([-100, 0, 100])
    model.set_parameters({"encoder.logvar.bias": bias})
    libvae.onnx.export(model, encoder=tmp_path / "encoder.onnx")
    logvar = run(tmp_path / "encoder.onnx", x=np.zeros((1, 20)), noise=np.zeros((1, 3)))["logvar"]
    assert logvar.tolist() == [[-20, 0, 20]] and not (tmp_path / "decoder.onnx").exists()


def test_quantized_copies_are_exported_as_what_they_stand_for(tmp_path):
    copy = rough(libvae.Model.create(config())).quantized("bf16")
    libvae.onnx.export(copy, decoder=tmp_path / "decoder.onnx")
    z = np.random.default_rng(2).standard_normal((5, 3)).astype(np.float32)
    assert close(run(tmp_path / "decoder.onnx", z=z)["output"], copy.decode(z))


def test_files_carry_the_configuration(model, tmp_path):
    libvae.onnx.export(model, encoder=tmp_path / "encoder.onnx")
    properties = {entry.key: entry.value for entry in onnx.load(tmp_path / "encoder.onnx").metadata_props}
    assert json.loads(properties["libvae.config"]) == model.config


def test_nothing_to_export(model):
    with pytest.raises(ValueError, match="encoder=, decoder=, prior="):
        libvae.onnx.export(model)


def test_a_prior_without_a_net_is_refused(model, tmp_path):
    """And no other file is written then."""
    with pytest.raises(libvae.UnsupportedError, match="the prior is standard"):
        libvae.onnx.export(model, encoder=tmp_path / "encoder.onnx", prior=tmp_path / "prior.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_module_needs_no_import_of_its_own():
    subprocess.run([sys.executable, "-c", "import libvae; libvae.onnx.export"], check=True)


def command(*arguments):
    return subprocess.run([sys.executable, "-m", "libvae", *arguments], capture_output=True, text=True)


def test_command(model, tmp_path):
    path, encoder = tmp_path / "model.safetensors", tmp_path / "encoder.onnx"
    model.save(path)
    done = command("export", path, "--encoder", encoder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    libvae.onnx.export(model, encoder=tmp_path / "same.onnx")
    assert encoder.read_bytes() == (tmp_path / "same.onnx").read_bytes()
    assert command("--version").stdout == f"libvae {libvae.__version__}\n"


def test_command_says_what_is_wrong(model, tmp_path):
    path = tmp_path / "model.safetensors"
    model.save(path)
    missing = command("export", tmp_path / "missing.safetensors", "--encoder", tmp_path / "e.onnx")
    assert missing.returncode == 1 and "No such file" in missing.stderr and "Traceback" not in missing.stderr
    nothing = command("export", path)
    assert nothing.returncode == 2 and "--encoder, --decoder" in nothing.stderr
    unwritable = command("export", path, "--encoder", tmp_path / "no" / "folder.onnx")
    assert unwritable.returncode == 1 and "Traceback" not in unwritable.stderr


@pytest.mark.parametrize("likelihood", ["continuous_bernoulli", "poisson", "laplace", "negative_binomial", "student_t"])
def test_means_of_other_likelihoods(likelihood, tmp_path):
    check(rough(libvae.Model.create(config(likelihood=likelihood))), tmp_path)


def test_the_location_of_a_student_t(tmp_path):
    check(rough(libvae.Model.create(config(likelihood="student_t", output_activation="softplus"))), tmp_path)


@pytest.mark.parametrize("groups", [[20], [3, 2, 15], [2] * 10])
def test_groups_of_a_categorical_likelihood(groups, tmp_path):
    model = rough(libvae.Model.create(config(likelihood="categorical", groups=groups)))
    libvae.onnx.export(model, decoder=tmp_path / "decoder.onnx")
    z = 3 * np.random.default_rng(3).standard_normal((50, 3)).astype(np.float32)
    output = run(tmp_path / "decoder.onnx", z=z)["output"]
    assert close(output, model.decode(z))
    for group in np.split(output, np.cumsum(groups)[:-1], axis=1):
        assert np.allclose(group.sum(1), 1)


@pytest.mark.parametrize(
    "changes", [{}, {"encoder": [], "decoder": []}, {"likelihood": "gaussian", "sigma": "per_output"}]
)
def test_the_condition_is_an_input(changes, tmp_path):
    check(rough(libvae.Model.create(config(condition_dim=4, **changes))), tmp_path)
    graph = onnx.load(tmp_path / "decoder.onnx").graph
    shapes = [[dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in graph.input]
    assert [value.name for value in graph.input] == ["z", "condition"] and shapes == [["N", 3], ["N", 4]]


def test_labels_go_in_as_rows_with_a_single_1(tmp_path):
    model = rough(libvae.Model.create(config(condition_dim=4)))
    libvae.onnx.export(model, decoder=tmp_path / "decoder.onnx")
    z, labels = np.random.default_rng(4).standard_normal((6, 3)), [0, 1, 2, 3, 0, 1]
    assert close(run(tmp_path / "decoder.onnx", z=z, condition=np.eye(4)[labels])["output"], model.decode(z, labels))


@pytest.mark.parametrize("layers", [[], [{"units": 7, "activation": "gelu"}]])
def test_the_net_of_a_conditional_prior(layers, tmp_path):
    model = rough(libvae.Model.create(config(condition_dim=4, prior="conditional", prior_net=layers)))
    check(model, tmp_path)
    path, random = tmp_path / "prior.onnx", np.random.default_rng(5)
    libvae.onnx.export(model, prior=path)
    onnx.checker.check_model(str(path), full_check=True)
    condition, noise = random.standard_normal((9, 4)), random.standard_normal((9, 3))
    check_normal(run(path, condition=condition, noise=noise), model.prior(condition), noise)
    model.save(tmp_path / "model.safetensors")
    assert command("export", tmp_path / "model.safetensors", "--prior", tmp_path / "same.onnx").returncode == 0
    assert (tmp_path / "same.onnx").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("prior", ["mixture", "vamp"])
def test_priors_of_components_are_left_to_the_library(prior, tmp_path):
    model = rough(libvae.Model.create(config(prior=prior, prior_components=4)))
    check(model, tmp_path)
    with pytest.raises(libvae.UnsupportedError, match=f"the prior is {prior}"):
        libvae.onnx.export(model, prior=tmp_path / "prior.onnx")
