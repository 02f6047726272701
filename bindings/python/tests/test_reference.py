"""The shared test vectors: what PyTorch's autograd computed in float64. bindings/README.md has the tolerances."""

import libvae
import numpy as np
import pytest


def error(found, expected):
    """Relative L2 error; the greatest absolute one where zeros are expected, on the same scale of 1e-5."""
    expected = np.asarray(expected, np.float64)
    assert np.shape(found) == expected.shape
    if not expected.any():
        return 10 * np.abs(found).max()
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def test_loss_terms_and_gradients(reference):
    result = reference.model().loss_and_gradients(
        reference.x, reference.noise, reference.condition, **reference.objective
    )
    expected = reference.group("expect.")
    assert set(expected) == {"mean", "logvar", "z", "kl", "reconstruction_nll", "output", "loss"}
    for name, tensor in expected.items():
        found = [result.loss] if name == "loss" else getattr(result, name)
        assert error(found, tensor) <= 1e-5, name
    gradients = reference.group("grad.")
    assert list(result.gradients) == list(reference.model().parameters())
    assert set(gradients) == set(result.gradients)
    for name, tensor in gradients.items():
        assert error(result.gradients[name], tensor) <= 2e-5, name


def test_encode_and_decode(reference):
    model = reference.model()
    posterior = model.encode(reference.x, reference.condition)
    assert error(posterior.mean, reference.tensors["expect.mean"]) <= 1e-5
    assert error(posterior.logvar, reference.tensors["expect.logvar"]) <= 1e-5
    for z, output in zip(reference.tensors["expect.z"], reference.tensors["expect.output"]):
        assert error(model.decode(z, reference.condition), output) <= 1e-5


@pytest.mark.parametrize("steps", [1, 3])
def test_adam(reference, steps):
    model, adam = reference.model(), reference.spec["adam"]
    trainer = libvae.Trainer(
        model,
        learning_rate=adam["lr"],
        beta1=adam["beta1"],
        beta2=adam["beta2"],
        epsilon=adam["eps"],
        samples=len(reference.noise),
        **reference.objective,
    )
    for _ in range(steps):
        trainer.step(reference.x, reference.noise, reference.condition)
    before, after = reference.group("param."), reference.group(f"adam{steps}.")
    tolerance = 1e-3 if adam["eps"] <= 1e-6 else 1e-4
    for name, found in model.parameters().items():
        start = before[name].astype(np.float64)
        assert error(found - start, after[name] - start) <= tolerance, name
