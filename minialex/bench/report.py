"""What `minialex bench` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from minialex import tables
from minialex.bench import machine, timing, work
from minialex.bench.probe import Probe
from minialex.bench.scaling import Curve

NOTES = """\
Ratio: the median over the rounds of this time divided by minialex's in the same round, above 1
where minialex is faster. * marks the faster layout of a library. Operations are counted as a
direct convolution does them."""


def header(title: str, case: dict[str, Any], facts: dict[str, Any], rounds: int) -> None:
    """Print what every figure depends on."""
    hardware, count = facts["machine"], facts["threads"]
    print(f"{title}: x {tables.shape(case['x'])} {case['dtype']}, {count} threads")
    print(f"{hardware['processor']}, {hardware['cores']} cores; {', '.join(facts['blas'])}")
    print(", ".join(f"{name} {number}" for name, number in facts["versions"].items()))
    print(
        f"{rounds} rounds in turn; {timing.REST} s of rest before each contestant, because idle "
        "threads of\nthe one before go on spinning for a while"
    )
    for warning in facts["warnings"]:
        print(f"WARNING: {warning}")


def agreement(errors: Mapping[str, Mapping[str, float]]) -> None:
    """Print how far each contestant is from minialex."""
    for name, results in errors.items():
        worst = max(results, key=lambda result: results[result])
        print(f"{name} agrees; its largest relative error is {results[worst]:.1e}, of {worst}")


def timings(rows: Sequence[timing.Row], case: work.Case, sgemm: Mapping[str, float]) -> None:
    """Print a table for each phase, with its rate where operations or bytes limit it."""
    operations, moved, fastest = work.operations(case), work.bytes_moved(case), max(sgemm.values())
    for phase in case.phases:
        columns = [phase, ">median ms", ">min .. max", ">ratio"]
        if phase in operations:
            columns += [">GFLOP/s", ">of SGEMM"]
        elif phase in moved:
            columns += [">MB", ">GB/s"]
        print()
        tables.show(columns, [
            (
                row.contestant + " *" * row.best,
                f"{1e3 * row.median:.2f}",
                f"{1e3 * row.fastest:.2f} .. {1e3 * row.slowest:.2f}",
                f"{row.ratio:.2f}",
                *_rate(row, operations, moved, fastest),
            )
            for row in rows if row.phase == phase
        ])  # fmt: skip
    rates = ", ".join(f"{1e-9 * rate:,.0f} GFLOP/s {when}" for when, rate in sgemm.items())
    print(f"\nSGEMM of {tables.shape([machine.SGEMM_SIZE] * 3)}: {rates}.\n{NOTES}")


def _rate(
    row: timing.Row, operations: Mapping[str, int], moved: Mapping[str, int], fastest: float
) -> list[str]:
    if row.phase in operations:
        rate = operations[row.phase] / row.median
        return [f"{1e-9 * rate:,.1f}", tables.percent(rate / fastest)]
    if row.phase in moved:
        megabytes = moved[row.phase] / 1e6
        return [f"{megabytes:,.1f}", f"{1e-3 * megabytes / row.median:,.1f}"]
    return []


def memory(peaks: Mapping[str, int], ours: int) -> None:
    """Print the peak of each contestant and our share of it."""
    print()
    rows = [(n, f"{p / 1e6:,.1f}", f"{ours / p:.2f}" if p else "-") for n, p in peaks.items()]
    tables.show(("peak memory of a step above that after import", ">MB", ">ours / this"), rows)


def startup(probes: Mapping[str, Probe]) -> None:
    """Print how long a second start takes."""
    print()
    rows = [
        (name, f"{p.import_seconds:.2f}", f"{p.step_seconds:.2f}",
         f"{p.import_seconds + p.step_seconds:.2f}")
        for name, p in probes.items()
    ]  # fmt: skip
    tables.show(("second start on this machine", ">import s", ">first step s", ">sum s"), rows)


def scaling(curves: Sequence[Curve]) -> None:
    """Print a table for each axis: ms at its points, and the exponent of the fitted power."""
    for axis in dict.fromkeys(curve.axis for curve in curves):
        mine = [curve for curve in curves if curve.axis == axis]
        columns = [f"ms by {axis}", *(f">{value}" for value in mine[0].values), ">exponent"]
        print()
        tables.show(columns, [
            (
                f"{curve.contestant}, {curve.phase}",
                *(f"{1e3 * seconds:.2f}" for seconds in curve.seconds),
                "-" if curve.exponent is None else f"{curve.exponent:.2f}",
            )
            for curve in mine
        ])  # fmt: skip
