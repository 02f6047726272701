"""Arrays: which are read in place, which are copied, which are refused."""

import libvae
import numpy as np
import pytest
from libvae import _arrays

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
