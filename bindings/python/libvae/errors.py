"""What can go wrong: one exception for each status of the library, all of them under `VAEError`.

Each one is also of the built-in class that a Python programmer would expect (a `ValueError` for a wrong argument, an
`OSError` for a file that cannot be written), so that code which knows nothing of libvae catches it too.
"""


class VAEError(Exception):
    """A failure that the library reports. The message names the argument, its value and what is allowed."""


class InvalidArgumentError(VAEError, ValueError):
    """A size, a number or a name that is not allowed."""


class MismatchError(VAEError, ValueError):
    """Dimensions or configurations that do not belong together."""


class DataError(VAEError, ValueError):
    """A value in the data that the model cannot take: NaN, or outside the likelihood's range."""


class NotFiniteError(VAEError, ArithmeticError):
    """A NaN or an infinity arose in the computation; the model keeps its last good parameters."""


class OutOfMemoryError(VAEError, MemoryError):
    """Memory could not be had."""


class FileError(VAEError, OSError):
    """The operating system refused to open, read, write or rename a file."""


class FormatError(VAEError, ValueError):
    """A file that is not a model file, or a damaged one."""


class UnsupportedError(VAEError, NotImplementedError):
    """An instruction set, a precision or a kind of model that this version does not have."""
