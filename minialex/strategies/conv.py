"""Cases of convolution."""

from collections.abc import Sequence

from hypothesis import strategies as st

from minialex.strategies.arrays import batches
from minialex.strategies.axes import Limits, chosen, draw_axes, shorthand_pad
from minialex.strategies.windows import WindowCase

ROUNDINGS = ("floor", "ceil", "same")


def conv_geometry(
    *,
    outputs: int = 4,
    kernels: int = 4,
    strides: int = 5,
    channels: int = 3,
    filters: int = 3,
    groups: int = 3,
    batch: st.SearchStrategy[int] | None = None,
    rounding: str | Sequence[str] = ROUNDINGS,
    padding: str = "any",
    square: bool = False,
) -> st.SearchStrategy[WindowCase]:
    """Draw a convolution and its input.

    Parameters
    ----------
    outputs, kernels, strides : int
        The largest output size, kernel and stride along an axis.
    channels, filters : int
        At most so many in a group.
    groups : int
        At most; 1 for a layer without groups.
    batch : strategy of int, optional
        Default: `batches()`, which may be empty.
    rounding : "floor", "ceil", "same", or several of them
        "floor" is everyone's convolution, "ceil" Krizhevsky's, "same" TensorFlow's padding.
    padding : "any", "symmetric", "equal" or "none"
        Each side drawn alone, the same before and after, one number for all sides, or none; up to
        `kernel` cells, so that a window may hold padding alone.
    square : bool
        Give both axes the same kernel and stride. Height and width still differ.

    Raises
    ------
    InputError
        A size below 1, or an unknown word.

    Examples
    --------
    >>> from minialex.strategies import features_drawn
    >>> friendly = conv_geometry(strides=1, rounding="floor", padding="none", square=True)
    >>> sorted(features_drawn(friendly))  # nothing is left over, and nothing is padded
    ['empty batch', 'groups', 'height is not width', 'several images', 'windows overlap']
    """
    limits = Limits("conv", outputs, kernels, strides, padding, square)
    roundings = chosen("conv", "rounding", rounding, ROUNDINGS)
    return _conv(
        roundings, limits, channels, filters, groups, batches() if batch is None else batch
    )


@st.composite
def _conv(
    draw: st.DrawFn,
    roundings: list[str],
    limits: Limits,
    channels: int,
    filters: int,
    groups: int,
    batch: st.SearchStrategy[int],
) -> WindowCase:
    rounding = draw(st.sampled_from(roundings))
    rows, columns = draw_axes(draw, rounding, limits)
    count = draw(st.integers(1, groups))
    return WindowCase(
        batch=draw(batch),
        channels=count * draw(st.integers(1, channels)),
        filters=count * draw(st.integers(1, filters)),
        rows=rows,
        columns=columns,
        pad="same" if rounding == "same" else shorthand_pad(rows, columns),
        rounding="ceil" if rounding == "ceil" else "floor",
        groups=count,
    )
