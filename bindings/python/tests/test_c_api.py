"""The low-level layer: structs and numbers as the headers have them, errors, and which libraries are taken."""

import ctypes
import os
import re
import shutil
import subprocess
import sys

import libvae
import numpy as np
import pytest
from libvae import _c_api as c

from conftest import REPOSITORY, config

STRUCTS = {
    "vae_error": c.Error, "vae_layer": c.Layer, "vae_config": c.Config, "vae_objective": c.Objective,
    "vae_training": c.Training, "vae_data": c.Data, "vae_loss": c.Loss, "vae_terms": c.Terms,
    "vae_model_options": c.ModelOptions, "vae_parameter_info": c.ParameterInfo,
    "vae_workspace_options": c.WorkspaceOptions, "vae_progress": c.Progress, "vae_trainer_info": c.TrainerInfo,
    "vae_condition": c.Condition, "vae_preset_info": c.PresetInfo, "vae_statistics_options": c.StatisticsOptions,
    "vae_statistics": c.Statistics, "vae_statistics_arrays": c.StatisticsArrays,
}
NUMBERS = {
    "VAE_OK": c.OK, "VAE_STOPPED": c.STOPPED, "VAE_ERROR_MESSAGE_SIZE": c.ERROR_MESSAGE_SIZE,
    "VAE_DATA_FLOAT32": c.DATA_FLOAT32, "VAE_DATA_UINT8": c.DATA_UINT8,
    "VAE_PRECISION_FLOAT32": c.PRECISION_FLOAT32, "VAE_PRECISION_BFLOAT16": c.PRECISION_BFLOAT16,
    "VAE_PRECISION_INT8": c.PRECISION_INT8, "VAE_VERSION_MAJOR": c.ABI_VERSION[0],
    "VAE_VERSION_MINOR": c.ABI_VERSION[1], "VAE_MAX_MILESTONES": c.MAX_MILESTONES,
    "VAE_CONDITION_FLOAT32": c.CONDITION_FLOAT32, "VAE_CONDITION_UINT8": c.CONDITION_UINT8,
    "VAE_CONDITION_LABELS_UINT8": c.CONDITION_LABELS_UINT8, "VAE_CONDITION_LABELS_UINT32": c.CONDITION_LABELS_UINT32,
    "VAE_WARNING_DEGENERATE_WEIGHTS": c.WARNING_DEGENERATE_WEIGHTS, "VAE_WARNING_COLLAPSE": c.WARNING_COLLAPSE,
    "VAE_WARNING_MUTUAL_INFORMATION": c.WARNING_MUTUAL_INFORMATION,
}
# What the library exports and Python does without.
UNBOUND = {
    "vae_allocator_init_sized": "memory from Python functions would need the GIL in every call",
    "vae_progress_init_sized": "the library fills in what it reports",
    "vae_preset_count": "vae_preset_name ends with NULL",
    "vae_model_find_parameter": "vae_model_get_parameter_info gives all of them",
    "vae_model_decode": "vae_model_decode_given without a condition",
    "vae_model_sample": "vae_model_sample_given without a condition",
    "vae_model_value_count": "the sum of the shapes",
    "vae_workspace_get_info": "workspaces are inside of a model",
    "vae_workspace_info_init_sized": "workspaces are inside of a model",
}


