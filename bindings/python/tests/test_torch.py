"""PyTorch: state dictionaries both ways, autograd as the judge, and two OpenMP runtimes in one process."""

import subprocess
import sys

import libvae
import numpy as np
import pytest
from safetensors.numpy import load_file as load_numpy

torch = pytest.importorskip("torch")
from safetensors.torch import load_file, save_file  # noqa: E402

# The library's names of the layers of the usual example, and that example's own.
NAMES = {
    "encoder.0": "fc1", "encoder.mean": "fc21", "encoder.logvar": "fc22", "decoder.0": "fc3", "decoder.mean": "fc4"
}
LAYER = {"units": 400, "activation": "relu"}
CONFIG = {"input_dim": 784, "latent_dim": 20, "encoder": [LAYER], "decoder": [LAYER], "likelihood": "bernoulli"}


class PlainVAE(torch.nn.Module):
    """With `classes` a conditional one, whose rows and codes come with one-hot columns behind them."""

    def __init__(self, classes=0):
        super().__init__()
        self.fc1, self.fc3 = torch.nn.Linear(784 + classes, 400), torch.nn.Linear(20 + classes, 400)
        self.fc21, self.fc22 = torch.nn.Linear(400, 20), torch.nn.Linear(400, 20)
        self.fc4 = torch.nn.Linear(400, 784)

    def encode(self, x):
        hidden = torch.relu(self.fc1(x))
        return self.fc21(hidden), self.fc22(hidden)

    def logits(self, z):
        return self.fc4(torch.relu(self.fc3(z)))


@pytest.fixture
def module():
    torch.manual_seed(0)
    return PlainVAE()


@pytest.fixture
def pixels():
    return np.random.default_rng(0).random((64, 784), dtype=np.float32)


def assert_same_outputs(model, module, x):
    with torch.no_grad():
        mean, logvar = module.encode(torch.from_numpy(x))
        output = torch.sigmoid(module.logits(mean))
    posterior = model.encode(x)
    assert np.abs(posterior.mean - mean.numpy()).max() <= 1e-5
    assert np.abs(posterior.logvar - logvar.numpy()).max() <= 1e-5
    assert np.abs(model.reconstruct(x) - output.numpy()).max() <= 1e-5


def test_a_state_dict_saved_by_pytorch_is_loaded(module, pixels, tmp_path):
    save_file(module.state_dict(), tmp_path / "torch.safetensors")
    model = libvae.Model.create(CONFIG)
    model.set_parameters(load_numpy(tmp_path / "torch.safetensors"), names=NAMES)
    assert_same_outputs(model, module, pixels)
    model.set_parameters(module.state_dict(), names=NAMES)  # straight from memory, too
    assert_same_outputs(model, module, pixels)


def test_a_trained_model_is_loaded_by_pytorch(module, pixels, tmp_path):
    model = libvae.Model.create(CONFIG)
    model.fit(pixels, 2)
    model.save(tmp_path / "model.safetensors")
    saved, parts = load_file(tmp_path / "model.safetensors"), ("weight", "bias")
    module.load_state_dict({f"{NAMES[name]}.{part}": saved[f"{name}.{part}"] for name in NAMES for part in parts})
    assert_same_outputs(model, module, pixels)
    other = PlainVAE()
    other.load_state_dict({name: torch.from_numpy(array) for name, array in model.parameters(names=NAMES).items()})
    assert_same_outputs(model, other, pixels)


def test_a_conditional_model_both_ways(pixels):
    """torch.cat([x, c], 1) and torch.cat([z, c], 1) are the library's order of columns."""
    torch.manual_seed(1)
    module, labels = PlainVAE(classes=10), np.arange(64) % 10
    model = libvae.Model.create({**CONFIG, "condition_dim": 10})
    x, c = torch.from_numpy(pixels), torch.eye(10)[labels]

    def assert_same():
        with torch.no_grad():
            mean, logvar = module.encode(torch.cat([x, c], 1))
            output = torch.sigmoid(module.logits(torch.cat([mean, c], 1)))
        posterior = model.encode(pixels, labels)
        assert np.abs(posterior.mean - mean.numpy()).max() <= 1e-5
        assert np.abs(posterior.logvar - logvar.numpy()).max() <= 1e-5
        for condition in (labels, c, c.numpy()):
            assert np.abs(model.reconstruct(pixels, condition) - output.numpy()).max() <= 1e-5

    model.set_parameters(module.state_dict(), names=NAMES)
    assert_same()
    model.fit(pixels, 2, condition=labels)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in model.parameters(names=NAMES).items()})
    assert_same()


def test_gradients_are_autograds(module, pixels):
    model = libvae.Model.create(CONFIG)
    model.set_parameters(module.state_dict(), names=NAMES)
    noise = np.random.default_rng(1).standard_normal((64, 20)).astype(np.float32)
    result = model.loss_and_gradients(pixels, noise, beta=0.5)

    module.double()
    x = torch.from_numpy(pixels).double()
    mean, logvar = module.encode(x)
    logits = module.logits(mean + torch.exp(logvar / 2) * torch.from_numpy(noise))
    rec = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(1)
    loss = (rec + 0.5 * kl).mean()
    loss.backward()
    assert np.isclose(result.loss, loss.item(), rtol=1e-6)
    for name, theirs in NAMES.items():
        for part in ("weight", "bias"):
            expected = module.get_parameter(f"{theirs}.{part}").grad.numpy()
            found = result.gradients[f"{name}.{part}"]
            assert np.linalg.norm(found - expected) <= 2e-5 * np.linalg.norm(expected), name


def test_tensors_are_rows(module, pixels):
    model = libvae.Model.create(CONFIG)
    assert np.array_equal(model.encode(torch.from_numpy(pixels)).mean, model.encode(pixels).mean)


IMPORTS = {"before": ("torch", "libvae"), "after": ("libvae", "torch")}
TOGETHER = """
import os, signal
{imports}
import numpy as np, torch, libvae
layer = {{"units": 256, "activation": "relu"}}
x = np.random.default_rng(0).random((1024, 128), dtype=np.float32)
a, b = torch.randn(400, 400), torch.randn(400, 400)
torch.set_num_threads(3)

def train(epochs):
    config = {{"input_dim": 128, "latent_dim": 2, "encoder": [layer], "decoder": [layer], "likelihood": "bernoulli"}}
    model = libvae.Model.create(config)
    trainer = libvae.Trainer(model, threads=3, batch_size=256)
    trainer.fit(x, epochs)
    assert trainer.info.threads == 3
    return model.to_bytes()

product, trained = a @ b, train(2)
for _ in range(3):
    assert torch.equal(a @ b, product) and train(2) == trained
child = os.fork()
if child == 0:
    signal.alarm(30)
    os._exit(0 if train(2) == trained else 1)
assert os.waitpid(child, 0)[1] == 0, "the child made by fork() failed"
assert torch.equal(a @ b, product) and train(2) == trained
print("fine")
"""


@pytest.mark.parametrize("order", IMPORTS)
def test_both_openmp_runtimes_in_one_process(order):
    """PyTorch imported before and after libvae, both computing in turns, and a child made by fork()."""
    program = TOGETHER.format(imports="\n".join(f"import {name}" for name in IMPORTS[order]))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
