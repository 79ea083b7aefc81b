"""The recipes: how the paper, its code and the posts train, as data."""

from minialex.config import Config
from minialex.errors import InputError, nearest
from minialex.recipes.cuda_convnet import CUDA_CONVNET
from minialex.recipes.paper import FIGURE_1, KRIZHEVSKY, PAPER
from minialex.recipes.posts import KERAS_MONKEYS, PADDLE_CIFAR
from minialex.recipes.recipe import Recipe

__all__ = ["RECIPES", "Recipe", "config", "get"]

RECIPES = {
    "paper": PAPER,
    "krizhevsky": KRIZHEVSKY,
    "keras-monkeys": KERAS_MONKEYS,
    "paddle-cifar": PADDLE_CIFAR,
    **CUDA_CONVNET,
    **FIGURE_1,
}


def get(name: str) -> Recipe:
    """Return a recipe by name.

    Raises
    ------
    InputError
        No recipe of this name.
    """
    if name not in RECIPES:
        raise InputError(
            f"no recipe is called {name!r}{nearest(name, RECIPES)} (`minialex recipes` lists them)"
        )
    return RECIPES[name]


def config(name: str) -> Config:
    """Return the configuration of a recipe; `dataclasses.replace` changes it.

    >>> config("cuda-convnet-18pct").milestones
    (120, 130)
    """
    return Config(**get(name).values, recipe=name)
