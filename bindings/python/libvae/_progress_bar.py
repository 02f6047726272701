"""A progress bar for training, where tqdm is installed."""

from __future__ import annotations

import sys
from typing import Any

from ._results import Progress


class ProgressBar:
    """Shows progress with tqdm.

    Parameters
    ----------
    wanted : bool or None
        None shows a bar where tqdm is there and standard error is a terminal.
    rows : int
        Rows of an epoch.
    """

    def __init__(self, wanted: bool | None, rows: int) -> None:
        self._rows = rows
        self._bar: Any = None
        self._tqdm: Any = None
        if wanted or (wanted is None and sys.stderr is not None and sys.stderr.isatty()):
            try:
                from tqdm.auto import tqdm
            except ImportError:
                if wanted:
                    raise ImportError("progress=True needs tqdm: pip install libvae[progress]") from None
            else:
                self._tqdm = tqdm

    def show(self, progress: Progress) -> None:
        if self._tqdm is None:
            return
        if self._bar is None:
            self._bar = self._tqdm(total=progress.epochs * self._rows, unit=" rows", unit_scale=True)
        loss = progress.validation or progress.training
        self._bar.set_description(f"epoch {progress.epoch}/{progress.epochs}, loss {loss.loss:.2f}", refresh=False)
        self._bar.update((progress.epoch - 1) * self._rows + progress.training.examples - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
