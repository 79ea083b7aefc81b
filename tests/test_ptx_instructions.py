"""Every instruction of the emulator computes what the PTX ISA says.

The oracles are Python's whole numbers, fractions and `math`: none of them is NumPy. A wrong entry
in the emulator's tables would make the proof of the CUDA kernels worthless.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptx.faults import DivisionByZero, Float64, UnknownInstruction
from ptx.rounding import RELATIVE_ERROR
from ptx.snippets import apply

NAN, INF, LARGEST = math.nan, math.inf, float(np.finfo(np.float32).max)
FLOATS = [0.0, -0.0, 1.0, -1.5, 3e-39, -1e-45, 1e-30, 0.1, -7.25, 2.0**30, 3.4e38, INF, -INF, NAN]
SIGNED, UNSIGNED = ("s16", "s32", "s64"), ("u16", "u32", "u64")


def dtype_of(kind: str) -> np.dtype:
    return np.dtype(f"{kind[0].replace('s', 'i').replace('b', 'u')}{int(kind[1:]) // 8}")


def edges(kind: str) -> np.ndarray:
    """Return numbers of a type at which arithmetic goes wrong, and a few others."""
    dtype = dtype_of(kind)
    if dtype.kind == "f":
        return np.array(FLOATS, dtype)
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    middle = high // 3
    some = {low, low + 1, -7, -2, -1, 0, 1, 2, 3, 7, 100, middle, 2 * middle + 1, high - 1, high}
    return np.array(sorted(n for n in some if low <= n <= high), dtype)


def every(*columns: np.ndarray) -> list[np.ndarray]:
    """Return all combinations, as one array for each operand."""
    rows = list(itertools.product(*[column.tolist() for column in columns]))
    return [
        np.array(column, c.dtype)
        for column, c in zip(zip(*rows, strict=True), columns, strict=True)
    ]


def wrapped(value: int, dtype: np.dtype) -> int:
    """Return a whole number as so many bits hold it."""
    width = 8 * dtype.itemsize
    value %= 1 << width
    return value - (1 << width) if dtype.kind == "i" and value >> (width - 1) else value


def nearest(exact: Fraction) -> np.float32:
    """Return the float32 next to a fraction; of two, the one whose last bit is 0."""
    if abs(exact) >= 2**128 - 2**103:  # half a unit above the largest
        return np.float32(math.copysign(INF, exact))
    guess = np.float32(min(max(float(exact), -LARGEST), LARGEST))
    around = [guess, np.nextafter(guess, np.float32(INF)), np.nextafter(guess, np.float32(-INF))]
    finite = [f for f in around if np.isfinite(f)]
    return min(finite, key=lambda f: (abs(Fraction(float(f)) - exact), f.view(np.uint32) & 1))


def each(function, *arrays: np.ndarray) -> list:
    """Return a function of Python's numbers for every entry."""
    return [function(*numbers) for numbers in zip(*map(np.ndarray.tolist, arrays), strict=True)]


def truncated(a: int, b: int) -> int:
    return int(Fraction(a, b))


INTEGER = {
    "add": lambda a, b, w: a + b,
    "sub": lambda a, b, w: a - b,
    "mul.lo": lambda a, b, w: a * b,
    "mul.hi": lambda a, b, w: (a * b) >> w,
    "min": lambda a, b, w: min(a, b),
    "max": lambda a, b, w: max(a, b),
    "div": lambda a, b, w: truncated(a, b),
    "rem": lambda a, b, w: a - truncated(a, b) * b,
}


@pytest.mark.parametrize("kind", SIGNED + UNSIGNED)
@pytest.mark.parametrize("name", INTEGER)
def test_whole_numbers(name, kind):
    a, b = every(edges(kind), edges(kind))
    if name in ("div", "rem"):
        a, b = a[b != 0], b[b != 0]
    found = apply(f"{name}.{kind} {{d}}, {{a}}, {{b}}", a.dtype, a, b)
    width = 8 * a.itemsize
    oracle = INTEGER[name]
    assert found.tolist() == each(lambda x, y: wrapped(oracle(x, y, width), a.dtype), a, b)


