"""NumPy arrays on their way to the C library: in place where their memory allows it, else as a float32 copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _c_api as c
from ._results import Array
from .errors import InvalidArgumentError, MismatchError


def rows(x: npt.ArrayLike, likelihood: str, scale: float | None, what: str = "x") -> c.Data:
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
    what : str
        The argument's name, for messages.

    Returns
    -------
    _c_api.Data
        Keeps the array that it points into alive.
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
    data.array, data.values = array, array.ctypes.data
    data.rows, data.columns = array.shape
    data.row_stride = array.strides[0] // array.itemsize if len(array) > 1 else 0
    if array.dtype == np.uint8:
        data.type = c.DATA_UINT8
        if scale is not None or likelihood not in ("bernoulli", "continuous_bernoulli"):
            data.scale = 1.0 if scale is None else scale
    return data


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
