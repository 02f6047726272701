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

    def beside(self, values: Sequence[str]) -> str:
        """Matrices of equally many rows, side by side."""
        return values[0] if len(values) == 1 else self.node("Concat", values, ".".join(values), axis=1)

    def softmax(self, x: str, groups: Sequence[int], output: str) -> str:
        """Softmax over each group of columns."""
        sizes = numpy_helper.from_array(np.array(groups, np.int64), f"{output}.groups")
        self.weights.append(sizes)
        parts = [f"{output}.group{index}" for index in range(len(groups))]
        self.nodes.append(helper.make_node("Split", [x, sizes.name], parts, name=f"{output}.split", axis=1))
        return self.node(
            "Concat", [self.node("Softmax", [part], f"{part}.softmax", axis=1) for part in parts], output, axis=1
        )

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

    Inputs `x` [N, D], `condition` [N, C] of a model with a condition, and `noise` [N, Z] (zeros for z = mean); outputs
    `mean`, `logvar` and `z` = mean + exp(logvar / 2) noise, each [N, Z]. All are float32.
    """
    config, graph = model.config, _Graph(model.parameters())
    inputs = {"x": model.input_dim, **_condition_input(model)}
    hidden = graph.stack("encoder", config["encoder"], graph.beside(list(inputs)))
    inputs["noise"] = model.latent_dim
    return _proto(graph, "encoder", config, inputs, _normal(graph, model, "encoder", hidden))


def prior_model(model: Model) -> Any:
    """The net of a conditional prior as an `onnx.ModelProto`.

    Inputs `condition` [N, C] and `noise` [N, Z]; outputs `mean`, `logvar` and `z` = mean + exp(logvar / 2) noise, each
    [N, Z]: z is drawn from p(z|c) where the noise is standard normal. All are float32.
    """
    config, graph = model.config, _Graph(model.parameters())
    if config["prior"] != "conditional":
        raise UnsupportedError(f"the prior is {config['prior']}; a conditional one alone has a net to export")
    inputs = {**_condition_input(model), "noise": model.latent_dim}
    hidden = graph.stack("prior", config["prior_net"], "condition")
    return _proto(graph, "prior", config, inputs, _normal(graph, model, "prior", hidden))


def _normal(graph: _Graph, model: Model, net: str, hidden: str) -> dict[str, int]:
    """The heads `net`.mean and `net`.logvar, and the sample z; the outputs with their columns."""
    graph.node("Identity", [graph.dense(f"{net}.mean", hidden)], "mean")
    limits = [graph.constant("logvar.least", -20), graph.constant("logvar.most", 20)]
    graph.node("Clip", [graph.dense(f"{net}.logvar", hidden), *limits], "logvar")
    half = graph.node("Mul", ["logvar", graph.constant("half", 0.5)], "logvar.half")
    deviation = graph.node("Exp", [half], "deviation")
    graph.node("Add", ["mean", graph.node("Mul", [deviation, "noise"], "z.noise")], "z")
    return dict.fromkeys(("mean", "logvar", "z"), model.latent_dim)


# The activation that makes a likelihood's mean of the decoder's output, where that is not the configuration's.
_MEANS = {
    "bernoulli": "sigmoid",
    "continuous_bernoulli": "sigmoid",
    "poisson": "softplus",
    "negative_binomial": "softplus",
}


def decoder_model(model: Model) -> Any:
    """The decoder as an `onnx.ModelProto`.

    Inputs `z` [N, Z] and `condition` [N, C] of a model with a condition; output `output` [N, D], what `Model.decode`
    gives. All are float32.
    """
    config, graph = model.config, _Graph(model.parameters())
    inputs = {"z": model.latent_dim, **_condition_input(model)}
    location = graph.dense("decoder.mean", graph.stack("decoder", config["decoder"], graph.beside(list(inputs))))
    if model.likelihood == "categorical":
        graph.softmax(location, config["groups"], "output")
    else:
        graph.activation(_MEANS.get(model.likelihood, config["output_activation"]), location, "output")
    return _proto(graph, "decoder", config, inputs, {"output": model.input_dim})


def _condition_input(model: Model) -> dict[str, int]:
    return {"condition": model.condition_dim} if model.condition_dim else {}


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
    model: Model,
    *,
    encoder: str | os.PathLike[str] | None = None,
    decoder: str | os.PathLike[str] | None = None,
    prior: str | os.PathLike[str] | None = None,
) -> None:
    """Writes a model's encoder, its decoder and the net of its conditional prior as ONNX files.

    The condition of a model that has one is an input `condition` [N, C]; labels go in as rows with a single 1.

    Parameters
    ----------
    model : Model
        A copy that `Model.quantized` made is exported with the float32 numbers that its weights stand for.
    encoder : path, optional
        Inputs `x` [N, D], `condition` and `noise` [N, Z]; outputs `mean`, `logvar`, `z`, each [N, Z]. Zeros as noise
        make z the mean.
    decoder : path, optional
        Inputs `z` [N, Z] and `condition`; output `output` [N, D], what `Model.decode` gives.
    prior : path, optional
        Inputs `condition` and `noise` [N, Z]; outputs `mean`, `logvar`, `z`, each [N, Z].

    Raises
    ------
    ValueError
        Where nothing is asked for.
    UnsupportedError
        For the net of a prior that has none.
    """
    parts = [(encoder_model, encoder), (decoder_model, decoder), (prior_model, prior)]
    wanted = [(build, path) for build, path in parts if path is not None]
    if not wanted:
        raise ValueError("nothing to export: give encoder=, decoder=, prior= or several")
    for proto, path in [(build(model), path) for build, path in wanted]:
        onnx.save(proto, os.fspath(path))
