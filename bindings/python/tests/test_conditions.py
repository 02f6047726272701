"""Models with a condition: labels and vectors wherever rows or codes go in."""

import pickle

import libvae
import numpy as np
import pytest

from conftest import config, same

CLASSES = 4


@pytest.fixture
def labels():
    return np.random.default_rng(4).integers(0, CLASSES, 500)


@pytest.fixture
def images(labels):
    """[500, 20]: a class lights five of the columns."""
    return (0.1 + 0.8 * np.repeat(one_hot(labels), 5, axis=1)).astype(np.float32)


@pytest.fixture
def model():
    return libvae.Model.create(config(condition_dim=CLASSES), seed=1)


def one_hot(labels):
    return np.eye(CLASSES, dtype=np.float32)[labels]


def forms(labels):
    """The same condition in every form that it may have."""
    hot = one_hot(labels)
    wide = np.zeros((len(hot), CLASSES + 3), np.float32)
    wide[:, 2 : 2 + CLASSES] = hot
    return {
        "int64": labels, "uint8": labels.astype(np.uint8), "int32": labels.astype(np.int32), "list": labels.tolist(),
        "float32": hot, "float64": hot.astype(np.float64), "bool": hot > 0, "strided": wide[:, 2 : 2 + CLASSES],
        "bytes": (255 * hot).astype(np.uint8), "scaled": libvae.Condition(hot.astype(np.uint8), scale=1),
    }


def results(model, x, condition):
    """What every function with a condition gives."""
    rows = len(x)
    z, noise = np.ones((rows, 3)), np.random.default_rng(5).standard_normal((2, rows, 3))
    measured = model.loss_and_gradients(x, noise, condition)
    return {
        "encode": model.encode(x, condition).mean,
        "reconstruct": model.reconstruct(x, condition),
        "decode": model.decode(z, condition),
        "sample": model.sample(rows, 3, condition=condition),
        "evaluate": model.evaluate(x, condition).loss,
        "scores": model.scores(x, condition=condition).loss,
        "scores of noise": model.scores(x, noise, condition).loss,
        "statistics": model.statistics(x, condition, samples=4).row_log_evidence,
        "loss": measured.loss,
        "output": measured.output,
        "gradient": measured.gradients["encoder.0.weight"],
    }


def test_every_form_says_the_same(model, images, labels):
    expected = results(model, images, labels)
    for form, condition in forms(labels).items():
        for name, found in results(model, images, condition).items():
            assert np.allclose(found, expected[name], rtol=1e-6, atol=1e-6), (form, name)


def test_every_function_uses_it(model, images, labels):
    found, other = results(model, images, labels), results(model, images, (labels + 1) % CLASSES)
    assert all(not np.array_equal(found[name], other[name]) for name in found)


def test_one_condition_for_all_rows(model, images):
    expected = results(model, images, np.full(500, 2))
    for one in (2, np.uint8(2), np.array([0, 0, 1, 0], np.float32), [[0, 0, 1, 0]]):
        for name, found in results(model, images, one).items():
            assert np.array_equal(found, expected[name]), name


def test_as_many_samples_as_conditions(model, labels):
    assert model.sample(condition=labels).shape == (500, 20) and model.sample(condition=3).shape == (1, 20)
    assert np.array_equal(model.sample(condition=labels)[7:9], model.sample(condition=labels[7:9], first_row=7))
    with pytest.raises(libvae.MismatchError, match="condition.*rows"):
        model.sample(3, condition=labels)


@pytest.mark.parametrize("form", ["int64", "uint8", "float32", "bytes"])
def test_training_and_validation(images, labels, form):
    model, expected = (libvae.Model.create(config(condition_dim=CLASSES), seed=1) for _ in range(2))
    condition = forms(labels)[form]
    epochs = model.fit(images, 30, condition=condition, validation=images[:50], validation_condition=condition[:50],
                       batch_size=50, learning_rate=0.01)
    assert epochs[-1].validation == model.evaluate(images[:50], condition[:50])
    expected.fit(images, 30, condition=one_hot(labels), batch_size=50, learning_rate=0.01)
    assert all(np.allclose(array, expected.parameters()[name], atol=1e-3) for name, array in model.parameters().items())
    sampled = model.sample(condition=np.arange(CLASSES))
    assert np.array_equal(sampled.reshape(CLASSES, CLASSES, 5).mean(2).argmax(1), np.arange(CLASSES))


def test_steps_and_states(images, labels, tmp_path):
    models = [libvae.Model.create(config(condition_dim=CLASSES), seed=1) for _ in range(2)]
    trainers = [libvae.Trainer(model) for model in models]
    noise = np.random.default_rng(6).standard_normal((1, 500, 3))
    for trainer, condition in zip(trainers, (labels, one_hot(labels))):
        trainer.step(images, noise, condition)
    assert same(*models)
    trainers[0].save(tmp_path / "state.safetensors")
    other = libvae.Trainer(libvae.Model.create(config(condition_dim=CLASSES)))
    other.restore(tmp_path / "state.safetensors")
    for trainer in (trainers[0], other):
        trainer.fit(images, 1, condition=labels)
    assert same(other.model, models[0])


def test_threads_change_no_result(labels):
    layer = {"units": 256, "activation": "relu"}
    wide = config(input_dim=128, condition_dim=CLASSES, encoder=[layer], decoder=[layer])
    x = np.random.default_rng(7).random((500, 128), dtype=np.float32)
    models = []
    for threads in (1, 3):
        models.append(libvae.Model.create(wide))
        models[-1].fit(x, 2, condition=labels, threads=threads, batch_size=250)
    assert same(*models)


def test_pickles_and_files(model, images, labels, tmp_path):
    assert model.condition_dim == CLASSES and model.config["condition_dim"] == CLASSES
    model.save(tmp_path / "model.safetensors")
    for again in (pickle.loads(pickle.dumps(model)), libvae.Model.load(tmp_path / "model.safetensors")):
        assert same(model, again) and again.config == model.config
        assert np.array_equal(again.reconstruct(images, labels), model.reconstruct(images, labels))


def test_quantized_copies(model, images, labels):
    exact = model.encode(images, labels).mean
    for precision in ("bf16", "int8"):
        found = model.quantized(precision).encode(images, labels).mean
        assert 0 < np.linalg.norm(found - exact) / np.linalg.norm(exact) < 0.05


def test_what_is_refused(model, images, labels):
    for name in ("encode", "reconstruct", "evaluate", "scores", "loss_and_gradients", "statistics", "fit"):
        with pytest.raises(libvae.MismatchError, match="condition"):
            getattr(model, name)(images)
    for call in (lambda: model.decode(np.zeros((2, 3))), model.sample):
        with pytest.raises(libvae.MismatchError, match="condition"):
            call()
    with pytest.raises(libvae.MismatchError, match="condition.*rows"):
        model.encode(images, labels[:3])
    with pytest.raises(libvae.DataError, match="condition of row 1 is 4"):
        model.decode(np.zeros((2, 3)), [0, 4])
    with pytest.raises(libvae.DataError, match="condition.*row 1"):
        model.decode(np.zeros((2, 3)), np.array([[0, 0, 0, 1], [0, np.nan, 0, 0]]))
    with pytest.raises(libvae.DataError, match="validation_condition of row 0 is 9"):
        model.fit(images, condition=labels, validation=images[:1], validation_condition=[9])
    with pytest.raises(libvae.MismatchError, match="condition"):
        model.fit(images, condition=labels, validation=images)
    with pytest.raises(ValueError, match="no validation rows"):
        model.fit(images, condition=labels, validation_condition=labels)
