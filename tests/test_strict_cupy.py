"""The stand-in for CuPy refuses what CuPy refuses, and counts what makes a program wait."""

import inspect
import threading
import warnings

import numpy as np
import pytest
import strict_cupy
from strict_cupy import names, watch

HOST = np.arange(6, dtype="float32").reshape(2, 3)


@pytest.fixture
def cp():
    with strict_cupy.installed() as cupy:
        yield cupy


@pytest.fixture
def x(cp):
    return cp.asarray(HOST)


def test_it_computes_what_numpy_computes(cp, x):
    y = cp.exp(-((x - x.max(axis=1, keepdims=True)) ** 2)) @ x.T + 1
    expected = np.exp(-((HOST - HOST.max(axis=1, keepdims=True)) ** 2)) @ HOST.T + 1
    np.testing.assert_array_equal(y.get(), expected)
    y[0] = 5
    y -= 2
    assert y.sum().item() == (6 + (expected[1] - 2).sum())
    assert not isinstance(x, np.ndarray)


CROSSINGS = {
    "np.asarray": lambda x: np.asarray(x),
    "np.array of a list": lambda x: np.array([x[0]]),
    "a function of NumPy": lambda x: np.exp(x),
    "np.stack": lambda x: np.stack([x, x]),
    "np.zeros_like": lambda x: np.zeros_like(x),
    "np.pad": lambda x: np.pad(x, 1),
    "rows of np.eye": lambda x: np.eye(3)[x[0].astype("int64")],
    "assigning to a host array": lambda x: HOST.copy().__setitem__(..., x),
    "adding to a host array": lambda x: HOST.copy().__iadd__(x),
    "host + device": lambda x: HOST + x,
    "device + host": lambda x: x + np.zeros(3, "float32"),
    "device += host": lambda x: x.__iadd__(HOST),
    "device @ host": lambda x: x @ HOST.T,
    "device > host": lambda x: x > HOST,
    "a host value": lambda x: x.__setitem__(0, HOST[0]),
    "a host index": lambda x: x[np.array([0, 1])],
    "a host operand": lambda x: strict_cupy.cupy.maximum(x, HOST),
    "a host output": lambda x: strict_cupy.cupy.exp(x, out=np.empty_like(HOST)),
    "a host argument": lambda x: strict_cupy.cupy.where(HOST > 0, x, x),
    "a host array in a list": lambda x: strict_cupy.cupy.stack([x, HOST]),
    "an array of one number": lambda x: x + np.array(1.0),
}


@pytest.mark.parametrize("crossing", CROSSINGS)
def test_host_and_device_do_not_mix(x, crossing):
    with pytest.raises(TypeError, match=r"Implicit conversion|Unsupported type|unsupported operand|"
                       r"does not support ufuncs|not supported between"):  # fmt: skip
        CROSSINGS[crossing](x)


@pytest.mark.parametrize("scalar", [2, 2.0, np.float32(2), np.int64(2), True])
def test_scalars_travel_with_the_call(x, scalar):
    with watch() as seen:
        for y in (x * scalar, scalar * x):
            assert y.get().tolist() == (HOST * scalar).tolist()
    assert seen.uploads == []


@pytest.mark.parametrize(
    "call",
    [
        lambda cp, x: cp.errstate(all="ignore"),
        lambda cp, x: cp.block([[x, x]]),
        lambda cp, x: cp.random.Generator(cp.random.Philox4x3210(0)).normal(size=3),
        lambda cp, x: cp.random.default_rng(0).permutation(3),
        lambda cp, x: cp.maximum.reduce(x),
        lambda cp, x: x.flags.writeable,
        lambda cp, x: cp.linalg.norm(x),
    ],
)
def test_names_that_cupy_lacks(cp, x, call):
    with pytest.raises(AttributeError):
        call(cp, x)


@pytest.mark.parametrize(
    "call",
    [
        lambda cp, x: x.sum(where=x > 0),
        lambda cp, x: x.max(initial=0),
        lambda cp, x: cp.divide(x, x, where=x > 0),
        lambda cp, x: cp.lib.stride_tricks.as_strided(x, (2,), (4,), writeable=False),
        lambda cp, x: cp.asarray(x, like=x),
        lambda cp, x: cp.empty((2,), device="cpu"),
    ],
)
def test_arguments_that_cupy_lacks(cp, x, call):
    with pytest.raises(TypeError):
        call(cp, x)


