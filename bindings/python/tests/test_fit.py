"""Training: losses, callbacks, Ctrl-C, states of trainers."""

import gc
import pathlib
import signal
import subprocess
import sys
import threading
import time

import libvae
import numpy as np
import pytest
from libvae import _c_api as c

from conftest import config, same, wide_model


def test_fit_learns(model, rows):
    before = model.evaluate(rows).loss
    epochs = model.fit(rows, 40, validation=rows[:50], batch_size=32, learning_rate=0.01)
    assert [epoch.epoch for epoch in epochs] == list(range(1, 41))
    assert all(epoch.training.examples == 500 and epoch.validation.examples == 50 for epoch in epochs)
    assert epochs[-1].training.loss < before - 1
    assert np.isclose(model.evaluate(rows).loss, epochs[-1].training.loss, atol=0.1)
    assert epochs[-1].validation == model.evaluate(rows[:50])


def test_results_depend_on_seeds_alone(rows):
    def trained(**options):
        model = libvae.Model.create(config(), seed=1)
        model.fit(rows, 3, **options)
        return model

    assert same(trained(), trained())
    for other in ({"seed": 1}, {"batch_size": 50}, {"learning_rate": 0.01}, {"beta": 2}, {"samples": 2},
                  {"objective": "iwae", "samples": 2}, {"beta1": 0.8}, {"beta2": 0.9}, {"epsilon": 0.1}):
        assert not same(trained(), trained(**other)), other


def test_threads_change_no_result(wide_rows):
    models = []
    for threads in (1, 3):
        models.append(wide_model())
        trainer = libvae.Trainer(models[-1], threads=threads, batch_size=256)
        trainer.fit(wide_rows, 2)
        assert trainer.info.threads == threads
    assert same(*models)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batchsize": 3}, TypeError, "no option 'batchsize'"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"learning_rate": "fast"}, ValueError, "learning_rate is 'fast'"),
        ({"objective": "map"}, ValueError, "objective is 'map'"),
        ({"objective": "iwae", "beta": 2}, ValueError, "beta"),
        ({"optimizer": "sgd"}, libvae.UnsupportedError, "sgd"),
        ({"precision": "int8"}, ValueError, "must be one of float32, bf16, bf16-or-float32"),
        ({"precision": "half"}, ValueError, "precision is 'half'"),
        ({"epochs": -1}, ValueError, "epochs is -1"),
        ({"validation": np.zeros((3, 4))}, ValueError, "validation has 4 columns, x has 20"),
    ],
)
def test_what_is_refused(model, rows, options, error, message):
    with pytest.raises(error, match=message):
        model.fit(rows, **options)


def test_precision(model, rows):
    trainer = libvae.Trainer(model, precision="bf16-or-float32")
    try:
        libvae.Trainer(model, precision="bf16")
    except libvae.UnsupportedError:
        assert trainer.info.precision == "float32"
    else:
        assert trainer.info.precision == "bf16"
        model.fit(rows, 1, precision="bf16")
        assert model.config["training"]["precision"] == "bf16"


def test_callback_sees_every_epoch_and_may_stop(model, rows):
    seen = []

    def callback(progress):
        assert model.encode(rows[:1]).mean.shape == (1, 3)
        seen.append(progress)
        return progress.is_epoch_end and progress.epoch == 2

    epochs = model.fit(rows, 5, validation=rows, callback=callback, batch_size=100)
    assert len(epochs) == 2
    ends = [progress for progress in seen if progress.is_epoch_end]
    places = [(end.epoch, end.epochs, end.batch, end.batches, end.step) for end in ends]
    assert places == [(1, 5, 5, 5, 5), (2, 5, 5, 5, 10)]
    assert [end.training for end in ends] == [epoch.training for epoch in epochs]
    assert [end.validation for end in ends] == [epoch.validation for epoch in epochs]


def long_rows():
    """Rows of which an epoch takes seconds on any machine."""
    return np.random.default_rng(0).random((200_000, 256), dtype=np.float32)


def long_model():
    layer = {"units": 512, "activation": "relu"}
    return libvae.Model.create(config(input_dim=256, encoder=[layer, layer], decoder=[layer]))


def test_callback_stops_within_an_epoch_and_the_run_goes_on():
    x, model, batches = long_rows(), long_model(), []
    trainer = libvae.Trainer(model)
    assert trainer.fit(x, 1, callback=lambda progress: batches.append(progress.batch) or True) == []
    assert trainer.info.batch == batches[0] > 0 and trainer.info.epoch == 0
    trainer.fit(x, 1, callback=lambda progress: batches.append(progress.batch) or True)
    assert batches[1] > batches[0]


