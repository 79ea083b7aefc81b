"""Cases of local response normalisation."""

from dataclasses import dataclass

from hypothesis import strategies as st

from minialex.strategies.arrays import batches

Shape4 = tuple[int, int, int, int]


@dataclass(frozen=True)
class LRNCase:
    """A layer that normalises across channels, and the input that it is given.

    y_i = x_i / (k + a * sum of x_j^2 over n channels around i)^beta, a = alpha or alpha / n.

    Attributes
    ----------
    shape : (N, H, W, C)
    n : int
        Window size in channels: even, odd, or larger than C.
    k, alpha, beta : float
    alpha_over_n : bool
        Whether alpha is divided by n, as in PyTorch and Caffe.
    groups : int
        Windows do not cross their borders.
    """

    shape: Shape4
    n: int
    k: float
    alpha: float
    beta: float
    alpha_over_n: bool
    groups: int

    @property
    def shape_nchw(self) -> Shape4:
        """(N, C, H, W)."""
        batch, height, width, channels = self.shape
        return batch, channels, height, width

    def features(self) -> set[str]:
        """Return what this case can tell apart; `features_drawn` counts them."""
        width = self.shape[-1] // self.groups
        present = {
            "several images": self.shape[0] > 1,
            "n even": self.n % 2 == 0,
            "n odd": self.n % 2 == 1,
            "n beyond the channels": self.n > width,
            "interior channels": width > self.n > 1,
            "groups": self.groups > 1,
            "alpha over n": self.alpha_over_n and self.n > 1,
            "beta not .75": self.beta != 0.75,
        }
        return {name for name, holds in present.items() if holds}


@st.composite
def lrn_geometry(
    draw: st.DrawFn,
    *,
    channels: int = 7,
    windows: int = 9,
    groups: int = 3,
    batch: st.SearchStrategy[int] | None = None,
) -> LRNCase:
    """Draw LRN with parameters so strong that the neighbours' term is much of every gradient.

    At the paper's alpha of 1e-4 a backward without that term errs by 1e-4 and passes most checks.

    Parameters
    ----------
    channels : int
        At most so many in a group.
    windows : int
        The largest n.
    groups : int
        At most; 1 for a layer without groups.
    batch : strategy of int, optional
        Default: `batches()`.
    """
    count = draw(st.integers(1, groups))
    return LRNCase(
        shape=(
            draw(batches() if batch is None else batch),
            draw(st.integers(1, 3)),
            draw(st.integers(1, 3)),
            count * draw(st.integers(1, channels)),
        ),
        n=draw(st.integers(1, windows)),
        k=draw(st.sampled_from((2.0, 1.0, 1.5))),
        alpha=draw(st.floats(0.3, 1.0)),
        beta=draw(st.sampled_from((0.75, 0.5, 1.0, 0.6))),
        alpha_over_n=draw(st.booleans()),
        groups=count,
    )