WAITS = {
    "get": lambda x: x.get(),
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x[0, 0]),
    "bool": lambda x: bool(x.sum() > 1),
    "item": lambda x: x[0, 0].item(),
    "tolist": lambda x: x.tolist(),
    "format": lambda x: f"{x.sum():.3f}",
    "repr": lambda x: repr(x),
    "mask": lambda x: x[x > 2],
    "Device.synchronize": lambda x: x.device.synchronize(),
}


@pytest.mark.parametrize("what", WAITS)
def test_what_waits_is_counted_with_its_place(x, what):
    with watch() as seen:
        WAITS[what](x)
    assert seen.syncs == [strict_cupy.Event(what, "test_strict_cupy.py")]


def test_what_does_not_wait_is_not_counted(cp, x):
    with watch() as seen:
        y = cp.where(x > 2, x, -x)
        y[x > 3] = 0  # unlike reading at a mask, writing needs no size
        y.sum(axis=0), y.shape, len(y), x[0].argmax() + 1
        for row in y:
            row += 1
    assert seen.syncs == seen.uploads == []


def test_reductions_are_arrays_and_not_scalars(cp, x):
    assert all(isinstance(r, cp.ndarray) and r.shape == () for r in (x.sum(), x.max(), x[0, 0]))
    assert isinstance(cp.array_equal(x, x), cp.ndarray)


def test_new_memory_holds_nothing_to_rely_on(cp):
    assert np.isnan(cp.empty(3, "float32").get()).all()
    assert (cp.empty((2, 2), "int64").get() != 0).all()


def test_an_index_beyond_the_end_is_an_error(cp, x):
    """CuPy wraps it silently."""
    with pytest.raises(IndexError):
        x[:, cp.asarray(np.array([3]))]


def test_uploads_are_counted_and_pinned_memory_is_the_gpus_from_then_on(cp):
    import cupyx

    pinned = cupyx.empty_pinned((2, 3), "float32")
    pinned[...] = HOST
    with watch() as seen:
        cp.asarray(HOST)
        y = cp.asarray(pinned)
    assert [event.what for event in seen.uploads] == ["pageable", "pinned"]
    assert y.get().tolist() == HOST.tolist()
    with pytest.raises(ValueError, match="read-only"):
        pinned[0] = 1


def test_arrays_belong_to_the_device_that_was_current(cp):
    on_0 = cp.asarray(HOST)
    with cp.cuda.Device(1):
        on_1 = cp.zeros((2, 3), "float32")
        assert on_1.device == cp.cuda.Device(1) != on_0.device
        with pytest.raises(ValueError, match="cuda:0 was used on cuda:1"):
            on_1 + on_0
        found = []
        other = threading.Thread(target=lambda: found.append(cp.zeros(1).device.id))
        other.start()
        other.join()
    assert found == [0]  # a new thread begins on the first device
    with pytest.raises(ValueError, match="cuda:1 was used on cuda:0"):
        cp.exp(on_1)
    with pytest.raises(RuntimeError, match="invalid device"), cp.cuda.Device(2):
        pass


def test_a_machine_may_be_too_small():
    with strict_cupy.installed(largest=100) as cp:
        cp.empty(25, "float32")
        with pytest.raises(MemoryError, match="Out of memory"):
            cp.empty(26, "float32")


def test_it_is_there_only_while_installed():
    import sys

    before = sys.modules.get("cupy")
    with strict_cupy.installed() as cp:
        import cupy

        assert cupy is cp
    assert sys.modules.get("cupy") is before


def test_names_and_signatures_are_those_of_the_installed_cupy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cupy = pytest.importorskip("cupy", reason="pip install -e '.[gpucheck]' compares with CuPy")
    for name, signature in names.FUNCTIONS.items():
        function = cupy
        for part in name.split("."):
            function = getattr(function, part)
        assert parameters(inspect.signature(function)) == parameters(ours(signature)), name
    for name, signature in names.METHODS.items():
        first, *_ = getattr(cupy.ndarray, name).__doc__.splitlines()  # "ndarray.sum(self, axis=..."
        theirs = first.partition("(self")[2].rpartition(")")[0].removeprefix(", ")
        theirs = theirs.replace("Py_ssize_t ", "")
        assert parameters(ours(theirs)) == parameters(ours(signature)), name
    for name in (*names.UFUNCS, *names.REDUCING):
        assert isinstance(getattr(cupy, name), cupy.ufunc), name
    assert not [name for name in names.CONSTANTS if not hasattr(cupy, name)]


def ours(text: str) -> inspect.Signature:
    return inspect.signature(eval(f"lambda {text}: None"))


def parameters(signature: inspect.Signature) -> list:
    return [(p.name, p.kind) for p in signature.parameters.values()]
