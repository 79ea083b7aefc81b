"""Exercise 1: output sizes and numbers of weights."""

from collections.abc import Iterable
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from minialex.exercises.drawn import expect, for_all

SIZES: dict[str, Any] = {
    "size": st.integers(1, 40), "kernel": st.integers(1, 11), "stride": st.integers(1, 5),
    "pad": st.integers(0, 5),
}  # fmt: skip


def places(size: int, kernel: int, stride: int, pad: int, whole: bool) -> int:
    """Count the places of a window by moving it; if it must be `whole`, until it would stick out.

    Otherwise one more window follows where pixels (or padding) are left over.
    """
    length, start, count = size + 2 * pad, 0, 0
    while start + kernel <= length:
        start, count = start + stride, count + 1
    left_over = count and (start - stride + kernel) < length
    return count + (1 if left_over and not whole else 0)


def check_floor(answer) -> None:
    """rounded down: windows lie inside the padded picture"""

    @for_all(**SIZES)
    def _(size, kernel, stride, pad):
        assume(size + 2 * pad >= kernel)
        right = places(size, kernel, stride, pad, whole=True)
        call = f"output_size({size}, {kernel}, {stride}, {pad})"
        hint = f"Move a window of {kernel} by {stride} over {size} + 2 * {pad} pixels and count."
        expect(answer.output_size(size, kernel, stride, pad), right, call, hint)


def check_ceil(answer) -> None:
    """rounded up: one more window for pixels that are left over"""

    @for_all(**SIZES)
    def _(size, kernel, stride, pad):
        assume(size + 2 * pad >= kernel)
        right = places(size, kernel, stride, pad, whole=False)
        call = f'output_size({size}, {kernel}, {stride}, {pad}, "ceil")'
        expect(
            answer.output_size(size, kernel, stride, pad, "ceil"), right, call,
            "Where windows fit exactly, rounding up changes nothing.",
        )  # fmt: skip


def check_alexnet(answer) -> None:
    """the sizes of AlexNet, from 227 pixels to pool5"""
    right = [55, 27, 27, 13, 13, 13, 13, 6]
    got = answer.alexnet_sizes()
    expect(
        tuple(got) if isinstance(got, Iterable) else got, tuple(right), "alexnet_sizes()",
        "conv1 11/4, pool 3/2, conv2 5/1 pad 2, pool 3/2, three 3/1 pad 1, pool 3/2.",
    )  # fmt: skip


def weights_seen(kernel: int, channels: int, filters: int, groups: int) -> int:
    """Count weights one by one: filter f sees channel c if both are in the same group."""
    return sum(
        kernel * kernel
        for f in range(filters)
        for c in range(channels)
        if f * groups // filters == c * groups // channels
    )


def check_parameters(answer) -> None:
    """the parameters of a convolution, with and without groups"""

    @for_all(kernel=st.integers(1, 5), c=st.integers(1, 4), f=st.integers(1, 4))
    def _(kernel, c, f):
        right = weights_seen(kernel, c, f, 1) + f
        call = f"conv_parameters({kernel}, {c}, {f})"
        hint = f"{f} filters of {kernel} x {kernel} pixels on {c} channels, and a bias each."
        expect(answer.conv_parameters(kernel, c, f), right, call, hint)

    @for_all(
        kernel=st.integers(1, 5), c=st.integers(1, 3), f=st.integers(1, 3), groups=st.integers(2, 3)
    )
    def _(kernel, c, f, groups):
        channels, filters = c * groups, f * groups
        right = weights_seen(kernel, channels, filters, groups) + filters
        expect(
            answer.conv_parameters(kernel, channels, filters, groups), right,
            f"conv_parameters({kernel}, {channels}, {filters}, {groups})",
            f"Each of the {filters} filters sees {c} of the {channels} channels, and has a bias.",
        )  # fmt: skip


CHECKS = (check_floor, check_ceil, check_alexnet, check_parameters)
