"""Arrays: which are read in place, which are copied, which are refused; conditions and their labels."""

import gc
import weakref

import libvae
import numpy as np
import pytest
from libvae import _arrays
from libvae import _c_api as c

from conftest import config

BYTES = np.random.default_rng(0).integers(0, 256, (40, 20), np.uint8)
FLOATS = BYTES / np.float32(255)


def in_place(x, likelihood="bernoulli"):
    data = _arrays.rows(x, likelihood, None)
    return data.values == x.ctypes.data and np.shares_memory(data.array, x)


def test_what_is_read_in_place():
    wide = np.zeros((40, 30), np.float32)
    for x in (BYTES, FLOATS, FLOATS[5:], FLOATS[::3], wide[:, 3:23], FLOATS.reshape(40, 4, 5), FLOATS[:1]):
        assert in_place(x)
    read_only = FLOATS.copy()
    read_only.flags.writeable = False
    assert in_place(read_only) and not in_place(misaligned())


def misaligned():
    memory = np.zeros(FLOATS.nbytes + 1, np.uint8)
    array = memory[1:].view(np.float32).reshape(FLOATS.shape)
    array[:] = FLOATS
    return array


@pytest.mark.parametrize(
    "x",
    [
        FLOATS.astype(np.float64),
        FLOATS.astype(">f4"),
        np.asfortranarray(FLOATS),
        FLOATS[:, ::-1][:, ::-1].copy(order="F"),
        np.repeat(FLOATS, 2, axis=1)[:, ::2],
        FLOATS[::-1][::-1].tolist(),
        misaligned(),
        FLOATS.reshape(40, 4, 5).transpose(0, 2, 1).copy(order="F").transpose(0, 2, 1),
    ],
    ids=["float64", "big-endian", "fortran", "fortran-copy", "strided", "list", "misaligned", "transposed"],
)
def test_what_is_copied_gives_the_same(x):
    model = libvae.Model.create(config())
    assert np.array_equal(model.encode(x).mean, model.encode(FLOATS).mean)


def test_reversed_and_repeated_rows():
    model, mean = libvae.Model.create(config()), libvae.Model.create(config()).encode(FLOATS).mean
    assert np.array_equal(model.encode(FLOATS[::-1]).mean, mean[::-1])
    assert np.array_equal(model.encode(np.broadcast_to(FLOATS[3], (6, 20))).mean, np.repeat(mean[3:4], 6, 0))


