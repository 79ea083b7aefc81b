"""Exercise 14: receptive fields."""

from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all

ALEXNET = [(11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2)]
VGG16 = [layer for depth in (2, 2, 3, 3, 3) for layer in [(3, 1)] * depth + [(2, 2)]]
KERNEL, STRIDE = st.integers(1, 7), st.integers(1, 4)
Layers = list[tuple[int, int]]


def seen(layers: Layers, number: int) -> tuple[int, int]:
    """Return the first and the last pixel that a number of the last row sees, from the top down."""
    first = last = number
    for kernel, stride in reversed(layers):
        first, last = first * stride, last * stride + kernel - 1
    return first, last


def counted(layers: Layers) -> tuple[int, int]:
    """Return size and jump by counting pixels under two neighbours."""
    first, last = seen(layers, 0)
    return last - first + 1, seen(layers, 1)[0] - first


def field(answer, layers: Layers, which: int, hint: str) -> None:
    """Hold the size (0) or the jump (1) against what is counted."""
    call = f"receptive_field({layers})"
    got = answer.receptive_field(layers)
    if got is None:
        raise Wrong(f"{call} returned None: is it written yet?")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"{call} should return two numbers, the size and the jump; it gave {got!r}")
    expect(got[which], counted(layers)[which], f"the {('size', 'jump')[which]} of {call}", hint)


def check_nothing(answer) -> None:
    """no layer: a pixel sees itself"""
    for which in (0, 1):
        field(answer, [], which, "Before the first layer a pixel sees 1 pixel, its neighbour 1 on.")


def check_stacks(answer) -> None:
    """stacks without strides: three of 3x3 see what one 7x7 sees"""

    @for_all(st.lists(st.tuples(KERNEL, st.just(1)), min_size=1, max_size=4))
    def _(layers):
        hint = "A window of k neighbours reaches k - 1 steps further than one of them alone."
        field(answer, layers, 0, hint)


def check_jump(answer) -> None:
    """the jump: how many pixels lie between two neighbours' fields"""

    @for_all(st.lists(st.tuples(KERNEL, STRIDE), min_size=1, max_size=4))
    def _(layers):
        field(answer, layers, 1, "A stride on a map is that many steps, and each step is a jump.")


def check_size(answer) -> None:
    """the size, with strides"""

    @for_all(st.lists(st.tuples(KERNEL, STRIDE), min_size=1, max_size=4))
    def _(layers):
        field(
            answer, layers, 0,
            "A window's k - 1 steps are steps on the map below it, as wide as the strides of the "
            "layers below have made them; its own stride comes later.",
        )  # fmt: skip


def check_networks(answer) -> None:
    """AlexNet and VGG16 up to pool5"""
    for name, layers in (("AlexNet", ALEXNET), ("VGG16", VGG16)):
        right = counted(layers)
        expect(answer.receptive_field(layers), right, f"receptive_field(of {name} up to pool5)")


def check_depth(answer) -> None:
    """how many 3x3 convolutions it takes"""

    @for_all(st.integers(1, 60))
    def _(size):
        count = next(n for n in range(size + 1) if counted([(3, 1)] * n)[0] >= size)
        hint = "Each adds two pixels to the one that a pixel sees by itself."
        expect(answer.layers_to_see(size), count, f"layers_to_see({size})", hint)


CHECKS = (check_nothing, check_jump, check_stacks, check_size, check_networks, check_depth)
