"""Ctrl-C while the C library trains."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class CtrlC:
    """Within this context Ctrl-C sets `pressed`; the context's end raises KeyboardInterrupt.

    An exception that Python's own handler raised inside a ctypes callback could get lost: ctypes prints what leaves a
    callback, and training would go on. A handler that the program has installed itself is left alone, and so is
    everything in threads other than the main one, where no signal arrives.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._installed = False

    def __enter__(self) -> CtrlC:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._press)
            self._installed = True
        return self

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.pressed = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self.pressed and error is None:
            raise KeyboardInterrupt
