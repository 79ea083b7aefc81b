"""A network is a list of layers."""

from collections.abc import Sequence

import numpy as np

from minialex.assembly import Plan
from minialex.backend import Array, current_device, device_of, to_device, to_host, xp_of
from minialex.errors import InputError, nearest
from minialex.layer import Layer, Shape


class Sequential(Plan):
    """Layers, one after the other, with shapes inferred and parameters made at once.

    Parameters
    ----------
    layers : sequence of Layer or (name, Layer)
        Copied and built anew, so that a table can be built many times. A layer without a name is
        called after its kind and the weights before it, as the field does: conv1 relu1 lrn1 pool1
        ... fc8.
    input_shape : tuple
        (H, W, C) of one picture, or (D,).
    seed : int
        Of the first weights and of every later dropout mask.
    dtype : "float32" or "float64"
    name : str
        Used in messages.

    Raises
    ------
    InputError
        A layer cannot be applied: it is named, with the smallest picture that would do. Two
        layers were given the same name. The dtype is neither of the two.

    Examples
    --------
    >>> from minialex.layers import Conv2d, Flatten, Linear, ReLU
    >>> network = Sequential([Conv2d(8, 3), ReLU(), Flatten(), Linear(10)], (7, 9, 3))
    >>> [layer.name for layer in network.layers]
    ['conv1', 'relu1', 'flatten1', 'fc2']
    >>> network.forward(np.zeros((2, 7, 9, 3), "float32")).shape
    (2, 10)
    """

    def __init__(
        self,
        layers: Sequence[Layer | tuple[str, Layer]],
        input_shape: Shape,
        *,
        seed: int = 0,
        dtype: str = "float32",
        name: str = "network",
    ) -> None:
        super().__init__(layers, input_shape, name)
        self._built_as = np.dtype(dtype)
        if self._built_as.name not in ("float32", "float64"):
            raise InputError(f"{name}: dtype={dtype!r} is neither float32 nor float64")
        rng = np.random.default_rng(seed)
        for layer, shape in zip(self.layers, self.shapes, strict=False):
            layer.build(shape, rng, dtype)

    @property
    def dtype(self) -> np.dtype:
        """What x must be: the dtype of the parameters, also after they were replaced."""
        return next((p.dtype for p in self.params.values()), self._built_as)

    @property
    def device(self) -> str:
        """Where x must be: "cpu", or the GPU "cuda:0" and so on that has the parameters.

        Without parameters it is the "cpu", and x may be anywhere.
        """
        return next((device_of(p) for p in self.params.values()), "cpu")

    def to(self, device: str) -> "Sequential":
        """Move parameters and gradients to the "cpu", to "cuda" or "cuda:1"; return the network.

        Make an optimiser afterwards: one made before still holds the old arrays. On another GPU
        than the first, compute inside `with minialex.backend.device("cuda:1")`.
        """
        for layer in self.layers:
            for arrays in (layer.params, layer.grads):
                arrays.update({key: to_device(to_host(a), device) for key, a in arrays.items()})
        return self

    @property
    def params(self) -> dict[str, Array]:
        """The parameters themselves by name, such as "conv1.W"."""
        return {f"{la.name}.{key}": p for la in self.layers for key, p in la.params.items()}

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients that the last backward assigned, under the names of `params`."""
        return {f"{la.name}.{key}": g for la in self.layers for key, g in la.grads.items()}

    def __getitem__(self, name: str) -> Layer:
        """Return a layer by name. A convolution here rectifies for the ReLU behind it."""
        names = [layer.name for layer in self.layers]
        if name not in names:
            raise InputError(f"{self.name} has no layer {name!r}{nearest(name, names)}")
        return self.layers[names.index(name)]

    def forward(self, x: Array, train: bool = False) -> Array:
        """Return the last layer's output; valid until the next forward."""
        self._check(x)
        for layer in self.layers:
            x = layer.forward(x, train)
        return x

    def backward(self, gy: Array) -> None:
        """Assign the gradients of all parameters, given those of the last layer's output."""
        first = next((i for i, layer in enumerate(self.layers) if layer.params), len(self.layers))
        for i in reversed(range(first, len(self.layers))):
            gy = self.layers[i].backward(gy, need_gx=i > first)

    def predict(self, x: Array, batch_size: int = 64) -> Array:
        """Return the last layer's output for any number of pictures.

        x: (N, H, W, C) -> fresh array (N, ...). Nothing is kept, and a training step in progress
        is not disturbed.
        """
        if batch_size < 1:
            raise InputError(f"batch_size={batch_size}: must be at least 1")
        self._check(x)
        twins = [layer.twin() for layer in self.layers]
        y = xp_of(x).empty((len(x), *self.output_shape), x.dtype)
        for start in range(0, len(x), batch_size):
            h = x[start : start + batch_size]
            for twin in twins:
                h = twin.forward(h)
            y[start : start + batch_size] = h
        return y

    def random_state(self) -> dict[str, dict]:
        """Return the state of every layer's generator, by layer name; it goes through JSON."""
        return {la.name: dict(la.rng.bit_generator.state) for la in self.layers if la.rng}

    def set_random_state(self, states: dict[str, dict]) -> None:
        """Continue every generator from what `random_state` returned."""
        for layer in self.layers:
            if layer.rng:
                layer.rng.bit_generator.state = states[layer.name]

    def _check(self, x: Array) -> None:
        given = device_of(x)
        wanted = self.device if self.params else given
        if x.shape[1:] != self.input_shape or x.dtype != self.dtype or given != wanted:
            raise InputError(
                f"{self.name} takes {self.dtype} arrays (N, "
                f"{', '.join(map(str, self.input_shape))}) on {wanted}; it was given "
                f"{x.dtype} {x.shape} on {given}"
            )
        if given != "cpu" and given != (current := current_device()):
            raise InputError(
                f"{self.name} and x are on {given}, but CuPy works on {current}: compute inside "
                f'`with minialex.backend.device("{given}")`'
            )
