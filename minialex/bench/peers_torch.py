"""PyTorch as a contestant: eager in two layouts, and torch.compile.

Arrays are (N, C, H, W) with weights (F, C / groups, kh, kw); "channels_last" has the same axes over
memory in our order. The update is PyTorch's fused one, and ReLU works in place as in torchvision's
AlexNet: a peer is shown at its best.
"""

import importlib
from typing import Any

import numpy as np

from minialex import threads
from minialex.bench.contestants import MOMENTUM, WEIGHT_DECAY, Contestant
from minialex.bench.layers_torch import translate, weight_shapes
from minialex.bench.work import Case


class Torch(Contestant):
    """A case as functions of tensors, differentiated by autograd."""

    def __init__(self, name: str, case: Case) -> None:
        super().__init__(name, case)
        self.torch: Any = importlib.import_module("torch")
        self.torch.set_num_threads(threads.count())
        last = name == "torch channels_last"
        self.layout = self.torch.channels_last if last else self.torch.contiguous_format
        self.shapes = weight_shapes(case)
        self.params = {n: self._weight(n, p) for n, p in case.network.params.items()}
        self.layers = [
            (translate(layer, before, in_place=i > 0),
             [self.params[f"{layer.name}.{key}"] for key in layer.params])
            for i, (layer, before, _) in enumerate(case.steps())
        ]  # fmt: skip
        self.x = self._tensor(case.x).requires_grad_(case.need_gx)
        self.gy = self._tensor(case.gy)
        self.labels = None if case.labels is None else self.torch.tensor(case.labels)
        self.model = self.torch.compile(self._run) if name == "torch.compile" else self._run
        if self.has_loss:
            self.optimiser = self.torch.optim.SGD(
                self.params.values(), self.lr, MOMENTUM, weight_decay=WEIGHT_DECAY, fused=True
            )

    def _run(self, x: Any, train: bool) -> Any:
        for function, params in self.layers:
            x = function(x, train, *params)
        return x

    def forward(self) -> None:
        self.y = self.model(self.x, self.train)

    def backward(self) -> None:
        self._forget()
        self.y.backward(self.gy)

    def update(self) -> None:
        self.optimiser.step()

    def step(self) -> float:
        self._forget()
        logits = self.model(self.x, self.train)
        loss = self.torch.nn.functional.cross_entropy(logits, self.labels)
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def _forget(self) -> None:
        """Drop the last gradients, which backward would add to: `zero_grad`."""
        for tensor in (self.x, *self.params.values()):
            tensor.grad = None

    def found(self) -> dict[str, np.ndarray]:
        found = {"y": self._array(self.y)}
        if self.x.requires_grad:
            found["gx"] = self._array(self.x.grad)
        for name, param in self.params.items():
            found[f"gradient of {name}"] = self.as_ours(name, param.grad)
        return found

    def _weight(self, name: str, array: np.ndarray) -> Any:
        """Return a parameter in PyTorch's layout: W as (F, C / groups, kh, kw) or (M, D)."""
        tensor = self.torch.tensor(array)
        if name in self.shapes:
            tensor = tensor.reshape(self.shapes[name]).permute(3, 2, 0, 1)
            dense = array.ndim == 2
            tensor = tensor.flatten(1).contiguous() if dense else self._in_layout(tensor)
        return tensor.requires_grad_()

    def as_ours(self, name: str, tensor: Any) -> np.ndarray:
        """Return a parameter, or its gradient, in our layout."""
        if name not in self.shapes:
            return tensor.numpy()
        kh, kw, channels, filters = self.shapes[name]
        array = tensor.reshape(filters, channels, kh, kw).permute(2, 3, 1, 0).numpy()
        return array if tensor.ndim == 4 else array.reshape(-1, filters)

    def _tensor(self, array: np.ndarray) -> Any:
        """Return a batch or its gradient: pictures as (N, C, H, W)."""
        tensor = self.torch.tensor(array)
        return self._in_layout(tensor.permute(0, 3, 1, 2)) if array.ndim == 4 else tensor

    def _in_layout(self, tensor: Any) -> Any:
        return tensor.contiguous(memory_format=self.layout)

    def _array(self, tensor: Any) -> np.ndarray:
        array = tensor.detach()
        return (array.permute(0, 2, 3, 1) if array.ndim == 4 else array).numpy()
