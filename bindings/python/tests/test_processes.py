"""Threads and processes: models shared by threads, children made by fork(), workers of multiprocessing and joblib."""

import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import threading

import joblib
import libvae
import numpy as np
import pytest
from libvae import _c_api

from conftest import same, wide_model

THREADS = 3  # a team is started even where there are fewer processors


def train_copy(model, rows):
    """What a worker does: trains and uses what it was given, with a team of threads."""
    trainer = libvae.Trainer(model, threads=THREADS, batch_size=256)
    trainer.fit(rows, 1)
    assert trainer.info.threads == THREADS
    model.threads = THREADS
    return model.encode(rows).mean


@pytest.fixture
def rows(wide_rows):
    return wide_rows


@pytest.fixture
def trained(rows):
    """A model after the OpenMP runtime has started its threads in this process."""
    model = wide_model()
    train_copy(model, rows)
    return model


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
    codes, model = [], wide_model()
    model.threads = THREADS

    def callback(progress):
        if progress.is_epoch_end:  # the other reports of an epoch depend on how busy the machine is
            codes.append(in_child(lambda: train_copy(libvae.Model.from_bytes(model.to_bytes()), rows)))

    model.fit(rows, 2, threads=THREADS, batch_size=256, callback=callback)
    assert codes == [0, 0]


FORK_AFTER = """
import os, signal
{first}
import sys
sys.path.insert(0, {tests!r})
import libvae, numpy
from conftest import wide_model
from test_processes import train_copy
{then}
rows = numpy.random.default_rng(5).random((1024, 128), dtype=numpy.float32)
train_copy(wide_model(), rows)
if os.fork() == 0:
    signal.alarm(30)
    train_copy(wide_model(), rows)
    os._exit(0)
assert os.wait()[1] == 0, "the child hangs"
print(os.environ["KMP_INIT_AT_FORK"])
"""


@pytest.mark.parametrize(("first", "then"), [("import joblib", ""), ("", "import joblib")], ids=["before", "after"])
def test_fork_beside_joblib(first, then):
    """joblib tells LLVM's runtime, by the environment, not to prepare for fork()."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KMP_")}
    program = FORK_AFTER.format(first=first, then=then, tests=str(pathlib.Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stdout) == (0, "FALSE\n"), done.stderr


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
    models = [wide_model(seed=4) for _ in range(4)]
    threads = [threading.Thread(target=train_copy, args=(model, rows)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(models[0], model) for model in models)


INTELS_RUNTIME_FIRST = """
import ctypes, os, signal, sys
runtime = ctypes.CDLL({runtime!r})
body = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: None)
runtime.GOMP_parallel(body, None, 2, 0)
sys.path.insert(0, {tests!r})
import libvae, numpy
from conftest import wide_model
from test_processes import train_copy
rows = numpy.random.default_rng(5).random((1024, 128), dtype=numpy.float32)
train_copy(wide_model(), rows)
runtime.GOMP_parallel(body, None, 2, 0)
if os.fork() == 0:
    signal.alarm(30)
    train_copy(wide_model(), rows)
    os._exit(0)
assert os.wait()[1] == 0, "the child hangs"
print("fine")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="for ELF")
def test_beside_intels_openmp_runtime(tmp_path):
    """Two runtimes of that family in one process abort. Intel's is played by ours, under Intel's name."""
    (ours,) = pathlib.Path(_c_api.library_path()).parent.glob("libomp.so.*")
    other = tmp_path / "libiomp5.so"
    other.write_bytes(ours.read_bytes().replace(b"libomp.so.5\0", b"libiomp5.so\0"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KMP_")}
    program = INTELS_RUNTIME_FIRST.format(runtime=str(other), tests=str(pathlib.Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
