"""What pip makes of the package: the wheel, a fresh virtual environment, and a source distribution.

tools/test.py builds the wheel and names it in LIBVAE_WHEEL.
"""

import email
import os
import pathlib
import re
import subprocess
import sys
import zipfile

import libvae
import pytest

from conftest import REPOSITORY

PROJECT = REPOSITORY / "bindings" / "python"
WHEEL = os.environ.get("LIBVAE_WHEEL")
needs_wheel = pytest.mark.skipif(not WHEEL, reason="LIBVAE_WHEEL names no wheel")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="for ELF")

FRESH = """
import importlib.util, pathlib, sys
import libvae, numpy
assert all(importlib.util.find_spec(name) is None for name in ("sklearn", "onnx", "tqdm", "scipy"))
layer = {"units": 8, "activation": "relu"}
config = {"input_dim": 4, "latent_dim": 2, "encoder": [layer], "decoder": [layer], "likelihood": "bernoulli"}
model = libvae.Model.create(config)
model.fit(numpy.random.rand(50, 4), 2, threads=2)
from libvae import *
for needs, extra in (lambda: libvae.VAE, "sklearn"), (lambda: libvae.onnx, "onnx"):
    try:
        needs()
    except ImportError as error:
        assert f"pip install libvae[{extra}]" in str(error), error
    else:
        raise AssertionError(extra)
try:
    model.fit(numpy.random.rand(50, 4), 1, progress=True)
except ImportError as error:
    assert "pip install libvae[progress]" in str(error)
mapped = {line.split()[-1] for line in open("/proc/self/maps") if "omp" in line.split()[-1]}
assert mapped and {str(pathlib.Path(name).parent) for name in mapped} == {str(pathlib.Path(libvae.__file__).parent)}
assert not any(name.startswith(("torch", "sklearn")) for name in sys.modules)
"""


def python(*arguments, **options):
    """Runs a program in an environment without this process's paths to libvae."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LIBVAE_LIBRARY")}
    done = subprocess.run([str(part) for part in arguments], capture_output=True, text=True, env=clean, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dynamic_section(wheel, name, folder):
    with zipfile.ZipFile(wheel) as archive:
        return python("readelf", "-d", archive.extract(name, folder))


def test_version():
    text = (PROJECT / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.*)"$', text, re.M)[1] == libvae.__version__


@needs_wheel
def test_the_wheel_has_what_it_needs_and_no_more():
    with zipfile.ZipFile(WHEEL) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        headers = email.message_from_bytes(archive.read(metadata))
    modules = {f"libvae/{path.name}" for path in (PROJECT / "libvae").glob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert {"libvae/py.typed", "libvae/libvae.so"} < set(names) or sys.platform != "linux"
    for name in ("LICENSE", "NOTICE"):
        assert any(path.endswith(f"licenses/{name}") for path in names)
    assert [need for need in headers.get_all("Requires-Dist") if "extra ==" not in need] == ["numpy>=1.24"]
    assert "-py3-none-" in pathlib.Path(WHEEL).name


@needs_wheel
@linux_only
def test_the_library_finds_its_openmp_runtime_beside_it(tmp_path):
    dynamic = dynamic_section(WHEEL, "libvae/libvae.so", tmp_path)
    assert re.search(r"\((RPATH|RUNPATH)\).*\[\$ORIGIN\]", dynamic)
    (runtime,) = [name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic) if "omp" in name]
    assert runtime.startswith(("libomp", "libiomp"))
    assert f"[{runtime}]" in dynamic_section(WHEEL, f"libvae/{runtime}", tmp_path)


@needs_wheel
@linux_only
def test_a_fresh_virtual_environment(tmp_path):
    python(sys.executable, "-m", "venv", tmp_path / "venv")
    interpreter = tmp_path / "venv" / "bin" / "python"
    python(interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL)
    python(interpreter, "-c", FRESH, cwd=tmp_path)


@needs_wheel
@pytest.mark.timeout(600)  # it compiles the library
def test_a_source_distribution_builds_the_same_wheel(tmp_path):
    python(sys.executable, "-m", "build", "--sdist", "--outdir", tmp_path, PROJECT)
    (source,) = tmp_path.glob("libvae-*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    python(*pip, "--wheel-dir", tmp_path, source, cwd=tmp_path)
    (wheel,) = tmp_path.glob("libvae-*.whl")
    names = [sorted(zipfile.ZipFile(path).namelist()) for path in (wheel, WHEEL)]
    assert names[0] == names[1]


def test_type_hints():
    python(sys.executable, "-m", "mypy", "--cache-dir", REPOSITORY / "build" / "mypy", cwd=PROJECT)
