"""Export to ONNX, for runtimes that know nothing of libvae. Needs the package `onnx`: `pip install libvae[onnx]`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as reason:
    raise ImportError("libvae.onnx needs the package onnx: pip install libvae[onnx]") from reason

from . import _c_api as c
from ._model import Model
from ._results import Array
from .errors import UnsupportedError

OPSET = 17
IR_VERSION = 8  # the one that came with this opset, so that runtimes of its time read the file


class _Graph:
    """Nodes and weights of a graph that is being built. A value is known by its name."""

    def __init__(self, parameters: dict[str, Array]) -> None:
        self.parameters = parameters
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def node(self, operation: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operation, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: float) -> str:
        self.weights.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def dense(self, layer: str, x: str) -> str:
        """x W^T + b, with PyTorch's orientation of W."""
        for part in ("weight", "bias"):
            self.weights.append(numpy_helper.from_array(self.parameters[f"{layer}.{part}"], f"{layer}.{part}"))
        return self.node("Gemm", [x, f"{layer}.weight", f"{layer}.bias"], f"{layer}.linear", transB=1)

    def activation(self, name: str, x: str, output: str) -> str:
        """One of the library's activations, in operations that every ONNX runtime has."""
        if name == "silu":
            return self.node("Mul", [x, self.node("Sigmoid", [x], f"{output}.sigmoid")], output)
        if name == "gelu":  # x Phi(x) = x / 2 (1 + erf(x / sqrt 2))
            scaled = self.node("Mul", [x, self.constant(f"{output}.root_half", 0.5**0.5)], f"{output}.scaled")
            erf = self.node("Erf", [scaled], f"{output}.erf")
            sum_ = self.node("Add", [erf, self.constant(f"{output}.one", 1)], f"{output}.sum")
            half = self.node("Mul", [x, self.constant(f"{output}.half", 0.5)], f"{output}.x_half")
            return self.node("Mul", [half, sum_], output)
        operation, attributes = _ACTIVATIONS[name]
        return self.node(operation, [x], output, **attributes)

    def stack(self, net: str, layers: Sequence[dict[str, Any]], x: str) -> str:
        """The hidden layers `net`.0, `net`.1, …"""
        for index, layer in enumerate(layers):
            x = self.activation(layer["activation"], self.dense(f"{net}.{index}", x), f"{net}.{index}")
        return x


_ACTIVATIONS: dict[str, tuple[str, dict[str, float]]] = {
    "identity": ("Identity", {}),
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "elu": ("Elu", {"alpha": 1.0}),
    "softplus": ("Softplus", {}),
}


def encoder_model(model: Model) -> Any:
    """The encoder as an `onnx.ModelProto`.

    Inputs `x` [N, D] and `noise` [N, Z] (zeros for z = mean); outputs `mean`, `logvar` and
    `z` = mean + exp(logvar / 2) noise, each [N, Z]. All are float32.
    """
    config, graph = model.config, _Graph(model.parameters())
    hidden = graph.stack("encoder", config["encoder"], "x")
    graph.node("Identity", [graph.dense("encoder.mean", hidden)], "mean")
    limits = [graph.constant("logvar.least", -20), graph.constant("logvar.most", 20)]
    graph.node("Clip", [graph.dense("encoder.logvar", hidden), *limits], "logvar")
    half = graph.node("Mul", ["logvar", graph.constant("half", 0.5)], "logvar.half")
    deviation = graph.node("Exp", [half], "deviation")
    graph.node("Add", ["mean", graph.node("Mul", [deviation, "noise"], "z.noise")], "z")
    latent = model.latent_dim
    inputs = {"x": model.input_dim, "noise": latent}
    return _proto(graph, "encoder", config, inputs, {"mean": latent, "logvar": latent, "z": latent})


# The activation that makes a likelihood's mean of the decoder's output, where that is not the configuration's.
_MEANS = {"bernoulli": "sigmoid", "continuous_bernoulli": "sigmoid", "poisson": "softplus"}


def decoder_model(model: Model) -> Any:
    """The decoder as an `onnx.ModelProto`: input `z` [N, Z], output `output` [N, D], the mean of p(x|z), float32."""
    config, graph = model.config, _Graph(model.parameters())
    if model.likelihood == "categorical":
        raise UnsupportedError("the decoder of a categorical likelihood has no ONNX export yet")
    location = graph.dense("decoder.mean", graph.stack("decoder", config["decoder"], "z"))
    graph.activation(_MEANS.get(model.likelihood, config["output_activation"]), location, "output")
    return _proto(graph, "decoder", config, {"z": model.latent_dim}, {"output": model.input_dim})


def _proto(
    graph: _Graph, name: str, config: dict[str, Any], inputs: dict[str, int], outputs: dict[str, int]
) -> Any:
    def tensors(columns: dict[str, int]) -> list[Any]:
        return [helper.make_tensor_value_info(key, TensorProto.FLOAT, ["N", size]) for key, size in columns.items()]

    proto = helper.make_model(
        helper.make_graph(graph.nodes, name, tensors(inputs), tensors(outputs), graph.weights),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="libvae",
        producer_version=c.lib.vae_version_string().decode(),
    )
    helper.set_model_props(proto, {"libvae.config": json.dumps(config)})
    onnx.checker.check_model(proto, full_check=True)
    return proto


def export(
    model: Model, *, encoder: str | os.PathLike[str] | None = None, decoder: str | os.PathLike[str] | None = None
) -> None:
    """Writes a model's encoder, its decoder or both as ONNX files.

    Parameters
    ----------
    model : Model
        A copy that `Model.quantized` made is exported with the float32 numbers that its weights stand for.
    encoder : path, optional
        Inputs `x` [N, D] and `noise` [N, Z]; outputs `mean`, `logvar`, `z`, each [N, Z]. Zeros as noise make z
        the mean.
    decoder : path, optional
        Input `z` [N, Z]; output `output` [N, D], the mean of p(x|z).

    Raises
    ------
    ValueError
        Where neither is asked for.
    """
    if encoder is None and decoder is None:
        raise ValueError("nothing to export: give encoder=, decoder= or both")
    if encoder is not None:
        onnx.save(encoder_model(model), os.fspath(encoder))
    if decoder is not None:
        onnx.save(decoder_model(model), os.fspath(decoder))
