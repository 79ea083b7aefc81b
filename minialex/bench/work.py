"""What is timed: a network or one of its layers, with a batch, its operations and its bytes."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minialex import models
from minialex.errors import InputError, nearest
from minialex.layer import Layer, Shape
from minialex.layers import MaxPool2d
from minialex.network import Sequential

NORMS = ("lrn", "maplrn")
INPUT_SCALE = np.float32(16)  # so that the squares in LRN count beside its k when compared


@dataclass(frozen=True)
class Request:
    """What the user asked for. It travels to fresh processes as JSON."""

    model: str = "alexnet-cifar"
    batch: int = 128
    image_size: int | None = None
    lrn: bool = True
    layer: str | None = None  # by name ("conv2") or kind ("lrn": the first one); None: all layers
    shape: Shape | None = None  # (H, W, C) or (D,) of the layer's input, where not the model's

    @property
    def title(self) -> str:
        without = "" if self.lrn else " without LRN"
        return f"{self.layer} of {self.model}" if self.layer else self.model + without

    def resized(self, size: int) -> "Request":
        """Return the same work on pictures of another height and width."""
        shape = self.shape and (size, size, self.shape[-1])
        return replace(self, image_size=None if shape else size, shape=shape)


@dataclass(frozen=True)
class Case:
    """A network that is ready to run, and what every contestant runs it on.

    Attributes
    ----------
    network : Sequential
        With a single layer where a layer is timed alone.
    x : float32 (N, ...), gy : float32
        A batch, and the gradient of the output that `backward` starts from.
    labels : int64 (N,), or None for a layer alone
    need_gx : bool
        Whether the first layer computes its gx: only a layer alone that is not a model's first.
    lr : float
        So small that the weights hardly change: every round does the same work.
    """

    network: Sequential
    x: np.ndarray
    gy: np.ndarray
    labels: np.ndarray | None
    need_gx: bool
    lr: float = 1e-6

    @property
    def phases(self) -> tuple[str, ...]:
        alone = self.labels is None
        return ("forward", "backward") if alone else ("forward", "backward", "update", "step")

    def steps(self) -> list[tuple[Layer, Shape, Shape]]:
        """Return every layer with the shapes before and after it, without the batch axis."""
        shapes = self.network.shapes
        return list(zip(self.network.layers, shapes[:-1], shapes[1:], strict=True))


def make(request: Request) -> Case:
    """Return what is asked for, the same to the last bit in every process.

    Raises
    ------
    InputError
        No such model or layer, or it does not fit the shape.
    """
    network = models.build(request.model, image_size=request.image_size)
    table, need_gx = _table(network), False
    if not request.lrn:
        table = [(name, layer) for name, layer in table if layer.kind not in NORMS]
        network = Sequential(table, network.input_shape, name=network.name)
    if request.layer:
        network, need_gx = _alone(network, table, request)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((request.batch, *network.input_shape), np.float32)
    gy = rng.standard_normal((request.batch, *network.output_shape), np.float32)
    gy /= request.batch  # as a mean loss has it: updates with larger ones would diverge
    labels = rng.integers(0, network.output_shape[-1], request.batch)
    has_loss = len(network.output_shape) == 1 and not request.layer
    return Case(network, INPUT_SCALE * x, gy, labels if has_loss else None, need_gx)


def _table(network: Sequential) -> list[tuple[str, Layer]]:
    """Return the model's layers as its table has them: in a network they may share their work."""
    entries = [*models.MODELS[network.name].layers[:-1], network.layers[-1]]  # with its classes
    layers = (entry[1] if isinstance(entry, tuple) else entry for entry in entries)
    return [(built.name, layer) for built, layer in zip(network.layers, layers, strict=True)]


def _alone(
    network: Sequential, table: list[tuple[str, Layer]], request: Request
) -> tuple[Sequential, bool]:
    """Return a layer as a network of its own, and whether weights come before it."""
    for i, (name, layer) in enumerate(table):
        if request.layer in (name, layer.kind):
            shape = request.shape or network.shapes[i]
            alone = Sequential([(name, layer)], shape, name=f"{name} of {network.name}")
            return alone, any(before.params for before in network.layers[:i])
    known = [name for name, _ in table]
    raise InputError(
        f"--layer: {network.name} has no {request.layer!r}{nearest(str(request.layer), known)} "
        f"(it has {', '.join(known)})"
    )


def operations(case: Case) -> dict[str, int]:
    """Return the floating-point operations of each phase: two for a multiplication with a weight.

    Backward costs one product for gW and one for gx, which the first layer with weights does not
    compute. Counted as im2col does them: a form that multiplies less gets a higher rate.
    """
    forward = backward = 0
    for layer, before, _ in case.steps():
        products = 2 * len(case.x) * layer.multiply_adds(before)
        backward += products * (2 if forward or case.need_gx else 1)
        forward += products
    phases = {"forward": forward, "backward": backward, "step": forward + backward}
    return {phase: count for phase, count in phases.items() if count}


def bytes_moved(case: Case) -> dict[str, int]:
    """Return the bytes that a phase must at least read and write, where that is its limit.

    LRN reads x and writes y; backward reads x and gy and writes gx. Pooling also writes, and reads
    back, one byte that says which pixel was the maximum. The update reads weight, velocity and
    gradient and writes the first two.
    """
    moved: dict[str, int] = {}
    if "update" in case.phases:
        moved["update"] = 5 * sum(w.nbytes for w in case.network.params.values())
    kind = case.network.layers[0].kind
    if len(case.network.layers) == 1 and kind in ("lrn", "pool"):
        x, y = case.x.nbytes, case.gy.nbytes
        index = case.gy.size if isinstance(case.network.layers[0], MaxPool2d) else 0
        moved["forward"] = x + y + index
        moved["backward"] = y + x + (x if kind == "lrn" else index)
    return moved


def describe(case: Case) -> dict[str, Any]:
    """Return the shapes that stand beside every figure."""
    network = case.network
    forms = {row.name: row.form for row in network.summary() if row.form != "NumPy"}
    return {"name": network.name, "x": case.x.shape, "dtype": case.x.dtype.name, "forms": forms}