@pytest.mark.parametrize("kind", ["s16", "u16", "s32", "u32"])
def test_products_in_twice_the_width(kind):
    wide = np.dtype(f"{dtype_of(kind).kind}{2 * dtype_of(kind).itemsize}")
    a, b, c = every(edges(kind), edges(kind), np.array([0, 1, np.iinfo(wide).max], wide))
    product = apply(f"mul.wide.{kind} {{d}}, {{a}}, {{b}}", wide, a, b)
    assert product.tolist() == each(lambda x, y: wrapped(x * y, wide), a, b)
    total = apply(f"mad.wide.{kind} {{d}}, {{a}}, {{b}}, {{c}}", wide, a, b, c)
    assert total.tolist() == each(lambda x, y, z: wrapped(x * y + z, wide), a, b, c)


@pytest.mark.parametrize("kind", SIGNED + UNSIGNED)
def test_multiply_add_of_whole_numbers(kind):
    a, b, c = every(edges(kind), edges(kind), edges(kind)[::4])
    found = apply(f"mad.lo.{kind} {{d}}, {{a}}, {{b}}, {{c}}", a.dtype, a, b, c)
    assert found.tolist() == each(lambda x, y, z: wrapped(x * y + z, a.dtype), a, b, c)


@pytest.mark.parametrize("kind", ["s32", "u32", "s64", "u64"])
def test_shifts(kind):
    a, by = every(edges(kind), np.array([0, 1, 5, 31, 32, 33, 63, 64, 65, 2**32 - 1], np.uint32))
    right = apply(f"shr.{kind} {{d}}, {{a}}, {{b}}", a.dtype, a, by)
    assert right.tolist() == each(lambda x, n: x >> min(n, 99), a, by)
    left = apply(f"shl.b{kind[1:]} {{d}}, {{a}}, {{b}}", a.dtype, a, by)
    assert left.tolist() == each(lambda x, n: wrapped(x << min(n, 99), a.dtype), a, by)


@pytest.mark.parametrize("kind", ["b16", "b32", "b64"])
def test_bits(kind):
    a, b = every(edges(kind), edges(kind))
    for name, oracle in {"and": int.__and__, "or": int.__or__, "xor": int.__xor__}.items():
        found = apply(f"{name}.{kind} {{d}}, {{a}}, {{b}}", a.dtype, a, b)
        assert found.tolist() == each(oracle, a, b)
    found = apply(f"not.{kind} {{d}}, {{a}}", a.dtype, a)
    assert found.tolist() == each(lambda x: wrapped(~x, a.dtype), a)


@pytest.mark.parametrize("kind", ["s32", "u32", "s64", "u64"])
def test_fields_of_bits(kind):
    width, dtype = int(kind[1:]), dtype_of(kind)
    places = np.array([0, 1, 5, 31, 32, 40, 63, 64], np.uint32)
    a, first, count = every(edges(kind), places, places)

    def extracted(x: int, at: int, count: int) -> int:
        """As the ISA has it, bit by bit."""
        last = min(at + count - 1, width - 1)
        sign = x >> last & 1 if kind[0] == "s" and count else 0
        bits = [x >> at + i & 1 if i < count and at + i < width else sign for i in range(width)]
        return wrapped(sum(bit << i for i, bit in enumerate(bits)), dtype)

    found = apply(f"bfe.{kind} {{d}}, {{a}}, {{b}}, {{c}}", dtype, a, first, count)
    assert found.tolist() == each(extracted, a, first, count)
    if kind[0] == "u":
        found = apply(f"bfi.b{width} {{d}}, {{a}}, 12345, {{b}}, {{c}}", dtype, a, first, count)

        def inserted(x: int, at: int, count: int) -> int:
            mask = ((1 << count) - 1 << at) % (1 << width)
            return 12345 & ~mask | x << at & mask

        assert found.tolist() == each(inserted, a, first, count)


@pytest.mark.parametrize("kind", SIGNED)
def test_signs(kind):
    a = edges(kind)
    for name, oracle in {"neg": lambda x: -x, "abs": abs}.items():
        found = apply(f"{name}.{kind} {{d}}, {{a}}", a.dtype, a)
        assert found.tolist() == [wrapped(oracle(x), a.dtype) for x in a.tolist()]


