"""The commands that describe models."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minialex import tables

if TYPE_CHECKING:
    from minialex.models.compare import Side


def summary(model: str, /, *, image_size: int | None = None, classes: int | None = None) -> None:
    """Print a model's layers: output shapes, parameters, multiply-adds, and what computes them.

    Parameters
    ----------
    model
        One that `minialex models` lists.
    image_size
        Height and width of the pictures.
    classes
        Outputs of the last layer.
    """
    from minialex.models import get, plan

    network = plan(model, classes=classes, image_size=image_size)
    rows = [(r.name, r.details, tables.shape(r.output_shape), *r[4:]) for r in network.summary()]
    columns = ("layer", "details", "output", ">parameters", ">multiply-adds", "form")
    tables.show(columns, [*rows, ("total", "", "", *network.totals(), "")])
    print(_origin(get(model).source, get(model).differs))


def models(*, compare: tuple[str, str] | None = None) -> None:
    """List the models, or show two of them side by side.

    Parameters
    ----------
    compare
        Two models: their layers in pairs, with * where they differ.
    """
    from minialex.models import MODELS, plan

    if compare:
        _compare(*compare)
        return
    rows = []
    for name, model in MODELS.items():
        classes = "none" if model.classes is None else model.classes
        size = tables.shape((model.image_size, model.image_size))
        rows.append((name, size, classes, *plan(name).totals(), model.source))
    columns = ("model", "pictures", ">classes", ">parameters", ">multiply-adds", "source")
    tables.show(columns, rows)


def receptive_field(model: str, /, *, image_size: int | None = None) -> None:
    """Print which pixels a layer sees: the size of its receptive field, and where it lies.

    A number of the map sees `field` pixels, its neighbour the same `jump` pixels further, and the
    first of them begins at pixel `start`, below 0 where it begins in the padding.

    Parameters
    ----------
    model
        One that `minialex models` lists.
    image_size
        Height and width of the pictures.
    """
    from minialex.models import plan
    from minialex.receptive import receptive_fields

    rows = [
        (f.layer, f.details, tables.shape(f.output), *map(_both, (f.size, f.jump, f.start)))
        for f in receptive_fields(plan(model, image_size=image_size))
    ]
    tables.show(("layer", "details", "output", ">field", ">jump", ">start"), rows)


def _compare(first: str, second: str) -> None:
    """Print two models side by side."""
    from minialex.models import get, plan
    from minialex.models.compare import compare

    plans = plan(first), plan(second)
    pairs = compare(*plans)
    rows = [
        ("*" if differs else "", *_cells(left), *_cells(right)) for differs, left, right in pairs
    ]
    titles = ("layer", "details", "output", ">parameters")
    tables.show(("", *titles, *titles), rows)
    totals = zip(("parameters", "multiply-adds"), *(p.totals() for p in plans), strict=True)
    shapes = ("pictures", *(tables.shape(p.input_shape) for p in plans))
    tables.show(("", f">{first}", f">{second}"), [shapes, *totals])
    marked = sum(differs for differs, _, _ in pairs)
    print(f"{marked} of {len(pairs)} rows differ (*).\n")
    for name in (first, second):
        print(f"{name}\n{_origin(get(name).source, get(name).differs)}")


def _cells(side: "Side | None") -> Sequence[object]:
    if side is None:
        return "", "", "", ""
    return side.layer.name, side.settings, tables.shape(side.output), side.params or ""


def _origin(source: str, differs: str) -> str:
    """Return where a model comes from and how it departs from the paper, in lines of 80."""
    lines = [f"  source: {source}"] + ([f"  differs: {differs}"] if differs else [])
    return "\n".join(textwrap.fill(line, 80, subsequent_indent="    ") for line in lines) + "\n"


def _both(pair: tuple[int, int]) -> str:
    """Write what is down and across: one number where they are equal."""
    down, across = pair
    return str(down) if down == across else f"{down}x{across}"
