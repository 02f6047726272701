"""What several tests share: the reference vectors of the repository, a small model and rows for it."""

import json
import os
import pathlib

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # else scikit-learn skips its checks of array-API input

import libvae
import numpy as np
import pytest
from safetensors import safe_open

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
VECTORS = sorted((REPOSITORY / "Tests" / "Fixtures" / "reference").glob("*.safetensors"))
CONFIG_KEYS = (
    "input_dim", "condition_dim", "latent_dim", "encoder", "decoder", "prior", "prior_net", "likelihood", "sigma",
    "output_activation",
)


class Reference:
    """One model with a mini-batch, noise and what must come out: Tests/Fixtures/reference/README.md."""

    def __init__(self, path):
        with safe_open(path, "numpy") as file:
            self.spec = json.loads(file.metadata()["spec"])
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
        self.x, self.noise = self.tensors["input.x"], self.tensors["input.noise"]
        self.condition = self.tensors.get("input.condition")

    def group(self, prefix):
        return {name[len(prefix):]: tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}

    def model(self):
        model = libvae.Model.create({key: self.spec[key] for key in CONFIG_KEYS if key in self.spec})
        model.set_parameters(self.group("param."))
        return model

    @property
    def objective(self):
        return {"objective": self.spec.get("objective", "elbo"), "beta": self.spec.get("beta", 1.0)}


@pytest.fixture(params=VECTORS, ids=lambda path: path.stem)
def reference(request):
    return Reference(request.param)


def config(**changes):
    layer = {"units": 24, "activation": "relu"}
    usual = {"input_dim": 20, "latent_dim": 3, "encoder": [layer], "decoder": [layer], "likelihood": "bernoulli"}
    return {**usual, **changes}


@pytest.fixture
def model():
    return libvae.Model.create(config(), seed=1)


@pytest.fixture
def rows():
    """[500, 20] float32 in [0, 1], with two hidden numbers behind them."""
    random = np.random.default_rng(0)
    hidden = random.random((500, 2)) @ random.random((2, 20)) / 2
    return hidden.astype(np.float32)


def wide_model(seed=1):
    """A model whose mini-batches of 256 are work for several threads; the small ones above are not."""
    layer = {"units": 256, "activation": "relu"}
    return libvae.Model.create(config(input_dim=128, encoder=[layer], decoder=[layer]), seed=seed)


@pytest.fixture(scope="session")
def wide_rows():
    return np.random.default_rng(5).random((1024, 128), dtype=np.float32)


def same(a, b):
    """Whether two models have the same parameters, to the bit."""
    return all(np.array_equal(array, b.parameters()[name]) for name, array in a.parameters().items())
