"""Adam, and where its epsilon stands."""

from collections.abc import Mapping

import numpy as np

from minialex.backend import Array, xp_of
from minialex.optim import Optimiser


class Adam(Optimiser):
    """Kingma & Ba 2015, algorithm 1, in the two forms that frameworks have made of it.

    Both keep m <- beta1 m + (1 - beta1) g and v <- beta2 v + (1 - beta2) g^2. With c = 1 - beta2^t,
    epsilon stands inside the correction of v (the paper, PyTorch)::

        w <- w - lr / (1 - beta1^t) m / (sqrt(v / c) + epsilon)

    or outside (the paper's end of section 2, Keras, TensorFlow)::

        w <- w - lr sqrt(c) / (1 - beta1^t) m / (sqrt(v) + epsilon)

    The second is the first with epsilon / sqrt(c), which at first is 32 times epsilon: where
    gradients are as small as 1e-8, Keras' Adam hardly moves while PyTorch's takes half a step.

    Weight decay is added to the gradient, as in PyTorch's Adam: an L2 penalty on the loss, which
    the division by sqrt(v) makes weaker for parameters with large gradients. That is not AdamW.

    Parameters
    ----------
    params, weight_decay, lr_scale, decay
        As `Optimiser` explains.
    beta1, beta2 : float
    epsilon : float
        PyTorch's default is 1e-8, Keras' 1e-7.
    inside : bool
        Whether epsilon stands inside the correction.
    """

    prefix = "adam."

    def __init__(
        self,
        params: dict[str, Array],
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        inside: bool = True,
        weight_decay: float = 0.0,
        lr_scale: Mapping[str, float] | None = None,
        decay: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(params, weight_decay, lr_scale, decay)
        self.beta1, self.beta2, self.epsilon, self.inside = beta1, beta2, epsilon, inside
        self.m = {name: xp_of(w).zeros_like(w) for name, w in params.items()}
        self.v = {name: xp_of(w).zeros_like(w) for name, w in params.items()}
        # t of each, since one that thaws begins at 1; arrays, so that they are stored with m and v
        self.steps = {name: np.zeros(1, np.int64) for name in params}

    def state(self) -> dict[str, Array]:
        m = {f"adam.m.{name}": m for name, m in self.m.items()}
        v = {f"adam.v.{name}": v for name, v in self.v.items()}
        steps = {f"adam.steps.{name}": steps for name, steps in self.steps.items()}
        return {**m, **v, **steps}

    def step(self, grads: Mapping[str, Array], lr: float) -> None:
        for name, steps in self.steps.items():
            steps += self.lr_scale[name] != 0
        super().step(grads, lr)

    def update(self, name: str, piece: slice, g: Array, lr: float) -> None:
        w, m, v = (array[name].reshape(-1)[piece] for array in (self.params, self.m, self.v))
        if self.decay[name]:
            g = g + self.decay[name] * w
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        t = int(self.steps[name][0])
        root = (1 - self.beta2**t) ** 0.5
        epsilon = self.epsilon * root if self.inside else self.epsilon
        w -= lr * root / (1 - self.beta1**t) * m / (xp_of(v).sqrt(v) + epsilon)
