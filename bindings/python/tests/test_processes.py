"""Threads and processes: models shared by threads, children made by fork(), workers of multiprocessing and joblib."""

import multiprocessing
import os
import signal
import sys
import threading

import joblib
import libvae
import numpy as np
import pytest

from conftest import config, same

THREADS = 3  # a team is started even where there are fewer processors


@pytest.fixture
def trained(rows):
    """A model after the OpenMP runtime has started its threads in this process."""
    model = libvae.Model.create(config(), seed=1)
    model.fit(rows, 2, threads=THREADS)
    model.threads = THREADS
    model.encode(rows)
    return model


def train_copy(model, rows):
    """What a worker does: uses and trains what it was given."""
    model.fit(rows, 1, threads=THREADS)
    return model.encode(rows).mean


@pytest.fixture
def expected(trained, rows):
    return train_copy(libvae.Model.from_bytes(trained.to_bytes()), rows)


def in_child(work):
    """Runs `work` in a child made by os.fork(); its exit code, or the signal of a hang."""
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_child_uses_and_trains_its_copy(trained, rows, expected):
    def child():
        assert np.array_equal(train_copy(trained, rows), expected)

    assert in_child(child) == 0
    assert np.array_equal(train_copy(trained, rows), expected)  # the parent's own model goes on as well


def test_a_child_may_fork_too(trained, rows, expected):
    def grandchild():
        assert np.array_equal(train_copy(trained, rows), expected)

    def child():
        train_copy(libvae.Model.from_bytes(trained.to_bytes()), rows)
        assert in_child(grandchild) == 0

    assert in_child(child) == 0


def test_fork_from_a_callback(rows):
    codes = []
    model = libvae.Model.create(config(), seed=1)
    model.fit(rows, 2, threads=THREADS, callback=lambda progress: codes.append(in_child(lambda: model.encode(rows))))
    assert codes == [0, 0]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(trained, rows, expected, method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        results = pool.starmap_async(train_copy, [(trained, rows)] * 3).get(timeout=60)
    assert all(np.array_equal(result, expected) for result in results)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_joblib(trained, rows, expected, backend):
    copies = [libvae.Model.from_bytes(trained.to_bytes()) for _ in range(3)]
    results = joblib.Parallel(2, backend=backend, timeout=60)(joblib.delayed(train_copy)(copy, rows) for copy in copies)
    assert all(np.array_equal(result, expected) for result in results)


def test_many_threads_share_a_model(trained, rows):
    expected = trained.encode(rows).mean
    wrong = []

    def use():
        for begin in range(0, 200, 10):
            if not np.array_equal(trained.encode(rows[begin:]).mean, expected[begin:]):
                wrong.append(begin)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_many_threads_train_models_of_their_own(rows):
    models = [libvae.Model.create(config(), seed=4) for _ in range(4)]
    threads = [threading.Thread(target=model.fit, args=(rows, 3)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(models[0], model) for model in models)
