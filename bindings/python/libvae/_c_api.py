"""The C ABI of libvae, as ctypes sees it: structs, functions, and the way from a status to an exception.

This is the only file that knows the C library; everything idiomatic lies above it. Names, fields and their order are
those of `include/vae/*.h`, which says shapes, units and ownership; `tests/test_c_api.py` compares both with a compiler.
ctypes releases the GIL during each call.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import re
import sys
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, TypeVar

from . import errors

# The release whose headers this file was written from. Before 1.0 a minor version may change the ABI.
ABI_VERSION = (0, 1)

# --- Numbers of base.h, config.h, data.h ------------------------------------------------------------------------------

OK, STOPPED = 0, 9
ERRORS: dict[int, type[errors.VAEError]] = {
    1: errors.InvalidArgumentError,
    2: errors.MismatchError,
    3: errors.DataError,
    4: errors.NotFiniteError,
    5: errors.OutOfMemoryError,
    6: errors.FileError,
    7: errors.FormatError,
    8: errors.UnsupportedError,
}
ERROR_MESSAGE_SIZE = 512
MAX_MILESTONES = 16
DATA_FLOAT32, DATA_UINT8 = 0, 1
PRECISION_FLOAT32, PRECISION_BFLOAT16, PRECISION_INT8 = 0, 1, 2

# --- Structs: the first field is the size that the caller knows -------------------------------------------------------

Floats = c_void_p  # float *: the address of a NumPy array's memory, `array.ctypes.data`, or None


class Error(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("code", c_int32), ("message", c_char * ERROR_MESSAGE_SIZE)]


class Layer(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("units", c_uint32), ("activation", c_int32)]


class Config(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("input_dim", c_uint32),
        ("condition_dim", c_uint32),
        ("latent_dim", c_uint32),
        ("encoder", POINTER(Layer)),
        ("decoder", POINTER(Layer)),
        ("encoder_count", c_uint32),
        ("decoder_count", c_uint32),
        ("prior", c_int32),
        ("likelihood", c_int32),
        ("output_activation", c_int32),
        ("sigma_kind", c_int32),
        ("sigma", c_double),
        ("groups", POINTER(c_uint32)),
        ("group_count", c_uint32),
        ("reserved", c_uint32),
    ]


class Objective(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("samples", c_uint32),
        ("beta", c_double),
        ("binarization", c_int32),
        ("reserved32", c_uint32),
        ("reserved", c_uint64 * 23),
    ]


class Training(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("batch_size", c_uint32),
        ("objective", Objective),
        ("learning_rate", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("seed", c_uint64),
        ("threads", c_int32),
        ("isa", c_int32),
        ("keep_gradients", c_int32),
        ("reserved", c_uint32),
        ("precision", c_int32),
        ("precision_fallback", c_int32),
        ("rate_schedule", c_int32),
        ("warm_up", c_int32),
        ("rate_decay", c_double),
        ("rate_epochs", c_double),
        ("rate_floor", c_double),
        ("rate_milestones", c_uint32 * MAX_MILESTONES),
        ("warm_up_epochs", c_double),
        ("warm_up_share", c_double),
        ("weight_decay", c_double),
        ("clip_norm", c_double),
        ("warm_up_cycles", c_uint32),
        ("patience", c_uint32),
    ]


class Data(ctypes.Structure):
    array: Any  # what `values` points into; not a field, but alive as long as the struct

    _fields_ = [
        ("struct_size", c_uint32),
        ("type", c_int32),
        ("values", c_void_p),
        ("rows", c_size_t),
        ("columns", c_size_t),
        ("row_stride", c_size_t),
        ("scale", c_double),
    ]


class Loss(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("examples", c_uint64),
        ("loss", c_double),
        ("reconstruction", c_double),
        ("kl", c_double),
        ("negative_elbo", c_double),
        ("penalty", c_double),
        ("reserved", c_double * 8),
    ]


class Terms(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("loss", Floats),
        ("kl", Floats),
        ("reconstruction", Floats),
        ("sample_nll", Floats),
        ("mean", Floats),
        ("logvar", Floats),
        ("z", Floats),
        ("output", Floats),
    ]


class ModelOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("seed", c_uint64), ("allocator", c_void_p)]


class ParameterInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("name", c_char_p),
        ("rank", c_uint32),
        ("shape", c_uint64 * 4),
        ("count", c_size_t),
    ]


class WorkspaceOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("max_rows", c_uint32),
        ("threads", c_int32),
        ("isa", c_int32),
        ("allocator", c_void_p),
    ]


class Progress(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("epoch", c_uint64),
        ("batch", c_uint64),
        ("batches", c_uint64),
        ("step", c_uint64),
        ("loss", Loss),
    ]


class TrainerInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("isa", c_int32),
        ("epoch", c_uint64),
        ("batch", c_uint64),
        ("step", c_uint64),
        ("bytes", c_uint64),
        ("precision", c_int32),
        ("waited", c_uint32),
        ("learning_rate", c_double),
        ("beta", c_double),
        ("gradient_norm", c_double),
        ("best_loss", c_double),
        ("best_epoch", c_uint64),
    ]


ProgressCallback = ctypes.CFUNCTYPE(c_int32, POINTER(Progress), c_void_p)

# --- Functions: (result, arguments) -----------------------------------------------------------------------------------

_handle, _error = c_void_p, POINTER(Error)
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "vae_version_number": (c_uint32, []),
    "vae_version_string": (c_char_p, []),
    "vae_status_name": (c_char_p, [c_int32]),
    "vae_activation_name": (c_char_p, [c_int32]),
    "vae_likelihood_name": (c_char_p, [c_int32]),
    "vae_prior_name": (c_char_p, [c_int32]),
    "vae_sigma_kind_name": (c_char_p, [c_int32]),
    "vae_binarization_name": (c_char_p, [c_int32]),
    "vae_rate_schedule_name": (c_char_p, [c_int32]),
    "vae_warm_up_name": (c_char_p, [c_int32]),
    "vae_objective_name": (c_char_p, [c_int32]),
    "vae_precision_name": (c_char_p, [c_int32]),
    "vae_error_init_sized": (None, [POINTER(Error), c_size_t]),
    "vae_layer_init_sized": (None, [POINTER(Layer), c_size_t]),
    "vae_config_init_sized": (None, [POINTER(Config), c_size_t]),
    "vae_objective_init_sized": (None, [POINTER(Objective), c_size_t]),
    "vae_training_init_sized": (None, [POINTER(Training), c_size_t]),
    "vae_data_init_sized": (None, [POINTER(Data), c_size_t]),
    "vae_loss_init_sized": (None, [POINTER(Loss), c_size_t]),
    "vae_terms_init_sized": (None, [POINTER(Terms), c_size_t]),
    "vae_model_options_init_sized": (None, [POINTER(ModelOptions), c_size_t]),
    "vae_parameter_info_init_sized": (None, [POINTER(ParameterInfo), c_size_t]),
    "vae_workspace_options_init_sized": (None, [POINTER(WorkspaceOptions), c_size_t]),
    "vae_trainer_info_init_sized": (None, [POINTER(TrainerInfo), c_size_t]),
    "vae_model_create": (c_int32, [POINTER(Config), POINTER(ModelOptions), POINTER(_handle), _error]),
    "vae_model_quantize": (c_int32, [_handle, c_int32, POINTER(_handle), _error]),
    "vae_model_precision": (c_int32, [_handle]),
    "vae_model_free": (None, [_handle]),
    "vae_model_get_config": (c_int32, [_handle, POINTER(Config), _error]),
    "vae_model_get_training": (c_int32, [_handle, POINTER(Training), POINTER(c_int32), _error]),
    "vae_model_parameter_count": (c_size_t, [_handle]),
    "vae_model_get_parameter_info": (c_int32, [_handle, c_size_t, POINTER(ParameterInfo), _error]),
    "vae_model_get_parameter": (c_int32, [_handle, c_char_p, Floats, c_size_t, _error]),
    "vae_model_set_parameter": (c_int32, [_handle, c_char_p, Floats, c_size_t, _error]),
    "vae_model_init_output_bias": (c_int32, [_handle, POINTER(Data), _error]),
    "vae_model_save": (c_int32, [_handle, c_char_p, _error]),
    "vae_model_save_bytes": (c_int32, [_handle, c_char_p, c_size_t, POINTER(c_size_t), _error]),
    "vae_model_load": (c_int32, [c_char_p, POINTER(ModelOptions), POINTER(_handle), _error]),
    "vae_model_load_bytes": (c_int32, [c_char_p, c_size_t, POINTER(ModelOptions), POINTER(_handle), _error]),
    "vae_workspace_create": (c_int32, [_handle, POINTER(WorkspaceOptions), POINTER(_handle), _error]),
    "vae_workspace_free": (None, [_handle]),
    "vae_model_encode": (c_int32, [_handle, _handle, POINTER(Data), Floats, Floats, _error]),
    "vae_model_decode": (c_int32, [_handle, _handle, Floats, c_size_t, Floats, _error]),
    "vae_model_reconstruct": (c_int32, [_handle, _handle, POINTER(Data), Floats, _error]),
    "vae_model_sample": (c_int32, [_handle, _handle, c_uint64, c_uint64, c_size_t, Floats, Floats, _error]),
    "vae_model_evaluate": (
        c_int32,
        [_handle, _handle, POINTER(Data), POINTER(Objective), c_uint64, POINTER(Loss), POINTER(Terms), _error],
    ),
    "vae_model_loss_and_gradients": (
        c_int32,
        [_handle, _handle, POINTER(Data), POINTER(Objective), Floats, c_uint64, POINTER(Loss), POINTER(Terms), _error],
    ),
    "vae_workspace_get_gradient": (c_int32, [_handle, c_char_p, Floats, c_size_t, _error]),
    "vae_trainer_create": (c_int32, [_handle, POINTER(Training), c_void_p, POINTER(_handle), _error]),
    "vae_trainer_free": (None, [_handle]),
    "vae_trainer_epoch": (c_int32, [_handle, POINTER(Data), ProgressCallback, c_void_p, POINTER(Loss), _error]),
    "vae_trainer_step": (c_int32, [_handle, POINTER(Data), Floats, POINTER(Loss), POINTER(Terms), _error]),
    "vae_trainer_get_info": (c_int32, [_handle, POINTER(TrainerInfo), _error]),
    "vae_trainer_save": (c_int32, [_handle, c_char_p, _error]),
    "vae_trainer_restore": (c_int32, [_handle, c_char_p, _error]),
}


def library_path() -> str:
    """The library to load: `LIBVAE_LIBRARY` where it is set, else the one in the package's folder."""
    chosen = os.environ.get("LIBVAE_LIBRARY")
    return chosen or str(pathlib.Path(__file__).parent / ("libvae.dylib" if sys.platform == "darwin" else "libvae.so"))


