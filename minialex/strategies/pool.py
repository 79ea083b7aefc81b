"""Cases of pooling."""

from collections.abc import Sequence

from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.strategies.arrays import batches
from minialex.strategies.axes import Limits, chosen, draw_axes, shorthand_pad
from minialex.strategies.windows import WindowCase

ROUNDINGS = ("floor", "ceil")


def pool_geometry(
    overlap: bool | None = None,
    *,
    outputs: int = 4,
    kernels: int = 4,
    strides: int = 5,
    channels: int = 4,
    batch: st.SearchStrategy[int] | None = None,
    rounding: str | Sequence[str] = ROUNDINGS,
    padding: str = "any",
    square: bool = False,
) -> st.SearchStrategy[WindowCase]:
    """Draw a pooling layer and its input.

    No window holds padding alone, because its maximum would be minus infinity.

    Parameters
    ----------
    overlap : bool, optional
        Whether windows share cells. `gx =` in place of `gx +=` is right where they do not.
        Default: both kinds.
    outputs, kernels, strides : int
        The largest output size, kernel and stride along an axis.
    channels : int
        At most.
    batch : strategy of int, optional
        Default: `batches()`, which may be empty.
    rounding : "floor", "ceil", or both
        "ceil" adds a window for rows left over, which must start inside the picture or the padding
        before it, as in PyTorch.
    padding : "any", "symmetric", "equal" or "none"
        Each side drawn alone, the same before and after, one number for all sides, or none; up to
        kernel - 1 cells.
    square : bool
        Give both axes the same kernel and stride. Height and width still differ.

    Raises
    ------
    InputError
        A size below 1, an unknown word, or an overlap that the sizes exclude.
    """
    limits = Limits("pool", outputs, kernels, strides, padding, square)
    if overlap and min(outputs, kernels) < 2:
        raise InputError(
            f"pool_geometry(overlap=True, outputs={outputs}, kernels={kernels}): windows overlap "
            "where there are at least 2, of at least 2 cells"
        )
    roundings = chosen("pool", "rounding", rounding, ROUNDINGS)
    cases = _pool(roundings, limits, channels, batches() if batch is None else batch)
    if overlap is None:
        return cases
    return cases.filter(lambda case: ("windows overlap" in case.features()) == overlap)


@st.composite
def _pool(
    draw: st.DrawFn,
    roundings: list[str],
    limits: Limits,
    channels: int,
    batch: st.SearchStrategy[int],
) -> WindowCase:
    rounding = draw(st.sampled_from(roundings))
    rows, columns = draw_axes(draw, rounding, limits)
    return WindowCase(
        batch=draw(batch),
        channels=draw(st.integers(1, channels)),
        rows=rows,
        columns=columns,
        pad=shorthand_pad(rows, columns),
        rounding=rounding,
    )