def test_predicates():
    a, b = every(np.array([False, True]), np.array([False, True]))
    for name, expected in {"and": a & b, "or": a | b, "xor": a != b}.items():
        assert (apply(f"{name}.pred {{d}}, {{a}}, {{b}}", "?", a, b) == expected).all()
    assert (apply("not.pred {d}, {a}", "?", a) == ~a).all()


def test_division_by_zero_names_the_thread():
    a = np.array([1, 2, 3], np.int32)
    with pytest.raises(DivisionByZero, match=r"thread \(1, 0, 0\).*\n.*rem.s32"):
        apply("rem.s32 {d}, {a}, {b}", "i4", a, np.array([1, 0, 0], np.int32))


ORDER = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
LOWER = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}


@pytest.mark.parametrize("kind", ["s32", "u32", "s64", "u64", "s16"])
@pytest.mark.parametrize("name", [*ORDER, *LOWER])
def test_comparisons(name, kind):
    if name in LOWER and kind[0] == "s":
        return
    a, b = every(edges(kind), edges(kind))
    oracle = ORDER[LOWER.get(name, name)]
    found = apply(f"setp.{name}.{kind} {{d}}, {{a}}, {{b}}", "?", a, b)
    assert found.tolist() == each(oracle, a, b)


@pytest.mark.parametrize("name", [*ORDER, *(f"{name}u" for name in ORDER), "num", "nan"])
def test_comparisons_of_floats(name):
    a, b = every(edges("f32"), edges("f32"))
    found = apply(f"setp.{name}.f32 {{d}}, {{a}}, {{b}}", "?", a, b)
    for x, y, result in zip(a.tolist(), b.tolist(), found.tolist(), strict=True):
        unordered = math.isnan(x) or math.isnan(y)
        if name in ("num", "nan"):
            assert result == (unordered == (name == "nan"))
        elif unordered:
            assert result == name.endswith("u"), "equ and its kin are true of NaN, the others false"
        else:
            assert result == ORDER[name[:2]](x, y)


def test_comparisons_joined_with_a_predicate():
    a, b, c = every(np.array([1, 2], np.int32), np.array([1, 2], np.int32), np.array([False, True]))
    for word, oracle in {"and": lambda p, q: p and q, "or": lambda p, q: p or q}.items():
        found = apply(f"setp.lt.{word}.s32 {{d}}, {{a}}, {{b}}, {{c}}", "?", a, b, c)
        assert found.tolist() == each(lambda x, y, z: oracle(x < y, z), a, b, c)  # noqa: B023


def test_selection():
    a, b, c = every(np.array([1.5, 2.5], "f4"), np.array([-1.0], "f4"), np.array([False, True]))
    assert (apply("selp.f32 {d}, {a}, {b}, {c}", "f4", a, b, c) == np.where(c, a, b)).all()


def same(found: np.ndarray, expected: list[float]) -> None:
    """Assert equality bit by bit, NaN being NaN."""
    expected = np.array(expected, found.dtype)
    np.testing.assert_array_equal(found, expected)
    assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()


def exactly(function, *values: float) -> np.float32:
    """Return the float32 nearest to a function of fractions, or its special value."""
    with np.errstate(all="ignore"):
        plain = function(*[np.float64(v) for v in values])
    special = not np.isfinite(plain) or plain == 0
    return np.float32(plain) if special else nearest(function(*[Fraction(v) for v in values]))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div.rn"])
def test_floats_round_to_nearest(name):
    function = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div.rn": lambda a, b: a / b,
    }[name]
    rng = np.random.default_rng(0)
    some = np.concatenate([edges("f32"), rng.standard_normal(20).astype("f4")])
    a, b = every(some, some)
    found = apply(f"{name}.f32 {{d}}, {{a}}, {{b}}", "f4", a, b)
    same(found, each(lambda x, y: exactly(function, x, y), a, b))


