"""The command line of `minialex bench`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minialex import backend, threads
from minialex.bench import agreement, machine, peers, probe, report, scaling, timing, work
from minialex.errors import InputError
from minialex.models import MODELS

ROUNDS, QUICK_ROUNDS = 11, 3
BATCH, QUICK_BATCH = 128, 16


def run(arguments: Sequence[str]) -> int:
    """Run the benchmark and return 0, or 2 with a message where the input was wrong."""
    flags = _parser().parse_args(arguments)
    try:
        with threads.use(flags.threads):
            document = bench(flags)
            if flags.json:
                flags.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
                print(f"\nwrote {flags.json}")
    except InputError as error:
        print(f"minialex: error: {error}", file=sys.stderr)
        return 2
    return 0


def bench(flags: argparse.Namespace) -> dict[str, Any]:
    """Check, time and print what is asked for; return it all as JSON takes it."""
    if flags.json and not flags.json.parent.is_dir():
        raise InputError(f"--json: there is no folder {flags.json.parent}")
    if flags.json and flags.json.is_dir():
        raise InputError(f"--json: {flags.json} is a folder: name a file in it")
    rounds = flags.rounds or (QUICK_ROUNDS if flags.quick else ROUNDS)
    if flags.sass and flags.device != "none":
        raise InputError("--sass reads machine code, and times nothing: use it with --device none")
    if flags.device != "cpu":
        return _for_gpus(flags, rounds)
    request, names = _request(flags), peers.names(flags.peers)
    if "image" in (flags.scaling or ()) and "image" not in scaling.applicable(request):
        raise InputError(f"--scaling image: {request.title} takes no pictures")
    case = work.make(request)
    contestants = peers.enter(names, case)
    document: dict[str, Any] = {
        "request": asdict(request),
        "case": work.describe(case),
        "machine": machine.describe(names),
    }
    report.header(request.title, document["case"], document["machine"], rounds)
    errors = document["relative errors"] = agreement.check(contestants)
    report.agreement(errors)
    sgemm = {"before": machine.sgemm()}
    rows = timing.rows(timing.measure(contestants, case.phases, rounds))
    sgemm["after"] = machine.sgemm()
    report.timings(rows, case, sgemm)
    document["operations"], document["bytes"] = work.operations(case), work.bytes_moved(case)
    document["sgemm operations a second"] = sgemm
    document["rows"] = [asdict(row) for row in rows]
    del case, contestants  # their memory, before other processes need it
    if flags.memory:
        peaks = document["peak bytes"] = probe.memory(names, request)
        report.memory(peaks, peaks[timing.OURS])
    if flags.startup:
        starts = probe.startup(names, request)
        report.startup(starts)
        document["second start"] = {name: asdict(start) for name, start in starts.items()}
    if flags.scaling is not None:
        curves = scaling.measure(flags.scaling, names, request, rounds)
        report.scaling(curves)
        document["scaling"] = [asdict(curve) for curve in curves]
    return document


def _for_gpus(flags: argparse.Namespace, rounds: int) -> dict[str, Any]:
    """Do what concerns GPUs: --device none or cuda."""
    for flag in ("peers", "memory", "startup", "scaling"):
        if getattr(flags, flag) not in (None, False):
            raise InputError(f"--{flag} is for --device cpu: leave it out with {flags.device}")
    if flags.device == "none":
        if not flags.sass:
            raise InputError("--device none times nothing: add --sass to see the machine code")
        from minialex.bench import sass

        return {"sass": sass.report()}
    backend.device(flags.device)  # before PyTorch is imported
    from minialex.bench import gpu

    return gpu.report(flags.device, _request(flags), rounds)


def _request(flags: argparse.Namespace) -> work.Request:
    if flags.shape and not flags.layer:
        raise InputError("--shape is that of a single layer's input: name the layer with --layer")
    if flags.shape and (flags.batch or flags.image_size):
        raise InputError("--shape says batch and size already: leave out --batch and --image-size")
    batch, *shape = flags.shape or [flags.batch or (QUICK_BATCH if flags.quick else BATCH)]
    return work.Request(
        flags.model, batch, flags.image_size, not flags.no_lrn, flags.layer, tuple(shape) or None
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "minialex bench",
        description="Time a network, or one of its layers, beside other libraries: the same "
        "weights on the same batch, in alternating rounds.",
    )
    add = parser.add_argument
    add("--model", default="alexnet-cifar", help=f"one of {', '.join(MODELS)}")
    add("--batch", type=_positive, help=f"pictures a step (default {BATCH})")
    add("--image-size", type=_positive, help="height and width (default: the model's)")
    add("--no-lrn", action="store_true", help="leave out the LRN layers")
    add("--layer", help="time one layer alone: its name (conv2) or kind (lrn, pool)")
    add("--shape", type=_shape, help="N,H,W,C of the layer's input (default: as in the model)")
    add("--peers", type=_names, help=f"{','.join(peers.PEERS)} or none (default: torch, if there)")
    add("--device", default="cpu", help="cpu, cuda, cuda:1, or none (with --sass)")
    add("--sass", action="store_true", help="print what the CUDA kernels are made of; needs no GPU")
    add("--threads", type=_positive, help="of every contestant (default: MINIALEX_THREADS, or all)")
    add("--rounds", type=_positive, help=f"how often each is timed (default {ROUNDS})")
    add("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds with {QUICK_BATCH} pictures")
    add("--memory", action="store_true", help="peak memory too, each in a process of its own")
    add("--startup", action="store_true", help="import and first step of a second start too")
    axes = f"time along these axes too (default: {' '.join(scaling.AXES)}), with fitted exponents"
    add("--scaling", nargs="*", choices=scaling.AXES, metavar="AXIS", help=axes)
    add("--json", type=Path, metavar="FILE", help="write everything, every round included")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _shape(text: str) -> list[int]:
    return [_positive(size) for size in text.split(",")]


def _names(text: str) -> list[str]:
    return [] if text == "none" else text.split(",")
