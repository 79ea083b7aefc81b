"""The decision rules of five other gradient checkers, re-implemented on NumPy.

They are rules, not libraries: step sizes, tolerances, directions, the gradients of y that are
used, and the order of the calls, each as its source has it, with that source's defaults. What a
framework adds around its checker (arrays that cannot be changed, an engine that casts dtypes) is
not here. All rules are for float64, and so are the arrays that they are given.

A checker takes forward(*xs) -> y, backward(gy) -> gradients of xs, and xs, and returns True where
it finds nothing wrong.
"""

from collections.abc import Callable

import numpy as np

Forward = Callable[..., np.ndarray]
Backward = Callable[[np.ndarray], list[np.ndarray]]
Arrays = list[np.ndarray]


def cs231n(forward: Forward, backward: Backward, xs: Arrays) -> bool:
    """Stanford CS231n, assignment 2: eval_numerical_gradient_array and rel_error.

    h = 1e-5; dout is normal, seed 231 as in the notebooks, which differentiate first and call
    backward last. They print max |a - n| / max(1e-8, |a| + |n|) and leave the verdict to the
    student: "your errors should be around e-8 or less". The notes (neural-networks-3) are happy
    with 1e-7 and uncomfortable above 1e-4; we take 1e-6.
    """
    dout = np.random.RandomState(231).standard_normal(np.shape(forward(*xs)))
    numeric = [central(forward, xs, x, dout, 1e-5) for x in xs]
    forward(*xs)
    pairs = zip(backward(dout), numeric, strict=True)
    return all(np.max(abs(a - n) / np.maximum(1e-8, abs(a) + abs(n))) <= 1e-6 for a, n in pairs)


def dezero(forward: Forward, backward: Backward, xs: Arrays) -> bool:
    """DeZero, dezero/utils.py: gradient_check, one array at a time.

    eps = 1e-4, rtol = 1e-4, atol = 1e-5; y.backward() starts from a gradient of ones.
    """

    def check(i: int) -> bool:
        ones = np.ones(np.shape(forward(*xs)))
        numeric = central(forward, xs, xs[i], ones, 1e-4)
        forward(*xs)
        analytic = backward(ones)[i]
        same_shape = analytic.shape == numeric.shape
        return same_shape and np.allclose(numeric, analytic, rtol=1e-4, atol=1e-5)

    return all(check(i) for i in range(len(xs)))


def torch_slow(forward: Forward, backward: Backward, xs: Arrays) -> bool:
    """PyTorch 2.13, torch/autograd/gradcheck.py: gradcheck(fast_mode=False).

    eps = 1e-6, atol = 1e-5, rtol = 1e-3, nondet_tol = 0: the Jacobian's rows, from backward of unit
    vectors, beside its columns by differences; the rows twice, which must be equal; backward of
    zeros must be zero, of the input's shape and dtype.
    """
    y = np.array(forward(*xs))
    columns = [differences(forward, xs, x, 1e-6) for x in xs]
    forward(*xs)

    def rows() -> list[np.ndarray]:
        gy, found = np.zeros(y.shape), []
        for i in range(y.size):
            gy[...] = 0
            gy.reshape(-1)[i] = 1
            found.append([np.array(g).reshape(-1) for g in backward(gy)])
        return [np.array(one) for one in zip(*found, strict=True)]

    first, again = rows(), rows()
    close = all(
        np.allclose(row, column, rtol=1e-3, atol=1e-5)
        for row, column in zip(first, columns, strict=True)
    )
    repeated = all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    zeros = backward(np.zeros(y.shape))
    zero = all(not np.any(g) for g in zeros)
    like_x = all(g.shape == x.shape and g.dtype == x.dtype for g, x in zip(zeros, xs, strict=True))
    return close and repeated and zero and like_x


def jax(forward: Forward, backward: Backward, xs: Arrays) -> bool:
    """JAX, jax/_src/public_test_util.py: check_grads(order=1, modes=["rev"]), that is check_vjp.

    One direction, RandomState(0), not normalised; eps = 1e-4, atol = rtol = 1e-5 for float64. Its
    arrays cannot be changed in place, hence the copies.
    """
    rng = np.random.RandomState(0)
    forward(*[x.copy() for x in xs])
    tangents = [rng.randn(*x.shape) for x in xs]
    plus = np.array(forward(*[x + 1e-4 * t for x, t in zip(xs, tangents, strict=True)]))
    minus = np.array(forward(*[x - 1e-4 * t for x, t in zip(xs, tangents, strict=True)]))
    cotangent = np.asarray(rng.randn(*plus.shape))
    expected = ((plus - minus) * 0.5 / 1e-4 * cotangent).sum()
    forward(*[x.copy() for x in xs])
    found = sum((t * g).sum() for t, g in zip(tangents, backward(cotangent.copy()), strict=True))
    return bool(np.isclose(found, expected, rtol=1e-5, atol=1e-5))


def chainer(forward: Forward, backward: Backward, xs: Arrays) -> bool:
    """Chainer 7, chainer/gradient_check.py: check_backward.

    One direction of length 1, no element of it small; eps = 1e-3, atol = 1e-5, rtol = 1e-4. The
    gradient of y is the caller's (normal here; one for a loss) and is copied for backward.
    Directions are random there: the seed is ours.
    """
    rng = np.random.RandomState(0)
    y = np.array(forward(*xs))
    gy = np.asarray(rng.standard_normal(y.shape)) if y.ndim else np.ones(())
    size = sum(x.size for x in xs)
    drawn = rng.normal(size=size)
    unit = np.copysign(np.sqrt(0.99 / (drawn**2).sum() * drawn**2 + 0.01 / size), drawn)
    parts = np.split(unit, np.cumsum([x.size for x in xs])[:-1])
    directions = [part.reshape(x.shape) for part, x in zip(parts, xs, strict=True)]
    found = sum((g * d).sum() for g, d in zip(backward(gy.copy()), directions, strict=True))
    minus, plus = (
        np.array(forward(*[x + delta * d for x, d in zip(xs, directions, strict=True)]))
        for delta in (-1e-3, 1e-3)
    )
    numeric = ((plus - minus) * gy).sum() / 2e-3
    return bool(np.isclose(numeric, found, rtol=1e-4, atol=1e-5))


CHECKERS = {
    "CS231n": cs231n,
    "DeZero": dezero,
    "torch (slow)": torch_slow,
    "JAX": jax,
    "Chainer": chainer,
}


def passes(checker: Callable, forward: Forward, backward: Backward, xs: Arrays) -> bool:
    """Return the verdict; an exception is seen by whoever runs the checker."""
    try:
        with np.errstate(all="ignore"):
            return checker(forward, backward, [x.copy() for x in xs])
    except Exception:
        return False


def differences(forward: Forward, xs: Arrays, x: np.ndarray, step: float) -> np.ndarray:
    """Return dy/dx by central differences: (size of y, size of x). x is changed in place."""
    columns = []
    for index in np.ndindex(x.shape):
        original = x[index]
        x[index] = original + step
        plus = np.array(forward(*xs))
        x[index] = original - step
        minus = np.array(forward(*xs))
        x[index] = original
        columns.append((plus - minus).reshape(-1) / (2 * step))
    return np.array(columns).T


def central(forward: Forward, xs: Arrays, x: np.ndarray, gy: np.ndarray, step: float) -> np.ndarray:
    """Return the gradient of sum(gy * y) by central differences."""
    return (gy.reshape(-1) @ differences(forward, xs, x, step)).reshape(x.shape)
