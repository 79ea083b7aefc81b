"""The contract that every layer keeps."""

import copy
from typing import Any, ClassVar

import numpy as np

from minialex.backend import Array
from minialex.initial import Initialiser
from minialex.threads import reuse

Shape = tuple[int, ...]


class Layer:
    """A function y = f(x; params) with its backward pass.

    forward
        Computes y and remembers what backward needs. `train` switches randomness, and what stands
        for it at test, and nothing else.
    backward
        Takes gy = dL/dy, assigns `grads` (it never accumulates), and returns gx = dL/dx.
    params, grads
        Dictionaries with the same keys, "W" and "b" where a layer has them.

    Arrays are (N, H, W, C), images first and channels last, or (N, D) behind `Flatten`. Neither
    pass changes x, gy or a parameter; float32 stays float32 and float64 stays float64.

    What a pass returned is valid until the same layer's next call of the same pass: the memory is
    then used again. Copy what must live longer; `Sequential.predict` returns fresh arrays.
    """

    kind: ClassVar[str] = "layer"  # what the network calls it: conv1, relu1, lrn1, pool1, ...
    gradcheck_example: ClassVar[dict[str, Any]] = {}  # how `minialex gradcheck` makes and feeds it
    rng: np.random.Generator | None = None  # of a layer that is random while training

    def __init__(self) -> None:
        self.name = ""
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self._buffers: dict[str, Array] = {}

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of y without the batch axis; InputError where the layer cannot fit."""
        return input_shape

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the shapes that `build` gives `params`; {} for a layer without parameters."""
        return {}

    def build(self, input_shape: Shape, rng: np.random.Generator, dtype: str = "float32") -> None:
        """Make the parameters, drawn from `rng`, for inputs of this shape (without batch)."""

    def forward(self, x: Array, train: bool = False) -> Array:
        """Return y."""
        raise NotImplementedError

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        """Assign `grads` and return gx, or None where it is not needed (the first layer)."""
        raise NotImplementedError

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return the multiplications with a weight that one picture costs."""
        return 0

    def form(self, input_shape: Shape) -> str:
        """Return what computes this layer on the CPU: "NumPy", or the kernel that replaces it."""
        return "NumPy"

    def set_params(
        self,
        shapes: dict[str, Shape],
        init: Initialiser,
        bias: float | Initialiser,
        rng: np.random.Generator,
        dtype: str,
    ) -> None:
        """Make W and b of these shapes, and their grads; a `bias` that is drawn sees W's shape."""
        W = init(rng, shapes["W"])
        b = bias(rng, shapes["W"]) if callable(bias) else np.full(shapes["b"], bias)
        self.params = {"W": W.astype(dtype, order="C"), "b": b.astype(dtype)}
        self.grads = {key: np.zeros_like(param) for key, param in self.params.items()}

    def buffer(self, key: str, shape: Shape, like: Array, dtype=None) -> Array:
        """Return this layer's array `key`, uninitialised, in memory that serves every step."""
        return reuse(self._buffers, key, shape, like, dtype)

    def twin(self) -> "Layer":
        """Return a layer with the same parameters and no buffers: its passes leave ours alone."""
        twin = copy.copy(self)
        twin._buffers = {}
        return twin

    def label(self) -> str:
        """Return the name in error messages, such as "pool5 (3x3, stride 2)"."""
        details = self.details()
        return f"{self.name or self.kind} ({details})" if details else self.name or self.kind

    def details(self) -> str:
        """Return the sizes that tell this layer from another of its kind."""
        return ""