def test_what_a_callback_raises_is_raised(model, rows):
    def callback(progress):
        raise LookupError("from the callback")

    with pytest.raises(LookupError, match="from the callback"):
        model.fit(rows, callback=callback)
    with pytest.raises(LookupError, match="from the callback"):
        long_model().fit(long_rows(), callback=callback)
    model.fit(rows, 1)


def test_a_model_in_training_refuses_changes():
    x = long_rows()
    busy = long_model()
    with pytest.raises(RuntimeError, match="is being trained"):
        busy.fit(x, 1, callback=lambda progress: busy.set_parameters({}))
    with pytest.raises(RuntimeError, match="is being trained"):
        busy.fit(x, 1, callback=lambda progress: busy.fit(x, 1))


CTRL_C = """
import os, signal, sys, threading, time
sys.path.insert(0, {tests!r})
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs without one
import libvae
from test_fit import long_model, long_rows
model, x = long_model(), long_rows()
start = model.to_bytes()
model.fit(x[:1000], 1)
threading.Thread(target=lambda: (time.sleep(0.5), os.kill(os.getpid(), signal.SIGINT)), daemon=True).start()
began = time.monotonic()
trainer = libvae.Trainer(model)
try:
    trainer.fit(x, 1000)
except KeyboardInterrupt:
    print("interrupted after", time.monotonic() - began)
assert trainer.info.batch > 0, "stopped at the end of an epoch only"
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert model.to_bytes() != start
model.encode(x[:10])
model.fit(x[:1000], 1)
print("usable")
"""


