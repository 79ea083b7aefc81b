"""Two models side by side: which layers stand beside which, and what is marked."""

import pytest

from minialex import models
from minialex.assembly import Plan
from minialex.layers import LRN, Conv2d, Flatten, Linear, MaxPool2d, ReLU
from minialex.models.compare import compare


def marked(first: Plan, second: Plan) -> list[tuple[str, str]]:
    """The names of the layers in the rows that differ; "" where there is no partner."""
    return [
        (left.layer.name if left else "", right.layer.name if right else "")
        for differs, left, right in compare(first, second)
        if differs
    ]


def names(first: Plan, second: Plan) -> list[tuple[str, str]]:
    return [
        (left.layer.name if left else "", right.layer.name if right else "")
        for _, left, right in compare(first, second)
    ]


def plan(*layers, size: int = 31) -> Plan:
    return Plan(layers, (size, size, 4))


@pytest.mark.parametrize("name", models.MODELS)
def test_a_model_does_not_differ_from_itself(name):
    same = models.plan(name)
    assert names(same, models.plan(name)) == [(layer.name,) * 2 for layer in same.layers]
    assert marked(same, models.plan(name)) == []


def test_the_two_towers_are_seen():
    towers, merged = models.plan("alexnet-2012"), models.plan("alexnet-merged")
    assert marked(towers, merged) == [
        (name, name) for name in ("lrn1", "conv2", "lrn2", "conv4", "conv5")
    ]


def test_layers_of_the_same_name_stand_side_by_side():
    """VGG's blocks stay together, although 11 and 16 layers have the same kinds in other places."""
    rows = names(models.plan("vgg11"), models.plan("vgg16"))
    assert all(left == right for left, right in rows if left)
    assert ("", "conv3_3") in rows
    assert rows.index(("pool3", "pool3")) == rows.index(("", "relu3_3")) + 1


def test_between_them_layers_of_the_same_kind_do():
    first = plan(("a", Conv2d(4, 3)), ("x", ReLU()), ("y", LRN()), ("pool", MaxPool2d(2)))
    second = plan(("b", Conv2d(4, 3)), ("z", ReLU()), ("c", Conv2d(4, 3)), ("pool", MaxPool2d(2)))
    assert names(first, second) == [("a", "b"), ("x", "z"), ("y", ""), ("", "c"), ("pool", "pool")]
    assert marked(first, second)[0] == ("y", "")  # other names alone are no difference


def gaussian(name):
    def draw(rng, shape):
        return rng.standard_normal(shape)

    draw.__name__ = name
    return draw


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (LRN.paper(), LRN.krizhevsky(k=2), ("alpha_over_n False", "alpha_over_n True")),
        (LRN(k=1), LRN(k=2), ("k 1", "k 2")),
        (LRN(alpha=1e-4), LRN(alpha=0.1), ("alpha 0.0001", "alpha 0.1")),
        (Conv2d(8, 3, bias=1), Conv2d(8, 3), ("bias 1", "bias 0")),
        (Conv2d(8, 3, init=gaussian("u")), Conv2d(8, 3, init=gaussian("v")), ("init u", "init v")),
    ],
)
def test_settings_without_a_size_are_told_where_they_differ(first, second, told):
    ((differs, left, right),) = compare(plan(first), plan(second))
    assert differs
    assert (left.settings.split(", ")[-1], right.settings.split(", ")[-1]) == told


def test_padding_is_compared_by_what_it_comes_to():
    """ "same" is 2 for a 5x5 kernel; rounding up is zeros below and to the right, or nothing."""
    assert marked(plan(Conv2d(8, 5, pad="same")), plan(Conv2d(8, 5, pad=2))) == []
    up, down = (MaxPool2d(3, 2, rounding=rounding) for rounding in ("ceil", "floor"))
    assert marked(plan(up, size=31), plan(down, size=31)) == []
    ((differs, left, right),) = compare(plan(up, size=32), plan(down, size=32))
    assert differs
    assert (left.settings, right.settings) == ("3x3, stride 2, pad (0, 1, 0, 1)", "3x3, stride 2")


def test_a_dense_layer_with_another_input_differs():
    first, second = (plan(Flatten(), Linear(5), size=size) for size in (3, 4))
    assert ("fc1", "fc1") in marked(first, second)
