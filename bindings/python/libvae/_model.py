"""A model: its configuration and parameters, and everything that only reads them."""

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
from ._results import Array, Epoch, Loss, LossAndGradients, Posterior, Scores
from .errors import DataError, InvalidArgumentError, UnsupportedError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._trainer import ProgressFunction

_WORKSPACE_ROWS = 256  # rows that are worked on at a time


def to_loss(struct: c.Loss) -> Loss:
    return Loss(
        struct.examples, struct.loss, struct.reconstruction, struct.kl, struct.negative_elbo, struct.penalty
    )


def _free(handle: Any, workspaces: list[tuple[int, Any]]) -> None:
    for _, workspace in workspaces:
        c.lib.vae_workspace_free(workspace)
    c.lib.vae_model_free(handle)


class Model:
    """A variational autoencoder, made by `create`, `load` or `from_bytes`.

    Any number of threads may use a model at once, as long as none of them trains it or sets its parameters. Models
    can be pickled; a child process made by fork() can use and train its copy.

    Arrays of rows, `x` below, have shape (N, D); dimensions behind the first are flattened. float32 and uint8 rows are
    read in place, other numbers are copied to float32. Bytes are divided by 255 for a Bernoulli likelihood and taken as
    they are for others, unless `scale` says what to multiply them by.
    """

    def __init__(self, *arguments: object, **options: object) -> None:
        raise TypeError("a model is made by libvae.Model.create, load or from_bytes")

    @classmethod
    def _from_handle(cls, handle: Any) -> Model:
        model = cls.__new__(cls)
        model._adopt(handle)
        return model

    def _adopt(self, handle: Any) -> None:
        """Takes over a handle of the library."""
        self._handle = handle
        self._threads = 0
        self._training_lock = threading.Lock()
        self._workspaces: list[tuple[int, Any]] = []  # those that no call uses at the moment: (rows, handle)
        weakref.finalize(self, _free, handle, self._workspaces).atexit = False
        struct = self._config_struct()
        self._input_dim, self._latent_dim = int(struct.input_dim), int(struct.latent_dim)
        self._likelihood: str = c.LIKELIHOODS[struct.likelihood]

    # --- Making, saving and loading -----------------------------------------------------------------------------------

    @classmethod
    def create(cls, config: Mapping[str, Any], seed: int = 0) -> Model:
        """Makes a model with initial weights that suit each layer's activation.

        Parameters
        ----------
        config : dict
            `input_dim` and `latent_dim`; `encoder` and `decoder`, lists of `{"units": 400, "activation": "relu"}` from
            input to output; `likelihood`, "bernoulli" or "gaussian", which takes `sigma`, the standard deviation, and
            `output_activation`. The keys are those of a model file; `training` may be there and is not used.
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
    def load(cls, path: str | os.PathLike[str]) -> Model:
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
    def from_bytes(cls, data: bytes) -> Model:
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

    def quantized(self, precision: str) -> Model:
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
        return Model._from_handle(handle)

    # --- What a model is ----------------------------------------------------------------------------------------------

    @property
    def config(self) -> dict[str, Any]:
        """The configuration, with the keys of a model file; `training` is there once the model has been trained."""
        return _config.config_to_dict(self._config_struct(), self._training_struct())

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
    def likelihood(self) -> str:
        """p(x|z): "bernoulli" or "gaussian"."""
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

    def init_output_bias(self, x: npt.ArrayLike, *, scale: float | None = None) -> None:
        """Starts the output's bias at the data's column means, from which training gets ahead faster.

        Parameters
        ----------
        x : array_like of shape (N, D)
        scale : float, optional
        """
        data = self._rows(x, scale)
        with self._changing():
            c.call(c.lib.vae_model_init_output_bias, self._handle, byref(data))

    # --- Inference ----------------------------------------------------------------------------------------------------

    def encode(self, x: npt.ArrayLike, *, scale: float | None = None) -> Posterior:
        """The approximate posterior q(z|x) of each row.

        Returns
        -------
        Posterior
            `mean` and `logvar`, each of shape (N, Z).

        Raises
        ------
        MismatchError, DataError
            For the wrong number of columns, and for a value that the likelihood cannot take, named by row and column.
        """
        data = self._rows(x, scale)
        mean, logvar = self._empty(data.rows, self.latent_dim), self._empty(data.rows, self.latent_dim)
        with self._workspace() as workspace:
            out = mean.ctypes.data, logvar.ctypes.data
            c.call(c.lib.vae_model_encode, self._handle, workspace, byref(data), *out)
        return Posterior(mean, logvar)

    def decode(self, z: npt.ArrayLike) -> Array:
        """The mean of p(x|z).

        Parameters
        ----------
        z : array_like of shape (N, Z)

        Returns
        -------
        ndarray of shape (N, D), float32
        """
        codes = _arrays.floats(z, (-1, self.latent_dim), "z")
        output = self._empty(len(codes), self.input_dim)
        with self._workspace() as workspace:
            c.call(
                c.lib.vae_model_decode, self._handle, workspace, codes.ctypes.data, len(codes), output.ctypes.data
            )
        return output

    def reconstruct(self, x: npt.ArrayLike, *, scale: float | None = None) -> Array:
        """decode(encode(x).mean), of shape (N, D)."""
        data = self._rows(x, scale)
        output = self._empty(data.rows, self.input_dim)
        with self._workspace() as workspace:
            c.call(c.lib.vae_model_reconstruct, self._handle, workspace, byref(data), output.ctypes.data)
        return output

    def sample(self, count: int = 1, seed: int = 0, *, first_row: int = 0) -> Array:
        """Draws z from the prior and gives the mean of p(x|z).

        Parameters
        ----------
        count : int
        seed : int
        first_row : int
            Where to begin in the seed's stream of rows, which is the same however it is cut.

        Returns
        -------
        ndarray of shape (count, D), float32
        """
        output = self._empty(_config.whole("count", count), self.input_dim)
        with self._workspace() as workspace:
            c.call(
                c.lib.vae_model_sample,
                self._handle,
                workspace,
                _config.whole("seed", seed, bits=64),
                _config.whole("first_row", first_row, bits=64),
                len(output),
                output.ctypes.data,
                None,
            )
        return output

    def evaluate(
        self,
        x: npt.ArrayLike,
        *,
        objective: str = "elbo",
        samples: int = 1,
        beta: float = 1.0,
        seed: int = 0,
        scale: float | None = None,
    ) -> Loss:
        """Measures an objective over all rows.

        The noise belongs to (seed, row, sample): equal seeds give the same result to the bit.

        Parameters
        ----------
        x : array_like of shape (N, D)
        objective : {"elbo", "iwae"}
        samples : int
            Latent samples of each row.
        beta : float
            Weight of the KL; must be 1 for "iwae".
        seed : int
        scale : float, optional

        Returns
        -------
        Loss
            Means over the rows, in nats.
        """
        data = self._rows(x, scale)
        return self._evaluate(data, _config.objective_to_struct(objective, samples, beta), seed)

    def scores(
        self,
        x: npt.ArrayLike,
        noise: npt.ArrayLike | None = None,
        *,
        objective: str = "elbo",
        samples: int | None = None,
        beta: float = 1.0,
        seed: int = 0,
        scale: float | None = None,
    ) -> Scores:
        """The loss, reconstruction and KL of each row, in nats.

        Parameters
        ----------
        x, objective, samples, beta, seed, scale
            As for `evaluate`.
        noise : array_like of shape (K, N, Z) or (N, Z), optional
            As for `loss_and_gradients`, with which such scores are computed: at its price, and all rows at a time.

        Returns
        -------
        Scores
        """
        data = self._rows(x, scale)
        eps, count = self._noise(noise, samples, data)
        measured = _config.objective_to_struct(objective, count, beta)
        loss, reconstruction, kl = self._empty(data.rows), self._empty(data.rows), self._empty(data.rows)
        terms = c.new(c.Terms)
        terms.loss, terms.reconstruction, terms.kl = loss.ctypes.data, reconstruction.ctypes.data, kl.ctypes.data
        if eps is None:
            total = self._evaluate(data, measured, seed, byref(terms))
        else:
            with self._gradients(data, measured, eps, seed, terms) as (total, _):
                pass
        return Scores(loss, reconstruction, kl, total)

    def _evaluate(self, data: c.Data, objective: c.Objective, seed: int, terms: Any = None) -> Loss:
        loss = c.new(c.Loss)
        number = _config.whole("seed", seed, bits=64)
        with self._workspace() as workspace:
            c.call(
                c.lib.vae_model_evaluate,
                self._handle,
                workspace,
                byref(data),
                byref(objective),
                number,
                byref(loss),
                terms,
            )
        return to_loss(loss)

    # --- Training -----------------------------------------------------------------------------------------------------

    def loss_and_gradients(
        self,
        x: npt.ArrayLike,
        noise: npt.ArrayLike | None = None,
        condition: npt.ArrayLike | None = None,
        *,
        objective: str = "elbo",
        samples: int | None = None,
        beta: float = 1.0,
        seed: int = 0,
        scale: float | None = None,
    ) -> LossAndGradients:
        """The objective of one mini-batch and its gradient, for an optimiser of one's own.

        Parameters
        ----------
        x : array_like of shape (N, D)
            All of it one mini-batch.
        noise : array_like of shape (K, N, Z) or (N, Z), optional
            eps of z = mean + exp(logvar / 2) eps; drawn from `seed` where it is left out.
        condition : None
            This version has no conditional models.
        objective : {"elbo", "iwae"}
        samples : int, optional
            K; by default the noise's, else 1.
        beta : float
            Weight of the KL; must be 1 for "iwae".
        seed : int
        scale : float, optional

        Returns
        -------
        LossAndGradients
        """
        if condition is not None:
            raise UnsupportedError("condition: this version has no conditional models; leave it out")
        data = self._rows(x, scale)
        eps, count = self._noise(noise, samples, data)
        measured = _config.objective_to_struct(objective, count, beta)
        rows = int(data.rows)
        arrays = {
            "sample_nll": self._empty(count, rows),
            "kl": self._empty(rows),
            "mean": self._empty(rows, self.latent_dim),
            "logvar": self._empty(rows, self.latent_dim),
            "z": self._empty(count, rows, self.latent_dim),
            "output": self._empty(count, rows, self.input_dim),
        }
        terms = c.new(c.Terms)
        for field, out in arrays.items():
            setattr(terms, field, out.ctypes.data)
        with self._gradients(data, measured, eps, seed, terms) as (loss, workspace):
            gradients = self._tensors(c.lib.vae_workspace_get_gradient, workspace)
        return LossAndGradients(loss.loss, arrays.pop("sample_nll"), **arrays, gradients=gradients)

    def _noise(self, noise: npt.ArrayLike | None, samples: int | None, data: c.Data) -> tuple[Array | None, int]:
        """The caller's noise as (K, N, Z), and K."""
        if noise is None:
            return None, 1 if samples is None else samples
        eps = np.asarray(noise)
        eps = eps[np.newaxis] if eps.ndim == 2 else eps
        eps = _arrays.floats(eps, (-1 if samples is None else samples, data.rows, self.latent_dim), "noise")
        return eps, len(eps)

    @contextlib.contextmanager
    def _gradients(
        self, data: c.Data, objective: c.Objective, eps: Array | None, seed: int, terms: c.Terms
    ) -> Iterator[tuple[Loss, Any]]:
        """The loss of a mini-batch, and the workspace that holds its gradients."""
        loss = c.new(c.Loss)
        with self._workspace(data.rows) as workspace:
            c.call(
                c.lib.vae_model_loss_and_gradients,
                self._handle,
                workspace,
                byref(data),
                byref(objective),
                None if eps is None else eps.ctypes.data,
                _config.whole("seed", seed, bits=64),
                byref(loss),
                byref(terms),
            )
            yield to_loss(loss), workspace

    def fit(
        self,
        x: npt.ArrayLike,
        epochs: int = 10,
        *,
        validation: npt.ArrayLike | None = None,
        callback: ProgressFunction | None = None,
        progress: bool | None = None,
        scale: float | None = None,
        threads: int = 0,
        **options: Unpack[_config.TrainingOptions],
    ) -> list[Epoch]:
        """Trains the model in place, with a new `Trainer` that is gone afterwards.

        Ctrl-C stops after the running mini-batch: KeyboardInterrupt is raised, and the model is as trained so far.

        Parameters
        ----------
        x, epochs, validation, callback, progress, scale
            As for `Trainer.fit`.
        threads, **options
            As for `Trainer`: `batch_size`, `learning_rate`, `objective`, `samples`, `beta`, `seed`, `precision`, ….

        Returns
        -------
        list of Epoch
            The losses of each finished epoch.
        """
        from ._trainer import Trainer

        trainer = Trainer(self, threads=threads, **options)
        return trainer.fit(x, epochs, validation=validation, callback=callback, progress=progress, scale=scale)

    # --- Memory and threads -------------------------------------------------------------------------------------------

    def _rows(self, x: npt.ArrayLike, scale: float | None) -> c.Data:
        return _arrays.rows(x, self.likelihood, scale)

    @staticmethod
    def _empty(*shape: int) -> Array:
        return np.empty(shape, np.float32)

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
            options.max_rows, options.threads = size, self._threads
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