@given(seed=st.integers(0, 2**32 - 1))
def test_fused_multiply_add_rounds_once(seed):
    """Near the middle of two float32, where a float64 sum rounded again goes the wrong way."""
    rng = np.random.default_rng(seed)
    a, b = (1 + rng.integers(0, 2**12, (2, 100)) / 2**12).astype("f4")  # a * b: 24 bits or one more
    c = rng.choice([0, 1, -1, 2**-60, -(2**-60), 2**-24, 1e-30], 100) * rng.choice([1, 2**-24], 100)
    b, c = b * np.float32(2.0 ** rng.integers(-3, 4)), c.astype("f4")
    exact = [
        Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        for x, y, z in zip(a, b, c, strict=True)
    ]
    found = apply("fma.rn.f32 {d}, {a}, {b}, {c}", "f4", a, b, c)
    same(found, [nearest(value) for value in exact])
    down = apply("fma.rm.f32 {d}, {a}, {b}, {c}", "f4", a, b, c)
    for value, result in zip(exact, down, strict=True):
        above = np.nextafter(result, np.float32(INF))
        assert Fraction(float(result)) <= value < Fraction(float(above))


def test_fused_multiply_add_of_special_values():
    a, b, c = every(edges("f32"), edges("f32"), edges("f32")[::3])
    found = apply("fma.rn.f32 {d}, {a}, {b}, {c}", "f4", a, b, c)
    expected = each(lambda *three: exactly(lambda x, y, z: x * y + z, *three), a, b, c)
    np.testing.assert_array_equal(found, expected)


def test_the_smaller_and_the_larger():
    a, b = every(edges("f32"), edges("f32"))
    a, b = a[(a != 0) | (b != 0)], b[(a != 0) | (b != 0)]  # of +0 and -0 either will do
    for name, oracle in {"min": min, "max": max}.items():

        def expected(x: float, y: float, alone: bool) -> float:
            """alone: of a number and a NaN, the number."""
            if math.isnan(x) or math.isnan(y):
                return (y if math.isnan(x) else x) if alone else NAN
            return oracle(x, y)  # noqa: B023

        found = apply(f"{name}.f32 {{d}}, {{a}}, {{b}}", "f4", a, b)
        same(found, each(lambda x, y: expected(x, y, alone=True), a, b))
        found = apply(f"{name}.NaN.f32 {{d}}, {{a}}, {{b}}", "f4", a, b)
        same(found, each(lambda x, y: expected(x, y, alone=False), a, b))


def test_functions_of_one_float():
    a = edges("f32")
    same(apply("neg.f32 {d}, {a}", "f4", a), [-x for x in a.tolist()])
    same(apply("abs.f32 {d}, {a}", "f4", a), [abs(x) for x in a.tolist()])
    roots = apply("sqrt.rn.f32 {d}, {a}", "f4", a)
    for x, root in zip(a.tolist(), roots.tolist(), strict=True):
        if not x >= 0 or x in (0, INF):
            same(np.array([root], "f4"), [x if x == 0 or x == INF else NAN])
        else:  # of all float32, the one whose square is next
            around = [np.nextafter(np.float32(root), np.float32(end)) for end in (-INF, INF)]
            errors = [abs(Fraction(float(r)) - Fraction(math.sqrt(x))) for r in (root, *around)]
            assert min(errors) == errors[0]
    reciprocals = [exactly(lambda y: 1 / y, x) for x in a.tolist() if x]
    same(apply("rcp.rn.f32 {d}, {a}", "f4", a[a != 0]), reciprocals)


APPROXIMATE = {
    "rsqrt.approx": ("rsqrt", lambda x: 1 / math.sqrt(x), (1e-30, 1e30)),
    "sqrt.approx": ("sqrt", math.sqrt, (1e-30, 1e30)),
    "rcp.approx": ("rcp", lambda x: 1 / x, (1e-30, 1e30)),
    "ex2.approx": ("ex2", lambda x: 2**x, (-100, 100)),
    "lg2.approx": ("lg2", math.log2, (1e-30, 1e30)),
}