def test_ctrl_c_stops_and_keeps_the_model():
    program = CTRL_C.format(tests=str(pathlib.Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    interrupted, usable = done.stdout.splitlines()
    assert usable == "usable" and 0.4 < float(interrupted.split()[-1]) < 10
    assert done.stderr == ""


def test_a_handler_of_the_programs_own_is_left_alone(model, rows):
    pressed = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        model.fit(rows, 2, callback=lambda progress: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [signal.SIGINT] * 2


def test_fit_in_another_thread(model, rows):
    thread = threading.Thread(target=model.fit, args=(rows, 2))
    thread.start()
    thread.join()
    assert "training" in model.config


def test_the_gil_is_released():
    """Else this thread would run once a callback, about ten times a second."""
    x, model, callbacks, steps = long_rows(), long_model(), [], 0

    def callback(progress):
        callbacks.append(progress.batch)
        return steps > 50

    thread = threading.Thread(target=model.fit, args=(x, 1), kwargs={"callback": callback})
    thread.start()
    while thread.is_alive():
        time.sleep(0.001)
        steps += 1
    assert steps > 50 > 2 * len(callbacks)


def test_progress_bar(model, rows, capfd):
    model.fit(rows, 3, progress=True)
    shown = capfd.readouterr().err
    assert "epoch 3/3, loss" in shown and "1.50k/1.50k" in shown
    model.fit(rows, 1)
    assert capfd.readouterr().err == ""


def overfit(trainer, rows, **options):
    """Few rows, so that the validation loss has its lowest point early."""
    return trainer.fit(rows[:20], 200, validation=rows[20:100] > 0.3, **options)


def test_patience_ends_a_run_with_its_best_parameters(model, rows):
    trainer = libvae.Trainer(model, patience=4, learning_rate=0.02, batch_size=10)
    seen = []
    epochs = overfit(trainer, rows, callback=seen.append)
    losses = [epoch.validation.loss for epoch in epochs]
    best = int(np.argmin(losses))
    assert len(epochs) == best + 5 < 200
    assert [epoch.is_best for epoch in epochs] == [loss == min(losses[: n + 1]) for n, loss in enumerate(losses)]
    assert [progress.is_best for progress in seen if progress.is_epoch_end] == [epoch.is_best for epoch in epochs]
    info = trainer.info
    assert (info.best_loss, info.best_epoch, info.epoch, info.waited) == (losses[best], best + 1, best + 1, 0)
    assert model.evaluate(rows[20:100] > 0.3).loss == losses[best]
    again = libvae.Model.create(config(), seed=1)
    again.fit(rows[:20], best + 1, learning_rate=0.02, batch_size=10)
    assert same(again, model)


def test_a_run_that_is_stopped_keeps_its_last_parameters(model, rows):
    trainer = libvae.Trainer(model, patience=100, learning_rate=0.02, batch_size=10)
    last = []

    def callback(progress):
        last[:] = [model.to_bytes()]
        return progress.epoch == 60

    epochs = overfit(trainer, rows, callback=callback)
    assert len(epochs) == 60 and not epochs[-1].is_best and model.to_bytes() == last[0]
    trainer.take_best()
    assert model.evaluate(rows[20:100] > 0.3).loss == min(epoch.validation.loss for epoch in epochs)


def test_judging_in_a_loop_of_ones_own(model, rows):
    trainer = libvae.Trainer(model, patience=2)
    assert trainer.info.best_loss is None
    with pytest.raises(libvae.InvalidArgumentError):
        trainer.take_best()
    trainer.fit(rows, 1, validation=rows)
    best = model.to_bytes()
    assert not trainer.judge(0.5)
    for loss, stop in (0.7, False), (0.6, True):
        trainer.step(rows[:50])
        assert trainer.judge(loss) is stop
    assert trainer.info.best_loss == 0.5 and trainer.info.waited == 2
    trainer.take_best()
    assert same(model, libvae.Model.from_bytes(best))
    with pytest.raises(ValueError, match="loss"):
        trainer.judge(float("nan"))


def test_patience_needs_validation_rows(model, rows):
    with pytest.raises(ValueError, match="patience is 3, but there are no validation rows"):
        model.fit(rows, 5, patience=3)


def test_gradients_of_a_step(model, rows):
    noise = np.random.default_rng(1).standard_normal((1, 50, 3))
    expected = model.loss_and_gradients(rows[:50], noise).gradients
    trainer = libvae.Trainer(model, keep_gradients=True)
    with pytest.raises(ValueError):
        trainer.gradients()
    trainer.step(rows[:50], noise)
    found = trainer.gradients()
    assert all(np.allclose(found[name], gradient, rtol=1e-5, atol=1e-7) for name, gradient in expected.items())
    plain = libvae.Trainer(model)
    plain.step(rows[:50])
    with pytest.raises(libvae.InvalidArgumentError, match="keep_gradients"):
        plain.gradients()


def test_instruction_sets(wide_rows):
    losses = []
    assert "portable" in libvae.available_isas()
    for isa in libvae.available_isas():
        model = wide_model()
        trainer = libvae.Trainer(model, isa=isa)
        losses.append(trainer.fit(wide_rows, 1)[0].training.loss)
        model.isa = isa
        assert trainer.info.isa == model.isa == isa and model.encode(wide_rows).mean.shape == (1024, 3)
    assert np.allclose(losses, losses[0], rtol=1e-5)
    with pytest.raises(ValueError, match="isa is 'sse'"):
        libvae.Trainer(wide_model(), isa="sse")


def test_where_a_trainer_stands(model, rows):
    trainer = libvae.Trainer(
        model, clip_norm=1e-3, rate_schedule="exponential", rate_decay=0.5, warm_up="linear", warm_up_epochs=4
    )
    trainer.fit(rows, 2)
    info = trainer.info
    assert (info.epoch, info.step, info.batch) == (2, 8, 0) and info.gradient_norm > 1e-3
    assert 2.5e-4 < info.learning_rate < 5e-4 and 0.25 < info.beta < 0.5 and info.capacity == 0


def test_trainers_go_on_to_the_bit(rows, tmp_path):
    straight, parted = libvae.Model.create(config(), seed=2), libvae.Model.create(config(), seed=2)
    libvae.Trainer(straight, samples=2, batch_size=64).fit(rows, 4)
    first = libvae.Trainer(parted, samples=2, batch_size=64)
    first.fit(rows, 3)
    first.save(tmp_path / "state.safetensors")
    other = libvae.Model.create(config(), seed=3)
    second = libvae.Trainer(other, seed=99)
    second.restore(tmp_path / "state.safetensors")
    assert same(other, parted) and second.info.epoch == 3 and second.info.step == 24
    epochs = second.fit(rows, 1, validation=rows)
    assert same(other, straight) and epochs[0].epoch == 4
    assert epochs[0].validation == other.evaluate(rows, samples=2)
    second.step(rows[:5], np.zeros((2, 5, 3)))
    with pytest.raises(ValueError, match=r"noise has shape \[1, 5, 3\]; it must be \[2, 5, 3\]"):
        second.step(rows[:5], np.zeros((1, 5, 3)))


def test_a_trainer_keeps_its_model_alive(rows):
    trainer = libvae.Trainer(libvae.Model.create(config()))
    trainer.fit(rows, 1)
    assert "training" in trainer.model.config


def test_a_trainer_is_freed_before_its_model(monkeypatch):
    """Also where both are in one cycle and the garbage collector frees them: freeing a trainer reads its model."""
    freed = []
    for name in ("vae_trainer_free", "vae_model_free"):
        function = getattr(c.lib, name)
        monkeypatch.setattr(c.lib, name, lambda handle, name=name, free=function: freed.append(name) or free(handle))
    model = libvae.Model.create(config())
    model.trainer = libvae.Trainer(model)
    del model
    gc.collect()
    assert freed == ["vae_trainer_free", "vae_model_free"]