def load(path: str) -> ctypes.CDLL:
    """Loads a libvae, checks that it is of this binding's ABI and declares its functions.

    Raises
    ------
    ImportError
        Where there is no such file, it is no libvae, or it is of another version.
    """
    try:
        library = ctypes.CDLL(path)
        found = library.vae_version_number()
    except (OSError, AttributeError) as reason:
        raise ImportError(
            f"libvae's C library cannot be loaded: {reason}. `pip install` puts it into the package; "
            "the environment variable LIBVAE_LIBRARY names another one."
        ) from reason
    if (found // 10000, found // 100 % 100) != ABI_VERSION:
        raise ImportError(
            f"{path} is libvae {found // 10000}.{found // 100 % 100}; this package needs "
            f"{ABI_VERSION[0]}.{ABI_VERSION[1]}"
        )
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def share_openmp_runtime() -> bool:
    """Makes libvae.so take its OpenMP functions from a runtime of LLVM's family, if one is loaded already.

    A second one, say ours beside Intel's that came with MKL, ends the process when it starts ("OMP: Error #15"). They
    have the same functions, and those that a process has made global are taken before a library's own dependencies.
    """
    try:
        maps = pathlib.Path("/proc/self/maps").read_text(errors="replace")
    except OSError:  # not Linux
        return False
    shared = False
    for runtime in set(re.findall(r"/.*/libi?omp[0-9a-f.-]*\.so[.0-9]*$", maps, re.M)):
        try:
            ctypes.CDLL(runtime, mode=ctypes.RTLD_GLOBAL | os.RTLD_NOLOAD)
            shared = True
        except OSError:  # mapped by somebody who reads the file
            pass
    return shared


def start_openmp_runtime(library: ctypes.CDLL) -> None:
    """Starts the runtime that libvae.so has brought, prepared for fork().

    joblib and scikit-learn set KMP_INIT_AT_FORK=FALSE, against a fault of some versions of Intel's runtime. Had ours
    read that, a child made by fork() would wait for ever for threads that only its parent has.
    """
    before = os.environ.pop("KMP_INIT_AT_FORK", None)
    start = getattr(library, "omp_get_num_procs", None)  # not there in a build without OpenMP
    if start is not None:
        start()
    if before is not None:
        os.environ["KMP_INIT_AT_FORK"] = before


has_runtime = share_openmp_runtime()
lib = load(library_path())
if not has_runtime:
    start_openmp_runtime(lib)

Struct = TypeVar("Struct", bound=ctypes.Structure)


def new(struct: type[Struct]) -> Struct:
    """A struct with the library's defaults. `struct` is one of the classes above that the caller fills in."""
    value = struct()
    _INIT[struct](byref(value), ctypes.sizeof(value))
    return value


def new_array(struct: type[Any], count: int) -> Any:
    """An array of such structs."""
    values = (struct * count)()
    for value in values:
        _INIT[struct](byref(value), ctypes.sizeof(value))
    return values


_INIT: dict[type[ctypes.Structure], Any] = {
    Error: lib.vae_error_init_sized,
    Layer: lib.vae_layer_init_sized,
    Config: lib.vae_config_init_sized,
    Objective: lib.vae_objective_init_sized,
    Training: lib.vae_training_init_sized,
    Data: lib.vae_data_init_sized,
    Loss: lib.vae_loss_init_sized,
    Terms: lib.vae_terms_init_sized,
    ModelOptions: lib.vae_model_options_init_sized,
    ParameterInfo: lib.vae_parameter_info_init_sized,
    WorkspaceOptions: lib.vae_workspace_options_init_sized,
    TrainerInfo: lib.vae_trainer_info_init_sized,
}


def call(function: Any, *arguments: Any) -> int:
    """Calls a function that ends in a `vae_error *`; gives OK or STOPPED.

    Raises
    ------
    VAEError
        The subclass that stands for the status, with the library's message.
    """
    error = new(Error)
    status: int = function(*arguments, byref(error))
    if status in (OK, STOPPED):
        return status
    message = error.message.decode(errors="replace")
    raise ERRORS.get(status, errors.VAEError)(message or lib.vae_status_name(status).decode())


def path(name: str | os.PathLike[str]) -> bytes:
    """A file's name for the library, which reads it up to the first null byte."""
    encoded = os.fsencode(name)
    if b"\0" in encoded:
        raise ValueError(f"the path {name!r} has a null byte in it")
    return encoded


def names(function: Any) -> list[str]:
    """The words of an enumeration, in the order of their numbers, from its `vae_…_name`."""
    words: list[str] = []
    while (word := function(len(words))) is not None:
        words.append(word.decode())
    return words


ACTIVATIONS = names(lib.vae_activation_name)
LIKELIHOODS = names(lib.vae_likelihood_name)
PRIORS = names(lib.vae_prior_name)
OBJECTIVES = names(lib.vae_objective_name)
SIGMA_KINDS = names(lib.vae_sigma_kind_name)
BINARIZATIONS = names(lib.vae_binarization_name)
RATE_SCHEDULES = names(lib.vae_rate_schedule_name)
WARM_UPS = names(lib.vae_warm_up_name)
PRECISIONS = names(lib.vae_precision_name)
