"""Draws the figures of docs/gradcheck.md: steps.png and kink.png.

python docs/gradcheck/figures.py
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from minialex.layer import Layer
from minialex.layers import LRN, Conv2d

FOLDER = Path(__file__).parent
SMALLEST = -16  # power of ten of the smallest step that is drawn
INK, FAINT = "#1f2328", "#d0d7de"
# Okabe and Ito's colours, which colour-blind readers tell apart; markers differ as well.
COLOURS = {
    "forward": "#E69F00",
    "central": "#0072B2",
    "five-point": "#009E73",
    "complex step": "#D55E00",
}
MARKERS = {"forward": "v", "central": "o", "five-point": "s", "complex step": "D"}
STYLE = {
    "font.size": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}

Quotient = Callable[[Callable, float], np.ndarray]
QUOTIENTS: dict[str, Quotient] = {  # of f at 0; complex numbers of the same precision as h
    "forward": lambda f, h: (f(h) - f(0 * h)) / h,
    "central": lambda f, h: (f(h) - f(-h)) / (2 * h),
    "five-point": lambda f, h: (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h),
    "complex step": lambda f, h: f(1j * h).imag / h,
}


def layers() -> dict[str, tuple[Layer, np.ndarray]]:
    """Return the two layers of the figure, with their inputs."""
    rng = np.random.default_rng(4)
    lrn, conv = LRN(n=5, k=2, alpha=0.5, beta=0.75), Conv2d(4, 3, pad=1)
    x = rng.standard_normal((2, 3, 3, 7))
    small = rng.standard_normal((2, 5, 4, 3))
    conv.build(small.shape[1:], rng, "float64")
    return {"LRN, $\\alpha$ = 0.5": (lrn, x), "convolution 3x3": (conv, small)}


def errors(layer: Layer, x: np.ndarray, method: str, dtype: str, steps: np.ndarray) -> list[float]:
    """Return, for each step, the largest error of dL/dx relative to its largest entry.

    The truth is the layer's own backward in float64. L = sum(gy * y) is differentiated by one
    method in one precision; y is subtracted before it is summed.
    """
    rng = np.random.default_rng(5)
    gy = rng.standard_normal(layer.forward(x).shape)
    truth = layer.backward(gy)
    wide = {name: p.copy() for name, p in layer.params.items()}
    number = "complex" if method == "complex step" else "float"
    kind = np.dtype(f"{number}{int(dtype[5:]) * (2 if number == 'complex' else 1)}")
    layer.params = {name: p.astype(kind) for name, p in wide.items()}
    found = []
    for h in steps.astype(dtype):
        numeric = np.empty(x.shape)
        for index in np.ndindex(x.shape):

            def f(t: complex, index: tuple = index) -> np.ndarray:
                moved = x.astype(kind)
                moved[index] += t
                return np.array(layer.forward(moved))

            with np.errstate(all="ignore"):
                numeric[index] = (gy * QUOTIENTS[method](f, h)).sum()
        found.append(float(np.abs(numeric - truth).max() / np.abs(truth).max()))
    layer.params = wide
    return found


def curve(ax: Axes, layer: Layer, x: np.ndarray, method: str, dtype: str) -> None:
    """Draw one method in one precision."""
    lowest = SMALLEST if method == "complex step" else (-13 if dtype == "float64" else -7)
    steps = 10.0 ** np.arange(lowest, 0.1, 0.5)
    double, colour, place = dtype == "float64", COLOURS[method], list(COLOURS).index(method)
    ax.plot(
        steps,
        errors(layer, x, method, dtype, steps),
        color=colour,
        linestyle="-" if double else (0, (2, 1.4)),
        linewidth=2 if double else 1.5,
        marker=MARKERS[method],
        markevery=(place % 3, 3),  # curves that coincide show their markers in turn
        markersize=6.5,
        markeredgewidth=1.4,
        markerfacecolor=colour if double else "white",
        clip_on=False,
        zorder=3,
    )


def draw_steps(path: Path) -> None:
    """Draw the error of each method against its step."""
    figure = Figure(figsize=(10, 5.2), layout="constrained", facecolor="white")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, (title, (layer, x)) in zip(axes, layers().items(), strict=True):
        for method in QUOTIENTS:
            for dtype in ("float64", "float32"):
                curve(ax, layer, x, method, dtype)
        ax.set(xscale="log", yscale="log", xlim=(10.0**SMALLEST, 1), ylim=(1e-17, 1e1), title=title)
        ax.set(xticks=10.0 ** np.arange(SMALLEST, 1, 4), yticks=10.0 ** np.arange(-16, 1, 4))
        ax.set_xlabel("step $h$")
        ax.grid()
    axes[0].set_ylabel("largest error of $\\partial L/\\partial x$, relative to its largest entry")
    for x, y, text in (
        (10**-10.5, 3e-4, "rounding $\\propto 1/h$"),
        (10**-6.1, 1.2e-5, "$\\propto h$"),
        (2e-6, 3e-14, "$\\propto h^2$"),
        (10**-1.6, 3e-11, "$\\propto h^4$"),
        (10**-15.7, 1e-15, "and so on to $h = 10^{-30}$"),
    ):
        axes[0].text(x, y, text, fontsize=10.5)
    figure.legend(handles=legend(), loc="outside upper center", ncols=6, columnspacing=1.6)
    figure.savefig(path, dpi=150)


def legend() -> list[Line2D]:
    """Return the entries: a colour and a marker for each method, a line for each precision."""
    methods = [
        Line2D([], [], color=colour, linewidth=2, marker=MARKERS[name], markersize=6.5, label=name)
        for name, colour in COLOURS.items()
    ]
    filled, dashed = {"marker": "o", "color": INK}, (0, (2, 1.4))
    return [
        *methods,
        Line2D([], [], label="float64", linewidth=2, **filled),
        Line2D([], [], label="float32", linestyle=dashed, markerfacecolor="white", **filled),
    ]


def draw_kink(path: Path) -> None:
    """Draw difference quotients of ReLU across its kink."""
    figure = Figure(figsize=(10, 3.7), layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
    t, at = np.array([-1, 0, 1.5]), 0.2
    left.plot(t, np.maximum(t, 0), color=INK, linewidth=2.2)
    for h, colour in ((1.0, "#E69F00"), (0.6, "#009E73"), (0.15, "#0072B2")):
        ends = np.array([at - h, at + h])
        left.plot(ends, np.maximum(ends, 0), "o-", color=colour, linewidth=1.8, markersize=5.5)
        slope = np.diff(np.maximum(ends, 0))[0] / (2 * h)
        words = f"$h$ = {h:g}: slope {slope:.2f}"
        left.text(at + h + 0.07, at + h, words, va="top")
    left.set(title="Secants of ReLU around $x$ = 0.2", xlim=(-1, 2.3), xlabel="$x$")
    left.grid()
    h = 10.0 ** np.arange(-8, 0.01, 0.05)
    for x, colour, text in (
        (1e-2, "#0072B2", "$x$ = 0.01"),
        (1e-6, "#009E73", "$x$ = $10^{-6}$"),
        (0, "#D55E00", "$x$ = 0"),
    ):
        quotient = (np.maximum(x + h, 0) - np.maximum(x - h, 0)) / (2 * h)
        right.plot(h, quotient, color=colour, linewidth=2.2)
        right.text(2 * x or 2e-8, 0.8 if x else 0.515, text)
    right.set(xscale="log", xlim=(1e-8, 1), ylim=(0.4, 1.06), xlabel="step $h$")
    right.set(title="Central difference quotient of ReLU at $x$")
    right.grid()
    figure.savefig(path, dpi=150)


def main() -> None:
    """Draw both figures."""
    matplotlib.rcParams.update(STYLE)
    draw_steps(FOLDER / "steps.png")
    draw_kink(FOLDER / "kink.png")


if __name__ == "__main__":
    main()
