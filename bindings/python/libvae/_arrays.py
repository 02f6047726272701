"""NumPy arrays on their way to the C library: in place where their memory allows it, else as a float32 copy."""

from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from . import _c_api as c
from ._results import Array
from .errors import DataError, InvalidArgumentError, MismatchError


@dataclasses.dataclass(frozen=True, eq=False)
class Condition:
    """A condition whose bytes have a scale of their own. Elsewhere an array will do.

    Attributes
    ----------
    values : array_like of uint8, of shape (N, C) or (C,)
    scale : float
        What bytes are multiplied by.
    """

    values: npt.ArrayLike
    scale: float


ConditionLike = Union[npt.ArrayLike, Condition]


def rows(
    x: npt.ArrayLike, likelihood: str, scale: float | None, given: c.Condition | None = None, what: str = "x"
) -> c.Data:
    """Describes rows of data to the library.

    Parameters
    ----------
    x : array_like of shape (N, D) or (N, ...)
        Dimensions behind the first one are flattened. Aligned float32 and uint8 rows whose values lie side by side are
        read in place, also where other values lie between the rows; everything else is copied to float32.
    likelihood : str
        Bernoulli's data lie in [0, 1], so its bytes are divided by 255; another likelihood takes them as they are.
    scale : float or None
        What bytes are multiplied by instead.
    given : _c_api.Condition or None
        The rows' condition, from `condition`.
    what : str
        The argument's name, for messages.

    Returns
    -------
    _c_api.Data
        Keeps the arrays that it points into alive.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} has values of type {array.dtype}; they must be real numbers")
    if array.ndim < 2:
        raise MismatchError(
            f"{what} has shape {array.shape}; it must be [rows, columns] ({what}.reshape(1, -1) is a single row)"
        )
    array = array.reshape(len(array), int(np.prod(array.shape[1:])))
    if scale is not None and array.dtype != np.uint8:
        raise InvalidArgumentError(f"scale is {scale}, but {what} has values of type {array.dtype}, not uint8")
    if array.dtype not in (np.float32, np.uint8):
        with np.errstate(over="ignore"):  # the library refuses infinities, and names the row and the column
            array = array.astype(np.float32)
    if not _readable(array):
        array = np.require(array, requirements=["C", "A"])
    data = c.new(c.Data)
    data.columns = array.shape[1]
    _point(data, array)
    if array.dtype == np.uint8:
        data.type = c.DATA_UINT8
        if scale is not None or likelihood not in ("bernoulli", "continuous_bernoulli"):
            data.scale = 1.0 if scale is None else scale
    if given is not None:
        data.condition = ctypes.pointer(given)
    return data


def condition(values: ConditionLike | None, condition_dim: int, what: str = "condition") -> c.Condition | None:
    """Describes the condition of rows to the library.

    Parameters
    ----------
    values : array_like, Condition or None
        Numbers of shape (N, C), or labels: integers of shape (N,) from 0 to C - 1. For all rows the same: floats of
        shape (C,), or one integer. Aligned float32 and uint8 rows whose values lie side by side, and labels of 8 and
        32 bits are read in place. uint8 numbers of shape (N, C) are divided by 255.
    condition_dim : int
        C.
    what : str
        The argument's name, for messages.

    Returns
    -------
    _c_api.Condition or None
        Keeps the array that it points into alive. None where there is no condition.
    """
    if values is None:
        return None
    given: Any = values
    scale: float | None = None
    if isinstance(given, Condition):
        given, scale = given.values, given.scale
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} has values of type {array.dtype}; they must be real numbers")
    if condition_dim == 0:
        raise MismatchError(f"the model takes no condition (condition_dim is 0), but {what} is there")
    if scale is not None and (array.dtype != np.uint8 or array.shape[-1:] != (condition_dim,)):
        raise InvalidArgumentError(
            f"{what} has a scale, and values of type {array.dtype} and shape {array.shape}; "
            f"they must be uint8 of shape (N, {condition_dim}) or ({condition_dim},)"
        )
    struct = c.new(c.Condition)
    if array.ndim < 2 and array.dtype.kind in "iu" and scale is None:
        array = _labels(array.reshape(-1), condition_dim, what)
        struct.type = c.CONDITION_LABELS_UINT8 if array.dtype == np.uint8 else c.CONDITION_LABELS_UINT32
    else:
        array = _numbers(array[np.newaxis] if array.ndim == 1 else array, condition_dim, what)
        struct.type = c.CONDITION_UINT8 if array.dtype == np.uint8 else c.CONDITION_FLOAT32
    _point(struct, array)
    if scale is not None:
        struct.scale = scale
    return struct


def _labels(array: npt.NDArray[Any], condition_dim: int, what: str) -> npt.NDArray[Any]:
    """Labels as uint8 or uint32 that the library can read in place."""
    if len(array) and not 0 <= array.min() <= array.max() < condition_dim:
        row = int(np.argmax((array < 0) | (array >= condition_dim)))
        raise DataError(f"{what} of row {row} is {array[row]}; a label must be from 0 to {condition_dim - 1}")
    if array.dtype == np.int8:
        array = array.view(np.uint8)
    elif array.dtype == np.int32:
        array = array.view(np.uint32)
    elif array.dtype not in (np.uint8, np.uint32):
        array = array.astype(np.uint32)
    return array if _readable(array[:, np.newaxis]) else np.require(array, requirements=["C", "A"])


def _numbers(array: npt.NDArray[Any], condition_dim: int, what: str) -> npt.NDArray[Any]:
    """A matrix of float32 or uint8 that the library can read in place."""
    if array.ndim != 2 or array.shape[1] != condition_dim:
        raise MismatchError(
            f"{what} has shape {array.shape}; it must be (N, {condition_dim}), or (N,) where it is labels, "
            f"whole numbers from 0 to {condition_dim - 1}"
        )
    if array.dtype not in (np.float32, np.uint8):
        with np.errstate(over="ignore"):  # the library refuses infinities
            array = array.astype(np.float32)
    return array if _readable(array) else np.require(array, requirements=["C", "A"])


def _point(struct: Any, array: npt.NDArray[Any]) -> None:
    """Lets a Data or a Condition point to the rows of an array that the library can read in place."""
    struct.array, struct.values, struct.rows = array, array.ctypes.data, len(array)
    struct.row_stride = array.strides[0] // array.itemsize if len(array) > 1 else 0


def _readable(array: npt.NDArray[Any]) -> bool:
    """Whether a row's values lie side by side, and the rows a whole number of values apart, without overlap."""
    row, value = array.strides
    side_by_side = value == array.itemsize or array.shape[1] <= 1
    apart = len(array) <= 1 or (row % array.itemsize == 0 and row >= array.shape[1] * array.itemsize)
    return array.flags.aligned and side_by_side and apart


def floats(values: npt.ArrayLike, shape: tuple[int, ...], what: str) -> Array:
    """A C-contiguous float32 array of `shape`, where -1 is any size; `values` itself where it is one already."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} has values of type {array.dtype}; they must be real numbers")
    if array.ndim != len(shape) or any(size not in (-1, have) for size, have in zip(shape, array.shape)):
        wanted = ", ".join("n" if size == -1 else str(size) for size in shape)
        raise MismatchError(f"{what} has shape {list(array.shape)}; it must be [{wanted}]")
    with np.errstate(over="ignore"):
        return np.require(array, np.float32, ["C", "A"])