def test_layouts_and_numbers_are_those_of_the_headers(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler, "a C compiler is needed"
    lines, expected = [], []
    for name, struct in STRUCTS.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        expected.append(f"{name} {ctypes.sizeof(struct)}")
        for field, *_ in struct._fields_:
            member = f"(({name} *)0)->{field}"
            lines.append(f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), sizeof({member}));')
            place = getattr(struct, field)
            expected.append(f"{name}.{field} {place.offset} {place.size}")
    for name, number in NUMBERS.items():
        lines.append(f'printf("{name} %d\\n", (int){name});')
        expected.append(f"{name} {number}")
    source = tmp_path / "layouts.c"
    source.write_text("#include <stdio.h>\n#include <vae/vae.h>\nint main(void) {\n" + "\n".join(lines) + "\n}\n")
    subprocess.run([compiler, f"-I{REPOSITORY}/include", "-o", tmp_path / "layouts", source], check=True)
    found = subprocess.run([tmp_path / "layouts"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert found == expected


def test_every_exported_function_is_there():
    exported = set((REPOSITORY / "Tests" / "Fixtures" / "abi" / "symbols.txt").read_text().split())
    assert exported - c._SIGNATURES.keys() == UNBOUND.keys()


def test_structs_are_whole():
    """No field of the headers is missing: test_layouts… finds wrong places, and this a struct that ends too early."""
    text = "\n".join(path.read_text() for path in sorted((REPOSITORY / "include" / "vae").glob("*.h")))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    structs = {name: body for body, name in re.findall(r"typedef struct \w+ {([^}]*)} (vae_\w+);", text)}
    assert STRUCTS.keys() == structs.keys() - {"vae_allocator", "vae_workspace_info"}
    for name, struct in STRUCTS.items():
        fields = re.findall(r"(\w+)(?:\[\w+\])?;", structs[name])
        assert [field for field, *_ in struct._fields_] == fields, name


def test_every_declared_function_has_as_many_arguments_as_in_the_headers():
    text = "\n".join(path.read_text() for path in sorted((REPOSITORY / "include" / "vae").glob("*.h")))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    declared = dict(re.findall(r"VAE_API [^;(]*?\b(vae_\w+)\(([^;]*)\);", text))
    for name, (_, arguments) in c._SIGNATURES.items():
        written = declared[name].strip()
        assert len(arguments) == (0 if written == "void" else written.count(",") + 1), name


def test_each_status_has_its_exception():
    exceptions = {
        "VAE_ERROR_INVALID_ARGUMENT": (libvae.InvalidArgumentError, ValueError),
        "VAE_ERROR_MISMATCH": (libvae.MismatchError, ValueError),
        "VAE_ERROR_DATA": (libvae.DataError, ValueError),
        "VAE_ERROR_NOT_FINITE": (libvae.NotFiniteError, ArithmeticError),
        "VAE_ERROR_OUT_OF_MEMORY": (libvae.OutOfMemoryError, MemoryError),
        "VAE_ERROR_IO": (libvae.FileError, OSError),
        "VAE_ERROR_FORMAT": (libvae.FormatError, ValueError),
        "VAE_ERROR_UNSUPPORTED": (libvae.UnsupportedError, NotImplementedError),
    }
    found = {c.lib.vae_status_name(status).decode(): error for status, error in c.ERRORS.items()}
    assert found == {name: error for name, (error, _) in exceptions.items()}
    for error, built_in in exceptions.values():
        assert issubclass(error, libvae.VAEError) and issubclass(error, built_in)
        assert str(error("what and why")) == "what and why"


def test_errors_carry_the_librarys_message(model, rows, tmp_path):
    with pytest.raises(libvae.MismatchError, match="columns is 3.*input_dim is 20"):
        model.encode(rows[:, :3])
    with pytest.raises(libvae.DataError, match="row 7, column 2 is nan"):
        bad = rows.copy()
        bad[7, 2] = np.nan
        model.encode(bad)
    with pytest.raises(OSError, match="No such file"):
        libvae.Model.load(tmp_path / "missing.safetensors")
    (tmp_path / "text.safetensors").write_text("this is no model")
    with pytest.raises(libvae.FormatError):
        libvae.Model.load(tmp_path / "text.safetensors")
    with pytest.raises(libvae.UnsupportedError):
        model.quantized("int8").save(tmp_path / "copy.safetensors")
    with pytest.raises(ValueError, match="input_dim"):
        libvae.Model.create(config(input_dim=0))


def test_not_finite_training_keeps_the_model(rows):
    model = libvae.Model.create(config(likelihood="gaussian"))
    start = libvae.Model.from_bytes(model.to_bytes())
    with pytest.raises(libvae.NotFiniteError):
        model.fit(rows * 1e25, 1, batch_size=500)
    assert all(np.array_equal(array, start.parameters()[name]) for name, array in model.parameters().items())


def test_a_library_of_another_version_is_refused(tmp_path):
    source = tmp_path / "other.c"
    source.write_text("unsigned vae_version_number(void) { return 9 * 10000 + 7 * 100; }\n")
    library = tmp_path / "other.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    with pytest.raises(ImportError, match=r"is libvae 9\.7; this package needs 0\.1"):
        c.load(str(library))


@pytest.mark.parametrize("path", ["/nowhere/libvae.so", "libc.so.6"])
def test_what_is_no_libvae_is_refused(path):
    with pytest.raises(ImportError, match="LIBVAE_LIBRARY"):
        c.load(path)


def test_the_environment_names_another_library():
    done = subprocess.run(
        [sys.executable, "-c", "import libvae"],
        env={**os.environ, "LIBVAE_LIBRARY": "/nowhere/libvae.so"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "/nowhere/libvae.so" in done.stderr
