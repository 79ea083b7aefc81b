"""A right answer to exercise 13, and what turns it into plausible wrong ones."""

from minialex.layers import SoftmaxCrossEntropy
from minialex.optim import SGD


def train_step(network, loss, optimiser, x, labels, lr):
    value = float(loss.forward(network.forward(x, train=True), labels))
    network.backward(loss.backward())
    optimiser.step(network.grads, lr=lr)
    return value


def overfit(network, x, labels, lr, steps):
    loss = SoftmaxCrossEntropy()
    optimiser = SGD(network.params, momentum=0.9, weight_decay=0)
    return [train_step(network, loss, optimiser, x, labels, lr) for _ in range(steps)]


MEMORYLESS = """
    return [
        train_step(network, loss, SGD(network.params, momentum=0.9, weight_decay=0),
                   x, labels, lr / 10)
        for _ in range(steps)
    ]
"""
LATE = """
    network.backward(loss.backward())
    optimiser.step(network.grads, lr=lr)
    return value
"""
EARLY = """
    optimiser.step(network.grads, lr=lr)
    network.backward(loss.backward())
    return value
"""
WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("forward(x, train=True)", "forward(x)", "unless forward is told to train"),
    (LATE, EARLY, "did not move"),
    ("lr=lr)\n    return value", "lr=lr)\n    return loss.forward(network.forward(x), labels)",
     "before the weights move"),
    ("network.backward(loss.backward())", "network.backward(len(x) * loss.backward())",
     "both backward passes"),
    ("    return [train_step(network, loss, optimiser, x, labels, lr) for _ in range(steps)]\n",
     MEMORYLESS, "velocity must live on"),
    ("    return [train_step", "    [train_step", "is it written yet?"),
)  # fmt: skip
