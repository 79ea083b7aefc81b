"""Where the time of a training goes: by layer and phase, and how much memory it took.

    with Profile(network, optimiser, loader) as profile:
        ...                              # any loop over network, optimiser.step, loader.batches
    profile.print()

The loop needs no line of its own: inside the context every layer stands behind a `Stopwatch`, and
`optimiser.step` and `loader.batches` are timed. That costs about a microsecond a call.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from minialex import tables
from minialex.bench.memory import peak_bytes

if TYPE_CHECKING:
    from minialex.layer import Layer
    from minialex.network import Sequential
    from minialex.optim import Optimiser

FORWARD, BACKWARD, UPDATE, WAIT = "forward", "backward", "update", "data wait"


class Stopwatch:
    """A layer whose training passes are timed; everything else is the layer's own.

    Evaluation is not timed: the twins that `Sequential.predict` asks for are the layer's.
    """

    def __init__(self, layer: "Layer", add: Callable[[str, str, float], None]) -> None:
        self._layer, self._add = layer, add

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def forward(self, x, train=False):
        begun = time.perf_counter()
        y = self._layer.forward(x, train)
        if train:
            self._add(self._layer.name, FORWARD, time.perf_counter() - begun)
        return y

    def backward(self, gy, need_gx=True):
        begun = time.perf_counter()
        gx = self._layer.backward(gy, need_gx)
        self._add(self._layer.name, BACKWARD, time.perf_counter() - begun)
        return gx


class Profile:
    """The seconds of the training steps inside a `with`, by layer and phase.

    The first step stands apart: it loads kernels and makes buffers. On the CPU only: a GPU's work
    goes on after a pass has returned.

    Parameters
    ----------
    network : Sequential
    optimiser : Optimiser, optional
        Its `step` is the phase "update".
    loader : Loader, optional
        What the loop waits for its `batches` is the phase "data wait".

    Attributes
    ----------
    seconds : dict of (name, phase) -> float
        Without the first step. The name is that of a layer, or "" for the update and the wait.
    calls : dict of (name, phase) -> int
    first : float
        Seconds of the first step.
    total : float
        Seconds inside the context: all phases, the loss, evaluation and checkpoints.
    """

    def __init__(
        self, network: "Sequential", optimiser: "Optimiser | None" = None, loader: Any = None
    ) -> None:
        self.network, self.optimiser, self.loader = network, optimiser, loader
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.calls: dict[tuple[str, str], int] = Counter()
        self.first = self.total = 0.0

    @property
    def steps(self) -> int:
        """The number of training steps: forward passes of the first layer."""
        return self.calls[self.network.layers[0].name, FORWARD]

    def __enter__(self) -> "Profile":
        self._layers, self._begun = self.network.layers, time.perf_counter()
        watched: list[Any] = [Stopwatch(layer, self._add) for layer in self._layers]
        self.network.layers = watched
        if self.optimiser:
            vars(self.optimiser)["step"] = self._timed(UPDATE, self.optimiser.step)
        if self.loader:
            vars(self.loader)["batches"] = self._waited(self.loader.batches)
        return self

    def __exit__(self, *exception: object) -> None:
        self.total += time.perf_counter() - self._begun
        self.network.layers = self._layers
        if self.optimiser:
            del vars(self.optimiser)["step"]  # the method of its class shows again
        if self.loader:
            del vars(self.loader)["batches"]

    def _add(self, name: str, phase: str, seconds: float) -> None:
        self.calls[name, phase] += 1
        if self.calls[name, phase] == 1:
            self.first += seconds
        else:
            self.seconds[name, phase] += seconds

    def _timed(self, phase: str, function: Callable) -> Callable:
        def timed(*arguments: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            result = function(*arguments, **options)
            self._add("", phase, time.perf_counter() - begun)
            return result

        return timed

    def _waited(self, batches: Callable[..., Generator]) -> Callable[..., Generator]:
        def waited(*arguments: Any, **options: Any) -> Generator:
            generator = batches(*arguments, **options)
            try:
                yield from iter(self._timed(WAIT, lambda: next(generator, None)), None)
            finally:
                generator.close()  # stops the loader's thread where the loop was left early

        return waited

    def rows(self) -> list[tuple[str, ...]]:
        """Return name, form, forward and backward ms of a step, and the share of all seconds."""
        rows = []
        for row in self.network.summary():
            passes = [self.seconds[row.name, phase] for phase in (FORWARD, BACKWARD)]
            rows.append((row.name, row.form, *map(self._ms, passes), self._share(sum(passes))))
        for phase in (UPDATE, WAIT):
            seconds = self.seconds["", phase]
            rows.append((phase, "", self._ms(seconds), "", self._share(seconds)))
        rest = self.total - self.first - sum(self.seconds.values())
        rows.append(("first step", "", "", "", self._share(self.first)))
        rows.append(("loss, evaluation, files", "", "", "", self._share(rest)))
        return rows

    def print(self) -> None:
        """Print a table, the mean step and the largest memory of this process."""
        tables.show(("layer", "form", ">forward ms", ">backward ms", ">share"), self.rows())
        peak = peak_bytes()
        memory = "not measured on this system" if peak is None else f"{peak / 1e6:,.0f} MB"
        step = self._ms(sum(self.seconds.values()))
        print(
            f"{self.steps} steps: the first {1e3 * self.first:,.0f} ms (kernels are loaded), "
            f"later ones {step} ms on average; peak memory {memory}"
        )

    def _ms(self, seconds: float) -> str:
        return f"{1e3 * seconds / max(self.steps - 1, 1):,.2f}"

    def _share(self, seconds: float) -> str:
        return tables.percent(seconds / self.total if self.total else None)
