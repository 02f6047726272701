"""A model's handle: making, saving and loading it, its configuration, its parameters, and who may use it when."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from ctypes import byref, c_int32, c_size_t, c_void_p, create_string_buffer
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _config
from . import _c_api as c
from ._results import Array
from ._training_options import training_to_dict
from .errors import DataError, InvalidArgumentError

if TYPE_CHECKING:
    from typing_extensions import Self

_WORKSPACE_ROWS = 256  # rows that are worked on at a time


class Owner:
    """Frees a model of the library when nobody holds this any more: neither its `Model` nor a trainer of it."""

    def __init__(self, handle: Any) -> None:
        self.workspaces: list[tuple[int, Any]] = []  # those that no call uses at the moment: (rows, handle)
        weakref.finalize(self, _free, handle, self.workspaces).atexit = False


def _free(handle: Any, workspaces: list[tuple[int, Any]]) -> None:
    for _, workspace in workspaces:
        c.lib.vae_workspace_free(workspace)
    c.lib.vae_model_free(handle)


class ModelBase:
    """What a model is; `Model` adds what it computes."""

    def __init__(self, *arguments: object, **options: object) -> None:
        raise TypeError("a model is made by libvae.Model.create, load or from_bytes")

    @classmethod
    def _from_handle(cls, handle: Any) -> Self:
        model = cls.__new__(cls)
        model._adopt(handle)
        return model

    def _adopt(self, handle: Any) -> None:
        """Takes over a handle of the library."""
        self._handle = handle
        self._threads, self._isa = 0, 0
        self._training_lock = threading.Lock()
        self._owner = Owner(handle)
        self._workspaces = self._owner.workspaces
        struct = self._config_struct()
        self._input_dim, self._latent_dim = int(struct.input_dim), int(struct.latent_dim)
        self._condition_dim = int(struct.condition_dim)
        self._likelihood: str = c.LIKELIHOODS[struct.likelihood]

    # --- Making, saving and loading -----------------------------------------------------------------------------------

    @classmethod
    def create(cls, config: Mapping[str, Any], seed: int = 0) -> Self:
        """Makes a model with initial weights that suit each layer's activation.

        Parameters
        ----------
        config : dict
            `input_dim` and `latent_dim`; `encoder` and `decoder`, lists of `{"units": 400, "activation": "relu"}` from
            input to output; `likelihood`, a name in docs/LIKELIHOODS.md. "gaussian", "laplace" and "log_cosh" take
            `sigma`, a number, "global" or "per_output" (learned), and `output_activation`; "categorical" takes
            `groups`, the columns of each of its variables. `condition_dim` is the columns of a condition or the number
            of its labels. `prior` is "standard", "conditional" (with the hidden layers `prior_net`), "mixture" or
            "vamp" (with `prior_components`). The keys are those of a model file; `training` may be there and is not
            used.
        seed : int
            Of the initial weights. Equal seeds give equal models on every machine.

        Raises
        ------
        InvalidArgumentError
            For an unknown key, a missing one, or a value that is not allowed.
        UnsupportedError
            For what later versions have.
        """
        options = c.new(c.ModelOptions)
        options.seed = _config.whole("seed", seed, bits=64)
        handle = c_void_p()
        c.call(c.lib.vae_model_create, byref(_config.config_to_struct(config)), byref(options), byref(handle))
        return cls._from_handle(handle)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a model file, which is distrusted byte by byte and runs no code.

        Raises
        ------
        FileError, FormatError
        UnsupportedError
            For a model of a later version.
        """
        handle = c_void_p()
        c.call(c.lib.vae_model_load, c.path(path), None, byref(handle))
        return cls._from_handle(handle)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Reads a model from what `to_bytes` gave or a file holds."""
        return cls._from_handle(cls._handle_from(data))

    @staticmethod
    def _handle_from(data: bytes) -> Any:
        handle = c_void_p()
        c.call(c.lib.vae_model_load_bytes, data, len(data), None, byref(handle))
        return handle

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model as one safetensors file, atomically. Equal models give equal bytes.

        Raises
        ------
        FileError
        UnsupportedError
            For a copy that `quantized` made.
        """
        c.call(c.lib.vae_model_save, self._handle, c.path(path))

    def to_bytes(self) -> bytes:
        """The bytes that `save` writes."""
        size = c_size_t()
        c.call(c.lib.vae_model_save_bytes, self._handle, None, 0, byref(size))
        buffer = create_string_buffer(size.value)
        c.call(c.lib.vae_model_save_bytes, self._handle, buffer, size.value, byref(size))
        return buffer.raw

    def __getstate__(self) -> bytes:
        return self.to_bytes()

    def __setstate__(self, state: bytes) -> None:
        self._adopt(self._handle_from(state))

    def quantized(self, precision: str) -> Self:
        """A copy for inference, with weights of fewer bits: smaller, and faster for single rows.

        Parameters
        ----------
        precision : {"bf16", "int8", "float32"}
            docs/INFERENCE.md has speed and errors of each. "float32" gives an ordinary model.

        Returns
        -------
        Model
            It encodes, decodes, reconstructs, samples and evaluates. What needs float32 weights (training, gradients,
            setting parameters, saving, pickling) raises `UnsupportedError`.
        """
        handle = c_void_p()
        number = _config.word("precision", precision, c.PRECISIONS)
        c.call(c.lib.vae_model_quantize, self._handle, number, byref(handle))
        return self._from_handle(handle)

    # --- What a model is ----------------------------------------------------------------------------------------------

    @property
    def config(self) -> dict[str, Any]:
        """The configuration, with the keys of a model file; `training` is there once the model has been trained."""
        config = _config.config_to_dict(self._config_struct())
        training = self._training_struct()
        return config if training is None else {**config, "training": training_to_dict(training)}

    def _config_struct(self) -> c.Config:
        """Its layers belong to the library's model."""
        struct = c.new(c.Config)
        c.call(c.lib.vae_model_get_config, self._handle, byref(struct))
        return struct

    def _training_struct(self) -> c.Training | None:
        """How the model was last trained; None where it was not."""
        struct, trained = c.new(c.Training), c_int32()
        c.call(c.lib.vae_model_get_training, self._handle, byref(struct), byref(trained))
        return struct if trained.value else None

    @property
    def input_dim(self) -> int:
        """D, the columns of the data."""
        return self._input_dim

    @property
    def latent_dim(self) -> int:
        """Z, the latent dimensions."""
        return self._latent_dim

    @property
    def condition_dim(self) -> int:
        """C, the columns of the condition or the number of its labels; 0 where there is none."""
        return self._condition_dim

    @property
    def likelihood(self) -> str:
        """p(x|z): its name in docs/LIKELIHOODS.md."""
        return self._likelihood

    @property
    def precision(self) -> str:
        """What the weights are held in: "float32", or what `quantized` was told."""
        number: int = c.lib.vae_model_precision(self._handle)
        return c.PRECISIONS[number]

    @property
    def threads(self) -> int:
        """Threads of encode, decode and the like; 0, the default, takes VAE_THREADS, else OMP_NUM_THREADS, else the
        processors that the process may use. Results do not depend on it."""
        return self._threads

    @threads.setter
    def threads(self, threads: int) -> None:
        self._threads = _config.whole("threads", threads, bits=31)
        self._drop_workspaces()

    @property
    def isa(self) -> str:
        """The instruction set of encode, decode and the like: "auto", the default, takes VAE_ISA, else the best one
        that the machine has. libvae.available_isas() lists them."""
        return c.ISAS[self._isa]

    @isa.setter
    def isa(self, isa: str) -> None:
        self._isa = _config.word("isa", isa, c.ISAS)
        self._drop_workspaces()

    def _drop_workspaces(self) -> None:
        """The next calls make new ones."""
        while self._workspaces:
            c.lib.vae_workspace_free(self._workspaces.pop()[1])

    def __repr__(self) -> str:
        struct = self._config_struct()
        sizes = [self.input_dim, *(layer.units for layer in struct.encoder[: struct.encoder_count]), self.latent_dim]
        sizes += [*(layer.units for layer in struct.decoder[: struct.decoder_count]), self.input_dim]
        return f"<libvae.Model {'-'.join(map(str, sizes))}, {self.likelihood}, {self.precision}>"

    # --- Parameters ---------------------------------------------------------------------------------------------------

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Each tensor's shape, in the order of the model file."""
        info, shapes = c.new(c.ParameterInfo), {}
        for index in range(c.lib.vae_model_parameter_count(self._handle)):
            c.call(c.lib.vae_model_get_parameter_info, self._handle, index, byref(info))
            shapes[info.name.decode()] = tuple(info.shape[: info.rank])
        return shapes

    def _tensors(self, function: Any, handle: Any) -> dict[str, Array]:
        """All tensors of a `…_get_parameter` or `…_get_gradient`."""
        tensors = {}
        for name, shape in self._shapes().items():
            tensors[name] = array = np.empty(shape, np.float32)
            c.call(function, handle, name.encode(), array.ctypes.data, array.size)
        return tensors

    def parameters(self, names: Mapping[str, str] | None = None) -> dict[str, Array]:
        """Copies of all parameters, in PyTorch's orientation: weights (out, in), biases (out,).

        Parameters
        ----------
        names : dict, optional
            What to call layers instead, for instance `{"encoder.0": "fc1"}`. Other layers keep their names.

        Returns
        -------
        dict of str to ndarray, float32
            `encoder.0.weight`, `encoder.0.bias`, …, `encoder.mean.weight`, …, `decoder.mean.bias`. For a copy that
            `quantized` made, what its weights stand for.
        """
        tensors = self._tensors(c.lib.vae_model_get_parameter, self._handle)
        return {_renamed(name, names or {}): array for name, array in tensors.items()}

    def set_parameters(self, parameters: Mapping[str, npt.ArrayLike], names: Mapping[str, str] | None = None) -> None:
        """Sets some or all parameters. Where one of them is refused, none is changed.

        Parameters
        ----------
        parameters : dict of str to array_like
            In the shapes that `parameters` gives; a PyTorch state_dict will do.
        names : dict, optional
            What the dictionary calls layers, as for `parameters`.

        Raises
        ------
        InvalidArgumentError
            For a name that the model does not have.
        MismatchError, DataError
            For a shape that is not the parameter's, and for values that are not finite.
        """
        wanted = {_renamed(name, names or {}): (name, shape) for name, shape in self._shapes().items()}
        checked = {}
        for key, values in parameters.items():
            if key not in wanted:
                raise InvalidArgumentError(f"the model has no parameter {key!r}; there are {', '.join(wanted)}")
            name, shape = wanted[key]
            checked[name] = _arrays.floats(values, shape, key)
            if not np.isfinite(checked[name]).all():
                raise DataError(f"{key} has a value that is not finite")
        with self._changing():
            for name, array in checked.items():
                c.call(c.lib.vae_model_set_parameter, self._handle, name.encode(), array.ctypes.data, array.size)

    # --- Memory and threads -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _workspace(self, rows: int = 1) -> Iterator[Any]:
        """A workspace for this call alone that takes at least `rows` rows at a time."""
        try:
            size, workspace = self._workspaces.pop()
        except IndexError:
            size, workspace = 0, c_void_p()
        if size < rows:
            c.lib.vae_workspace_free(workspace)
            size, workspace = max(rows, _WORKSPACE_ROWS), c_void_p()
            options = c.new(c.WorkspaceOptions)
            options.max_rows, options.threads, options.isa = size, self._threads, self._isa
            c.call(c.lib.vae_workspace_create, self._handle, byref(options), byref(workspace))
        try:
            yield workspace
        finally:
            self._workspaces.append((size, workspace))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Holds the model while its parameters change.

        Raises
        ------
        RuntimeError
            Where another thread, or the function whose callback we are in, is changing them.
        """
        if not self._training_lock.acquire(blocking=False):
            raise RuntimeError("the model is being trained; its parameters can be changed when that is done")
        try:
            yield
        finally:
            self._training_lock.release()


def _renamed(name: str, names: Mapping[str, str]) -> str:
    """`encoder.0.weight` is the weight of the layer `encoder.0`."""
    layer, _, part = name.rpartition(".")
    return f"{names.get(layer, layer)}.{part}"
