"""Ctrl-C between two steps instead of in the middle of one."""

import signal
import threading
from typing import Any


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a training after its state was saved; the message says how to go on."""


class Interrupt:
    """While entered, the first Ctrl-C or SIGTERM only sets `asked`; a second one acts at once.

    Python lets only the main thread receive signals: in another one `asked` stays False.
    """

    def __init__(self) -> None:
        self.asked = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupt":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception: object) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: object) -> None:
        self.asked = True
        self._restore()