@pytest.mark.parametrize("name", APPROXIMATE)
@pytest.mark.parametrize("ftz", ["", ".ftz"])
def test_fast_functions_are_as_wrong_as_the_isa_allows(name, ftz, rng):
    kind, oracle, (low, high) = APPROXIMATE[name]
    a = rng.uniform(low, high, 500)
    if low > 0:
        a = np.exp(rng.uniform(np.log(low), np.log(high), 500))
    a = a.astype("f4")
    found = apply(f"{name}{ftz}.f32 {{d}}, {{a}}", "f4", a).astype("f8")
    exact = np.array([oracle(x) for x in a.tolist()])
    size = np.where((kind == "lg2") & (a > 0.5) & (a < 2), 1, np.abs(exact))
    errors = (found - exact) / size
    bound = RELATIVE_ERROR[kind]
    assert np.abs(errors).max() <= bound + 2**-24, "the last rounding adds half a unit"
    assert errors.max() > bound / 2, "a kernel that needs an exact result must fail"
    assert errors.min() < -bound / 2


def test_fast_division(rng):
    a, b = rng.standard_normal((2, 500)).astype("f4")
    for name in ("div.approx", "div.full"):
        found = apply(f"{name}.f32 {{d}}, {{a}}, {{b}}", "f4", a, b)
        errors = found / (a.astype("f8") / b) - 1
        assert 2**-23 < np.abs(errors).max() <= 2**-22 + 2**-24
    large = np.array([2.0**127, -(2.0**127)], "f4")
    same(apply("div.approx.f32 {d}, {a}, {b}", "f4", large, large), [0.0, 0.0])
    same(apply("div.full.f32 {d}, {a}, {b}", "f4", large, large).round(3), [1.0, 1.0])


def test_special_values_of_fast_functions():
    a = np.array([0.0, -0.0, INF, NAN, -1.0], "f4")
    with np.errstate(all="ignore"):
        expected = {
            "rsqrt": [INF, -INF, 0.0, NAN, NAN],
            "sqrt": [0.0, -0.0, INF, NAN, NAN],
            "lg2": [-INF, -INF, INF, NAN, NAN],
        }
    for name, values in expected.items():
        same(apply(f"{name}.approx.f32 {{d}}, {{a}}", "f4", a), values)
    same(apply("ex2.approx.f32 {d}, {a}", "f4", np.array([INF, -INF, NAN], "f4")), [INF, 0.0, NAN])


def test_subnormal_numbers_are_flushed_where_asked():
    small = np.array([1e-40, -1e-40, 1e-30], "f4")
    same(apply("add.f32 {d}, {a}, {b}", "f4", small, small), (small + small).tolist())
    same(apply("add.ftz.f32 {d}, {a}, {b}", "f4", small, small), [0.0, -0.0, 2 * small[2]])
    large = np.array([1e10], "f4")
    same(apply("mul.ftz.f32 {d}, {a}, {b}", "f4", small[:1], large), [0.0])  # 1e-30 otherwise
    tiny = np.array([1e-20], "f4")
    same(apply("mul.ftz.f32 {d}, {a}, {b}", "f4", tiny, tiny), [0.0])
    assert apply("setp.gt.ftz.f32 {d}, {a}, {b}", "?", small, np.zeros(3, "f4")).tolist() == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("target", ["s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"])
@pytest.mark.parametrize("source", ["s16", "u16", "s32", "u32", "s64", "u64"])
def test_conversions_of_whole_numbers(source, target):
    a = edges(source)
    found = apply(f"cvt.{target}.{source} {{d}}, {{a}}", dtype_of(target), a)
    assert found.tolist() == [wrapped(x, dtype_of(target)) for x in a.tolist()]


