"""The C ABI of libvae, as ctypes sees it: functions, and the way from a status to an exception.

Together with the structs and numbers of `_c_structs.py` this is all that knows the C library; everything idiomatic lies
above. Names are those of `include/vae/*.h`, and `tests/test_c_api.py` compares both. ctypes releases the GIL during
each call.
"""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib
import re
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, TypeVar

from . import errors
from ._c_structs import *

# The release whose headers this file was written from. Before 1.0 a minor version may change the ABI.
ABI_VERSION = (0, 1)

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

# --- Functions: (result, arguments) -----------------------------------------------------------------------------------

_handle, _error, _text = c_void_p, POINTER(Error), c_char_p
_data, _condition = POINTER(Data), POINTER(Condition)
_objective, _loss, _terms = POINTER(Objective), POINTER(Loss), POINTER(Terms)
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "vae_version_number": (c_uint32, []),
    "vae_version_string": (_text, []),
    "vae_status_name": (_text, [c_int32]),
    "vae_isa_available": (c_int32, [c_int32]),
    "vae_isa_name": (_text, [c_int32]),
    "vae_precision_name": (_text, [c_int32]),
    "vae_activation_name": (_text, [c_int32]),
    "vae_likelihood_name": (_text, [c_int32]),
    "vae_likelihood_parameter_name": (_text, [c_int32, c_uint32]),
    "vae_prior_name": (_text, [c_int32]),
    "vae_sigma_kind_name": (_text, [c_int32]),
    "vae_objective_name": (_text, [c_int32]),
    "vae_binarization_name": (_text, [c_int32]),
    "vae_estimator_name": (_text, [c_int32]),
    "vae_regularizer_name": (_text, [c_int32]),
    "vae_rate_schedule_name": (_text, [c_int32]),
    "vae_warm_up_name": (_text, [c_int32]),
    "vae_bits_name": (_text, [c_int32]),
    "vae_preset_name": (_text, [c_size_t]),
    "vae_preset_get": (c_int32, [_text, POINTER(PresetInfo), POINTER(Config), POINTER(Training), _error]),
    "vae_model_create": (c_int32, [POINTER(Config), POINTER(ModelOptions), POINTER(_handle), _error]),
    "vae_model_quantize": (c_int32, [_handle, c_int32, POINTER(_handle), _error]),
    "vae_model_precision": (c_int32, [_handle]),
    "vae_model_free": (None, [_handle]),
    "vae_model_get_config": (c_int32, [_handle, POINTER(Config), _error]),
    "vae_model_get_training": (c_int32, [_handle, POINTER(Training), POINTER(c_int32), _error]),
    "vae_model_parameter_count": (c_size_t, [_handle]),
    "vae_model_get_parameter_info": (c_int32, [_handle, c_size_t, POINTER(ParameterInfo), _error]),
    "vae_model_get_parameter": (c_int32, [_handle, _text, Floats, c_size_t, _error]),
    "vae_model_set_parameter": (c_int32, [_handle, _text, Floats, c_size_t, _error]),
    "vae_model_init_output_bias": (c_int32, [_handle, _data, _error]),
    "vae_model_save": (c_int32, [_handle, _text, _error]),
    "vae_model_save_bytes": (c_int32, [_handle, _text, c_size_t, POINTER(c_size_t), _error]),
    "vae_model_load": (c_int32, [_text, POINTER(ModelOptions), POINTER(_handle), _error]),
    "vae_model_load_bytes": (c_int32, [_text, c_size_t, POINTER(ModelOptions), POINTER(_handle), _error]),
    "vae_workspace_create": (c_int32, [_handle, POINTER(WorkspaceOptions), POINTER(_handle), _error]),
    "vae_workspace_free": (None, [_handle]),
    "vae_model_encode": (c_int32, [_handle, _handle, _data, Floats, Floats, _error]),
    "vae_model_decode_given": (c_int32, [_handle, _handle, Floats, c_size_t, _condition, Floats, _error]),
    "vae_model_reconstruct": (c_int32, [_handle, _handle, _data, Floats, _error]),
    "vae_model_sample_given": (
        c_int32,
        [_handle, _handle, c_uint64, c_uint64, c_size_t, _condition, Floats, Floats, _error],
    ),
    "vae_model_prior": (c_int32, [_handle, _handle, c_size_t, _condition, Floats, Floats, _error]),
    "vae_model_likelihood_parameters": (c_int32, [_handle, _handle, Floats, c_size_t, _condition, Floats, _error]),
    "vae_model_likelihood_mean": (c_int32, [_handle, _handle, Floats, c_size_t, _condition, Floats, _error]),
    "vae_model_likelihood_samples": (
        c_int32,
        [_handle, _handle, Floats, c_size_t, _condition, c_uint64, c_uint64, Floats, _error],
    ),
    "vae_model_evaluate": (c_int32, [_handle, _handle, _data, _objective, c_uint64, _loss, _terms, _error]),
    "vae_model_loss_and_gradients": (
        c_int32,
        [_handle, _handle, _data, _objective, Floats, c_uint64, _loss, _terms, _error],
    ),
    "vae_workspace_get_gradient": (c_int32, [_handle, _text, Floats, c_size_t, _error]),
    "vae_model_statistics": (
        c_int32,
        [_handle, _handle, _data, POINTER(StatisticsOptions), POINTER(Statistics), POINTER(StatisticsArrays), _error],
    ),
    "vae_trainer_create": (c_int32, [_handle, POINTER(Training), c_void_p, POINTER(_handle), _error]),
    "vae_trainer_free": (None, [_handle]),
    "vae_trainer_epoch": (c_int32, [_handle, _data, ProgressCallback, c_void_p, _loss, _error]),
    "vae_trainer_step": (c_int32, [_handle, _data, Floats, _loss, _terms, _error]),
    "vae_trainer_get_gradient": (c_int32, [_handle, _text, Floats, c_size_t, _error]),
    "vae_trainer_get_info": (c_int32, [_handle, POINTER(TrainerInfo), _error]),
    "vae_trainer_judge": (c_int32, [_handle, c_double, POINTER(c_int32), _error]),
    "vae_trainer_take_best": (c_int32, [_handle, _error]),
    "vae_trainer_save": (c_int32, [_handle, _text, _error]),
    "vae_trainer_restore": (c_int32, [_handle, _text, _error]),
}
# The structs that a caller fills in, each with the function that makes it ready.
_INITS: dict[type[ctypes.Structure], str] = {
    Error: "vae_error_init_sized",
    Layer: "vae_layer_init_sized",
    Config: "vae_config_init_sized",
    Objective: "vae_objective_init_sized",
    Training: "vae_training_init_sized",
    Condition: "vae_condition_init_sized",
    Data: "vae_data_init_sized",
    Loss: "vae_loss_init_sized",
    Terms: "vae_terms_init_sized",
    ModelOptions: "vae_model_options_init_sized",
    ParameterInfo: "vae_parameter_info_init_sized",
    WorkspaceOptions: "vae_workspace_options_init_sized",
    TrainerInfo: "vae_trainer_info_init_sized",
    PresetInfo: "vae_preset_info_init_sized",
    StatisticsOptions: "vae_statistics_options_init_sized",
    Statistics: "vae_statistics_init_sized",
    StatisticsArrays: "vae_statistics_arrays_init_sized",
}
_SIGNATURES.update({name: (None, [POINTER(struct), c_size_t]) for struct, name in _INITS.items()})


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
    getattr(lib, _INITS[struct])(byref(value), ctypes.sizeof(value))
    return value


def new_array(struct: type[Any], count: int) -> Any:
    """An array of such structs."""
    values = (struct * count)()
    for value in values:
        getattr(lib, _INITS[struct])(byref(value), ctypes.sizeof(value))
    return values


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
LIKELIHOOD_PARAMETERS = {
    likelihood: names(functools.partial(lib.vae_likelihood_parameter_name, number))
    for number, likelihood in enumerate(LIKELIHOODS)
}
PRIORS = names(lib.vae_prior_name)
OBJECTIVES = names(lib.vae_objective_name)
SIGMA_KINDS = names(lib.vae_sigma_kind_name)
BINARIZATIONS = names(lib.vae_binarization_name)
ESTIMATORS = names(lib.vae_estimator_name)
REGULARIZERS = names(lib.vae_regularizer_name)
RATE_SCHEDULES = names(lib.vae_rate_schedule_name)
WARM_UPS = names(lib.vae_warm_up_name)
PRECISIONS = names(lib.vae_precision_name)
BITS = names(lib.vae_bits_name)
ISAS = names(lib.vae_isa_name)
PRESETS = names(lib.vae_preset_name)
