"""The commands that describe models and recipes."""

from minialex import tables


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
    from minialex.models import build

    network = build(model, classes=classes, image_size=image_size)
    layers = network.summary()
    rows = [(r.name, r.details, tables.shape(r.output_shape), *r[4:]) for r in layers]
    total = sum(row.params for row in layers), sum(row.multiply_adds for row in layers)
    columns = ("layer", "details", "output", ">parameters", ">multiply-adds", "form")
    tables.show(columns, [*rows, ("total", "", "", *total, "")])


def models() -> None:
    """List the models."""
    from minialex.models import MODELS

    rows = [
        (name, f"{model.image_size}x{model.image_size}", model.classes, model.source)
        for name, model in MODELS.items()
    ]
    tables.show(("model", "pictures", ">classes", "source"), rows)
