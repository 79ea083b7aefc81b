"""The command that checks gradients: of layers by name, and of whole models."""

import sys
from typing import Literal

from minialex import tables
from minialex.errors import InputError

WRONG = 1  # exit code
BATCH = 2
MAX_SEED = 2**32  # of NumPy's global generator
PROPERTIES = (
    ("gradient", "of x and every parameter, at the given geometry and at others around it"),
    ("ties", "where a maximum is shared, it is not handed out twice"),
    ("missing", "there is a gradient of every input and parameter"),
    ("shape, dtype, device", "those of the array that a gradient is of; float32 stays float32"),
    ("not finite", "no NaN and no infinity"),
    ("random", "two forwards agree once the generator is set back"),
    ("changes its input", "x, gy and the parameters stay as they are"),
    ("not repeatable", "backward twice gives the same"),
    ("not linear", "backward of 0 is 0, and of -1024 gy is -1024 times that of gy"),
    ("not contiguous", "a gy with gaps in memory, or in another order, gives the same"),
    ("raises", "backward takes every geometry that forward takes"),
)


def gradcheck(
    layers: tuple[str, ...] = (),
    /,
    *,
    model: str | None = None,
    seed: int = 0,
    mode: Literal["auto", "complex", "central"] = "auto",
    geometry: Literal["vary", "as given"] = "vary",
    cases: int = 1,
    batch: int = BATCH,
    list: bool = False,
) -> None:
    """Check gradients: of your own layers by name, or of a model's parameters.

    A class declares how it is made and fed: gradcheck_example = dict(args=(3, 8, 3), x=(2, 7, 5,
    3)). Exit code 0: right, 1: wrong, 2: it cannot be checked.

    Parameters
    ----------
    layers
        mypkg.mymod:MyConv, or a pair of functions, mypkg.mymod:forward,backward.
    model
        Check this one, parameter by parameter.
    seed
        Decides inputs, parameters and gy.
    mode
        The complex step, or central differences. Default: the first where the layer allows it.
    geometry
        Whether to check shapes, strides, padding and kernels around the example as well.
    cases
        Check a layer with so many seeds, beginning with --seed.
    batch
        Images for a model.
    list
        List what can be checked.
    """
    if sum((bool(layers), model is not None, list)) != 1:
        raise InputError("gradcheck: give layers (mypkg.mymod:MyConv), or --model, or --list")
    if min(cases, batch) < 1:
        raise InputError(f"gradcheck: --cases {cases} --batch {batch}: at least 1 each")
    if not 0 <= seed <= MAX_SEED - cases:
        raise InputError(f"gradcheck: --seed {seed} is not between 0 and {MAX_SEED - cases}")
    unused = {"--mode": mode != "auto", "--geometry": geometry != "vary", "--cases": cases > 1}
    if not layers and any(unused.values()):
        flags = ", ".join(flag for flag, given in unused.items() if given)
        raise InputError(f"gradcheck: {flags}: of layers that are named, not of --model or --list")
    if batch != BATCH and model is None:
        raise InputError("gradcheck: --batch is of a --model; a layer's example has its own")
    if list:
        _list()
        return
    if model is not None:
        right = _model(model, batch, seed)
    else:
        if "" not in sys.path:
            sys.path.insert(0, "")  # the current folder, as for `python -m`
        verdicts = [_layer(name, seed, mode, geometry, cases) for name in layers]
        right = all(verdicts)
    if not right:
        raise SystemExit(WRONG)


def _layer(name: str, seed: int, mode: str, geometry: str, cases: int) -> bool:
    """Check one layer with several seeds until one fails; print the report."""
    from minialex.gradcheck.names import described, place_of
    from minialex.gradcheck.target import load, seeded

    for case in range(cases):
        try:
            with seeded(seed + case):
                report = load(name, seed + case).check(mode, geometry, raises=False)
        except InputError:
            raise
        except (Exception, SystemExit) as error:
            if not place_of(error):
                raise  # a defect of ours
            print(f"RAISES  {name}   {described(error)}")
            return False
        if not report.ok:
            break
    print(report)
    if report.ok and cases > 1:
        print(f" seeds     {seed} to {seed + cases - 1}, each as above")
    return report.ok


def _model(name: str, batch: int, seed: int) -> bool:
    """Check the parameters of a model, in float64; print a table and what is wrong."""
    import numpy as np

    from minialex.gradcheck import check_network
    from minialex.models import build

    network = build(name, seed=seed, dtype="float64")
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, *network.input_shape))
    classes = network.output_shape[0] if len(network.output_shape) == 1 else None
    labels = None if classes is None else rng.integers(classes, size=batch)
    report = check_network(network, x, labels, seed=seed, raises=False)
    kinds = {layer.name: layer.kind for layer in network.layers}
    rows = [
        (
            row.name.removeprefix("g"),
            kinds[row.name.removeprefix("g").split(".")[0]],
            row.size,
            row.mode,
            f"{row.error:.0e}",
            f"{row.wrong} wrong" if row.wrong else "ok",
        )
        for row in report.checked
    ]
    tables.show(("gradient of", "kind", ">entries", "by", ">relative error", "verdict"), rows)
    print(report)
    return report.ok


def _list() -> None:
    from minialex import layers
    from minialex.models import MODELS

    rows = [_listed(getattr(layers, name)) for name in sorted(layers.__all__)]
    tables.show(("layer", "made as", "x"), rows)
    tables.show(("--model", "source"), [(name, model.source) for name, model in MODELS.items()])
    tables.show(("checked", "what must hold"), PROPERTIES)


def _listed(layer: type) -> tuple[str, str, str]:
    """Return a layer's name, how its example makes it, and of which shape its input is."""
    from minialex.gradcheck.target import SHAPES

    example = getattr(layer, "gradcheck_example", {})
    arguments = [repr(value) for value in example.get("args", ())]
    arguments += [f"{key}={value!r}" for key, value in example.get("kwargs", {}).items()]
    made = f"{layer.__name__}({', '.join(arguments)})"
    labels = f", labels below {example['labels']}" if "labels" in example else ""
    return f"minialex.layers:{layer.__name__}", made, f"{example.get('x', SHAPES[0])}{labels}"
