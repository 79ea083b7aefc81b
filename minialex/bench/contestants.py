"""What a contestant can do, and minialex as one."""

from typing import Any

import numpy as np

from minialex.bench.work import Case
from minialex.layers import SoftmaxCrossEntropy
from minialex.optim import SGD

MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4  # of everyone's update


class Contestant:
    """A library that runs the network of a case: the same weights, the same batch.

    What is timed is a method: `forward`; `backward`, of the forward before it; `update`, with the
    gradients of the backward before it; and `step`, a whole training step with its loss.
    A contestant keeps nothing of the case but its own copies.
    """

    def __init__(self, name: str, case: Case) -> None:
        self.name, self.lr, self.has_loss = name, case.lr, case.labels is not None
        self.train = True  # dropout is on; `results` turns it off

    def forward(self) -> None:
        raise NotImplementedError

    def backward(self) -> None:
        raise NotImplementedError

    def update(self) -> None:
        raise NotImplementedError

    def step(self) -> float:
        """Run forward, loss, backward and update; return the loss."""
        raise NotImplementedError

    def found(self) -> dict[str, Any]:
        """Return y and the gradients of the last two passes, in minialex's layout."""
        raise NotImplementedError

    def results(self) -> dict[str, np.ndarray]:
        """Return what agreement is judged by: outputs, gradients and loss, without dropout."""
        self.train = False
        self.forward()
        self.backward()
        results = {name: np.array(value) for name, value in self.found().items()}
        if self.has_loss:
            results["loss"] = np.array(self.step())
        self.train = True
        return results

    def once(self) -> None:
        """Run a step or, where a layer is alone, both passes."""
        if self.has_loss:
            self.step()
        else:
            self.forward()
            self.backward()


class Minialex(Contestant):
    """The training step of `minialex train`, line by line."""

    def __init__(self, name: str, case: Case) -> None:
        super().__init__(name, case)
        self.network, self.x, self.gy, self.labels = case.network, case.x, case.gy, case.labels
        self.need_gx = case.need_gx
        self.cross_entropy = SoftmaxCrossEntropy()
        self.optimiser = SGD(case.network.params, MOMENTUM, WEIGHT_DECAY)

    def forward(self) -> None:
        self.y = self.network.forward(self.x, self.train)

    def backward(self) -> None:
        if self.has_loss:
            self.network.backward(self.gy)
        else:
            g: Any = self.gy
            for layer in reversed(self.network.layers[1:]):
                g = layer.backward(g)
            self.gx = self.network.layers[0].backward(g, self.need_gx)

    def update(self) -> None:
        self.optimiser.step(self.network.grads, self.lr)

    def step(self) -> float:
        logits = self.network.forward(self.x, self.train)
        loss = float(self.cross_entropy.forward(logits, self.labels))
        self.network.backward(self.cross_entropy.backward())
        self.optimiser.step(self.network.grads, self.lr)
        return loss

    def found(self) -> dict[str, Any]:
        gradients = {f"gradient of {name}": g for name, g in self.network.grads.items()}
        return {"y": self.y, **({"gx": self.gx} if self.need_gx else {}), **gradients}
