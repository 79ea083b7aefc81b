"""Softmax and SoftmaxCrossEntropy against PyTorch, and at the ends of the number line."""

import numpy as np
import pytest
import torch
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.layers import Softmax, SoftmaxCrossEntropy
from minialex.strategies import batches, distinct_array, seeds

EXTREME = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 9e3]])


@given(batch=batches(), classes=st.integers(1, 9), seed=seeds())
def test_softmax_agrees_with_pytorch(dtype, batch, classes, seed):
    x = distinct_array((batch, classes), np.random.default_rng(seed), dtype)
    twin.check(Softmax(), twin.softmax, x, seed, floor=0.1)


@given(batch=st.integers(1, 6), classes=st.integers(1, 9), scale=st.sampled_from([1, 1e4]),
       seed=seeds())  # fmt: skip
def test_the_loss_and_its_gradient_agree_with_pytorch(dtype, batch, classes, scale, seed):
    rng = np.random.default_rng(seed)
    logits = (scale * distinct_array((batch, classes), rng)).astype(dtype)
    labels = rng.integers(0, classes, batch)

    def theirs(logits):
        return torch.nn.functional.cross_entropy(logits, torch.tensor(labels))

    loss = SoftmaxCrossEntropy()
    found = [loss.forward(logits, labels), loss.backward()]
    expected = twin.vjp(theirs, np.array(1.0), logits.astype("float64"))
    for ours, wanted in zip(found, expected, strict=True):
        assert ours.dtype == dtype
        twin.assert_close(ours, wanted, twin.TOLERANCE[dtype], floor=0.1)
    assert int(loss.correct) == (logits.argmax(axis=1) == labels).sum()


def test_the_probabilities_of_logits_of_10000(dtype):
    y = Softmax().forward(EXTREME.astype(dtype))
    np.testing.assert_allclose(y, [[1, 0, 0], [1 / 3] * 3, [0.5, 0.5, 0]], atol=1e-4)


def test_the_loss_of_logits_of_10000(dtype):
    loss = SoftmaxCrossEntropy()
    value = loss.forward(EXTREME.astype(dtype), np.array([1, 2, 0]))
    assert value == pytest.approx((20_000 + np.log(3) + np.log(2)) / 3, rel=1e-6)
    assert np.isfinite(loss.backward()).all()


def test_the_loss_is_a_mean_over_the_batch(rng):
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    loss = SoftmaxCrossEntropy()
    single = [float(loss.forward(logits[i : i + 1], labels[i : i + 1])) for i in range(4)]
    value = loss.forward(logits, labels)
    assert np.ndim(value) == 0
    assert value == pytest.approx(np.mean(single), rel=1e-12)
    np.testing.assert_allclose(loss.backward().sum(axis=1), 0, atol=1e-15)


def test_logits_and_labels_stay_as_they_are(rng):
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    kept = logits.copy(), labels.copy()
    loss = SoftmaxCrossEntropy()
    loss.forward(logits, labels)
    first = loss.backward().copy()
    np.testing.assert_array_equal(loss.backward(), first)
    np.testing.assert_array_equal(logits, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


def test_nan_is_not_hidden():
    logits = np.array([[0.0, np.nan], [0.0, 1.0]])
    assert np.isnan(SoftmaxCrossEntropy().forward(logits, np.array([0, 1])))


@pytest.mark.parametrize("label", [10, -1, 255])
def test_a_label_out_of_range_is_named(label):
    with pytest.raises(InputError, match=rf"{label}\b.*\b0\b.*\b9\b"):
        SoftmaxCrossEntropy().forward(np.zeros((3, 10)), np.array([3, label, 4]))


def test_labels_that_do_not_match_the_logits_are_refused():
    with pytest.raises(InputError, match=r"\(2,\).*\(3, 10\)|\(3, 10\).*\(2,\)"):
        SoftmaxCrossEntropy().forward(np.zeros((3, 10)), np.array([1, 2]))