def test_bytes_are_scaled():
    bernoulli, gaussian = libvae.Model.create(config()), libvae.Model.create(config(likelihood="gaussian"))
    assert np.allclose(bernoulli.encode(BYTES).mean, bernoulli.encode(FLOATS).mean, atol=1e-6)
    assert np.array_equal(gaussian.encode(BYTES).mean, gaussian.encode(BYTES.astype(np.float32)).mean)
    assert np.allclose(gaussian.encode(BYTES, scale=1 / 255).mean, gaussian.encode(FLOATS).mean, atol=1e-5)
    assert np.array_equal(bernoulli.encode(BYTES // 128, scale=1).mean, bernoulli.encode(BYTES >= 128).mean)
    with pytest.raises(ValueError, match="scale is 0.5, but x has values of type float32"):
        bernoulli.encode(FLOATS, scale=0.5)
    with pytest.raises(ValueError, match="scale"):
        bernoulli.encode(BYTES, scale=-1)


def test_training_reads_bytes_as_it_reads_floats():
    losses = [libvae.Model.create(config()).fit(x, 2)[-1].training.loss for x in (BYTES, FLOATS)]
    assert np.isclose(*losses, rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (FLOATS[0], ValueError, r"shape \(20,\).*reshape\(1, -1\)"),
        (np.float32(1), ValueError, r"shape \(\)"),
        (FLOATS[:0], ValueError, "rows"),
        (FLOATS[:, :0], ValueError, "columns"),
        (FLOATS.astype(complex), TypeError, "complex128"),
        (FLOATS.astype(object), TypeError, "object"),
        ([["a"] * 20], TypeError, "<U1"),
        (FLOATS.astype(np.float64) * 1e300, libvae.DataError, "row 0"),
    ],
)
def test_what_is_refused(x, error, message):
    with pytest.raises(error, match=message):
        libvae.Model.create(config()).encode(x)


def test_codes_are_checked():
    model = libvae.Model.create(config())
    with pytest.raises(ValueError, match=r"z has shape \[4, 2\]; it must be \[n, 3\]"):
        model.decode(np.zeros((4, 2)))
    with pytest.raises(libvae.DataError):
        model.decode(np.full((1, 3), np.inf))
    codes = np.random.default_rng(1).standard_normal((3, 4))
    assert np.array_equal(model.decode(codes.T), model.decode(codes.T.copy()))


LABELS = np.random.default_rng(1).integers(0, 5, 40)


@pytest.mark.parametrize("dtype", ["uint8", "uint32", "int8", "int32"])
def test_labels_that_are_read_in_place(dtype):
    labels = LABELS.astype(dtype)
    for x, stride in (labels, 1), (labels[3:], 1), (labels[::3], 3), (np.stack([labels, labels], 1)[:, 1], 2):
        given = _arrays.condition(x, 5)
        assert given.values == x.ctypes.data and (given.rows, given.row_stride) == (len(x), stride)
        assert given.type == (c.CONDITION_LABELS_UINT8 if x.itemsize == 1 else c.CONDITION_LABELS_UINT32)


@pytest.mark.parametrize("x", [LABELS, LABELS.astype(">i4"), LABELS.astype("u2"), LABELS.tolist(), LABELS[::-1]])
def test_labels_that_are_copied(x):
    given = _arrays.condition(x, 5)
    assert given.type == c.CONDITION_LABELS_UINT32 and given.rows == 40 and given.row_stride == 1
    assert np.array_equal(given.array, x)


def test_conditions_of_numbers():
    for x in (FLOATS, BYTES, FLOATS[::3], FLOATS[:1]):
        given = _arrays.condition(x, 20)
        assert given.values == x.ctypes.data and given.rows == len(x) and np.isclose(given.scale, 1 / 255)
        assert given.type == (c.CONDITION_UINT8 if x.dtype == np.uint8 else c.CONDITION_FLOAT32)
    copied = _arrays.condition(FLOATS.astype(np.float64), 20)
    assert copied.type == c.CONDITION_FLOAT32 and np.array_equal(copied.array, FLOATS)
    scaled = _arrays.condition(libvae.Condition(BYTES, scale=0.5), 20)
    assert scaled.scale == 0.5 and scaled.values == BYTES.ctypes.data


def test_copies_of_conditions_live_as_long_as_the_rows():
    given = _arrays.condition([1, 2] * 20, 5)
    data, alive = _arrays.rows(FLOATS, "bernoulli", None, given), weakref.ref(given.array)
    del given
    gc.collect()
    assert alive() is not None
    del data
    gc.collect()
    assert alive() is None


def test_one_condition_for_all_rows():
    row, label = _arrays.condition(FLOATS[0], 20), _arrays.condition(4, 5)
    assert (row.type, row.rows) == (c.CONDITION_FLOAT32, 1) and row.values == FLOATS.ctypes.data
    assert (label.type, label.rows, label.array[0]) == (c.CONDITION_LABELS_UINT32, 1, 4)
    assert _arrays.condition(libvae.Condition(BYTES[0], scale=2), 20).type == c.CONDITION_UINT8
    assert _arrays.condition(None, 20) is None


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([0, 1, 5], libvae.DataError, "condition of row 2 is 5; a label must be from 0 to 4"),
        (np.array([0, -1]), libvae.DataError, "condition of row 1 is -1"),
        (2**40, libvae.DataError, "row 0 is 1099511627776"),
        (FLOATS, ValueError, r"shape \(40, 20\); it must be \(N, 5\), or \(N,\) where it is labels"),
        (FLOATS[0], ValueError, r"shape \(1, 20\)"),
        (0.5, ValueError, r"shape \(\)"),
        (["a"], TypeError, "<U1"),
        (libvae.Condition(LABELS, scale=1), ValueError, "condition has a scale, and values of type int64"),
        (libvae.Condition(FLOATS[:, :5], scale=1), ValueError, "float32"),
    ],
)
def test_conditions_that_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        _arrays.condition(x, 5)


def test_a_model_without_a_condition_takes_none():
    with pytest.raises(libvae.MismatchError, match="takes no condition"):
        libvae.Model.create(config()).encode(FLOATS, LABELS)