@pytest.mark.parametrize("target", ["s32", "u32", "s64", "u64", "s16"])
@pytest.mark.parametrize("rounding", ["rni", "rzi", "rmi", "rpi"])
def test_conversions_from_floats(rounding, target):
    a = np.concatenate(
        [
            edges("f32"),
            np.array([0.5, 1.5, 2.5, -0.5, 2.7, -2.7, 1e10, -1e10, 2**31, 2**63, 2**64], "f4"),
        ]
    )
    oracle = {"rni": round, "rzi": math.trunc, "rmi": math.floor, "rpi": math.ceil}[rounding]
    limits = np.iinfo(dtype_of(target))

    def expected(x: float) -> int:
        if math.isnan(x):
            return wrapped(1 << 63, dtype_of(target)) if target[1:] == "64" else 0
        whole = oracle(x) if math.isfinite(x) else x
        return int(min(max(whole, limits.min), limits.max))

    found = apply(f"cvt.{rounding}.{target}.f32 {{d}}, {{a}}", dtype_of(target), a)
    assert found.tolist() == [expected(x) for x in a.tolist()]


def test_conversions_to_floats():
    for source in ("s16", "u16", "s32", "u32", "s64", "u64"):
        a = edges(source)
        found = apply(f"cvt.rn.f32.{source} {{d}}, {{a}}", "f4", a)
        assert found.tolist() == [float(nearest(Fraction(x))) for x in a.tolist()]


def test_floats_to_whole_floats_and_to_shares():
    a = np.array([0.5, 1.5, -0.5, -2.7, 2.7, 0.3, INF, NAN], "f4")
    for rounding, oracle in {
        "rni": round,
        "rzi": math.trunc,
        "rmi": math.floor,
        "rpi": math.ceil,
    }.items():
        found = apply(f"cvt.{rounding}.f32.f32 {{d}}, {{a}}", "f4", a)
        np.testing.assert_array_equal(
            found, [oracle(x) if math.isfinite(x) else x for x in a.tolist()]
        )
    shares = apply("cvt.sat.f32.f32 {d}, {a}", "f4", a)
    same(shares, [0.5, 1.0, 0.0, 0.0, 1.0, 0.3, 1.0, 0.0])


def test_registers_are_bits():
    """A float in a register for whole numbers keeps its bits; parts join and split."""
    a = np.array([1.0, -0.1], "f4")
    assert (apply("mov.b32 {d}, {a}", "u4", a) == a.view("u4")).all()
    low, high = np.array([1, 2**32 - 1], "u4"), np.array([2**31, 7], "u4")
    joined = apply("mov.b64 {d}, {{{a}, {b}}}", "u8", low, high)
    assert (joined == low + high.astype("u8") * 2**32).all()
    assert (apply("mov.b64 {{%r7, {d}}}, {a}", "u4", joined) == high).all()


@pytest.mark.parametrize(
    "text",
    [
        "tex.2d.v4.f32 {d}, {a}",  # unknown
        "add.sat.f32 {d}, {a}, {b}",  # unknown form of a known one
        "add.rz.f32 {d}, {a}, {b}",
        "cvt.rna.tf32.f32 {d}, {a}",
        "setp.lt.nor.f32 {d}, {a}, {b}",
        "ld.f32 {d}, [%rd9]",  # no state space
        "ld.global.v2.f32 {d}, [%rd9]",
        "atom.global.add.f32 {d}, [%rd9], {a}",
        "add.f32 {d}, {a}, %f77",  # no such register
        "bra NOWHERE",
        "bar.sync 1",
    ],
)  # fmt: skip
def test_what_is_not_emulated_is_refused_by_name(text):
    """Also behind a jump: otherwise a program would pass because it stopped early."""
    a = np.ones(3, "f4")
    name = text.split()[0].replace(".", r"\.")
    with pytest.raises(UnknownInstruction, match=rf"not emulated\n.*PTX line \d+: {name}"):
        apply(f"@%p0 bra END;\n{text};\nEND:\nmov.f32 {{d}}, {{a}};", "f4", a, a)


def test_float64_is_refused_unless_allowed():
    a = np.array([1.0, 0.1], "f4")
    text = (
        "cvt.f64.f32 %fd1, {a};\nmul.f64 %fd1, %fd1, 0d3FB999999999999A;\ncvt.rn.f32.f64 {d}, %fd1;"
    )
    with pytest.raises(Float64, match=r"PTX line \d+: cvt\.f64\.f32"):
        apply(text, "f4", a)
    found = apply(text, "f4", a, allow_float64=True)
    assert (found == (a.astype("f8") * 0.1).astype("f4")).all()
