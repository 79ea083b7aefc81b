"""The networks, as tables that read like their papers."""

from typing import cast

from minialex.assembly import Plan
from minialex.errors import InputError, nearest
from minialex.layers import Linear
from minialex.models.cifar import CIFAR
from minialex.models.cuda_convnet import CUDA_CONVNET
from minialex.models.paper import PAPER
from minialex.models.posts import POSTS
from minialex.models.table import CLASSES, Model, Table
from minialex.models.vgg import VGG
from minialex.network import Sequential

__all__ = ["CLASSES", "MODELS", "Model", "Table", "build", "get", "plan"]

MODELS: dict[str, Model] = {**PAPER, **POSTS, **VGG, **CIFAR, **CUDA_CONVNET}


def build(
    name: str,
    *,
    classes: int | None = None,
    image_size: int | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> Sequential:
    """Return a network of this name, ready to train.

    Parameters
    ----------
    name : str
        A key of MODELS.
    classes, image_size : int, optional
        Default: those of the model's source.
    seed : int
        Of the first weights and the dropout masks.
    dtype : "float32" or "float64"

    Raises
    ------
    InputError
        No model of this name, its layers do not fit the pictures, or it has no classifier and was
        given a number of classes.

    Examples
    --------
    >>> network = build("lenet5")
    >>> sum(p.size for p in network.params.values())
    62006
    """
    layers, input_shape = _resolved(name, classes, image_size)
    return Sequential(layers, input_shape, seed=seed, dtype=dtype, name=name)


def plan(name: str, *, classes: int | None = None, image_size: int | None = None) -> Plan:
    """Return the layers and shapes of what `build` would return, without the parameters.

    >>> plan("vgg19").totals()
    (143667240, 19632062464)
    """
    layers, input_shape = _resolved(name, classes, image_size)
    return Plan(layers, input_shape, name)


def get(name: str) -> Model:
    """Return the model of this name; InputError where there is none."""
    if name not in MODELS:
        raise InputError(
            f"no model is called {name!r}{nearest(name, MODELS)} (`minialex models` lists them)"
        )
    return MODELS[name]


def _resolved(
    name: str, classes: int | None, image_size: int | None
) -> tuple[Table, tuple[int, int, int]]:
    """Return the table with the number of classes put in, and the shape of one picture."""
    model = get(name)
    size = model.image_size if image_size is None else image_size
    *body, last = model.layers
    if isinstance(last, tuple) and isinstance(last[1], Linear):
        units = cast(int, model.classes) if classes is None else classes
        if units < 1:
            raise InputError(f"{name}: classes={units} is not a positive number")
        head = Linear(units, last[1].init, last[1].bias)
        return (*body, (last[0], head)), (size, size, 3)
    if classes is not None:
        raise InputError(
            f"{name} ends without a classifier, so that it has no number of classes and cannot be "
            "trained: choose another model, or add Flatten() and Linear(classes) to "
            f'MODELS["{name}"].layers in a Sequential of your own'
        )
    return model.layers, (size, size, 3)
