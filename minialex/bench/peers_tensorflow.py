"""TensorFlow as a contestant: `tf.function` without XLA, in TensorFlow's own layout.

That layout is ours, (N, H, W, C) and (kh, kw, C / groups, F), so nothing is transposed.
"""

import importlib
import os
from typing import Any

from minialex import threads
from minialex.bench.contestants import MOMENTUM, WEIGHT_DECAY, Contestant
from minialex.bench.layers_tensorflow import translate
from minialex.bench.work import Case
from minialex.errors import InputError


class TensorFlow(Contestant):
    """A case as functions of tensors; the whole step is one graph."""

    def __init__(self, name: str, case: Case) -> None:
        super().__init__(name, case)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its start-up notices
        self.tf = tf = importlib.import_module("tensorflow")
        _use_threads(tf, threads.count())
        params = case.network.params
        self.params = {name: tf.Variable(value) for name, value in params.items()}
        self.velocity = [tf.Variable(tf.zeros_like(w)) for w in self.params.values()]
        self.layers = [
            (translate(tf, layer, before), [self.params[f"{layer.name}.{k}"] for k in layer.params])
            for layer, before, _ in case.steps()
        ]
        self.x, self.gy = tf.constant(case.x), tf.constant(case.gy)
        self.labels = None if case.labels is None else tf.constant(case.labels)
        self.need_gx = case.need_gx
        self.model = tf.function(self._run, jit_compile=False)
        self.whole_step = tf.function(self._step, jit_compile=False)
        self.apply = tf.function(self._apply, jit_compile=False)

    def _run(self, x: Any, train: bool) -> Any:
        for function, params in self.layers:
            x = function(x, train, *params)
        return x

    def forward(self) -> None:
        with self.tf.GradientTape() as self.tape:
            if self.need_gx:
                self.tape.watch(self.x)
            self.y = self.model(self.x, self.train)

    def backward(self) -> None:
        sources = [self.x] * self.need_gx + [*self.params.values()]
        self.gradients = self.tape.gradient(self.y, sources, output_gradients=self.gy)

    def update(self) -> None:
        self.apply(self.gradients)

    def step(self) -> float:
        return float(self.whole_step(self.x, self.labels, self.train))

    def _step(self, x: Any, labels: Any, train: bool) -> Any:
        tf = self.tf
        with tf.GradientTape() as tape:
            logits = self._run(x, train)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        self._apply(tape.gradient(loss, [*self.params.values()]))
        return loss

    def _apply(self, gradients: list[Any]) -> None:
        for w, v, g in zip(self.params.values(), self.velocity, gradients, strict=True):
            self.tf.raw_ops.ResourceApplyKerasMomentum(  # TensorFlow's own v and w in one operation
                var=w.handle, accum=v.handle, lr=self.lr, grad=g + WEIGHT_DECAY * w,
                momentum=MOMENTUM,
            )  # fmt: skip

    def found(self) -> dict[str, Any]:
        names = [f"gradient of {name}" for name in self.params]
        names = ["gx", *names] if self.need_gx else names
        gradients = [gradient.numpy() for gradient in self.gradients]
        return {"y": self.y.numpy(), **dict(zip(names, gradients, strict=True))}


def _use_threads(tf: Any, count: int) -> None:
    config = tf.config.threading
    if config.get_intra_op_parallelism_threads() == count:
        return
    try:
        config.set_intra_op_parallelism_threads(count)
        config.set_inter_op_parallelism_threads(count)
    except RuntimeError:
        raise InputError(
            "--peers tensorflow: its number of threads is fixed once it has started: "
            "leave it out of --scaling threads"
        ) from None
