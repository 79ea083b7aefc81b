"""Small programs around a few lines of PTX, for the emulator's own tests."""

from collections.abc import Sequence

import numpy as np

from ptx.arguments import Buffer, In, Out
from ptx.counts import Counts
from ptx.launch import launch
from ptx.parse import parse

# Every thread has its number in %r0 and %i, and a register of each kind to spare.
FRAME = """
.visible .entry snippet({parameters}
)
{{
    .reg .pred %p<10>;
    .reg .b16 %h<10>;
    .reg .b32 %r<10>;
    .reg .b64 %rd<10>;
    .reg .f32 %f<10>;
    .reg .f64 %fd<10>;
    .reg .b64 %i;
    .reg .b64 %{names};
    mov.u32 %r0, %tid.x;
    mad.lo.u32 %r0, %ctaid.x, %ntid.x, %r0;
    cvt.u64.u32 %i, %r0;
{pointers}
{body}
    ret;
}}
"""
REGISTER = {"b": "p", "u1": "h", "u2": "h", "u4": "r", "u8": "rd", "f4": "f", "f8": "fd"}


def program(body: str, names: Sequence[str]) -> str:
    """Return PTX that runs `body` with the address of array `x` in the register %x."""
    parameters = ",".join(f"\n    .param .u64 p_{name}" for name in names)
    pointers = "\n".join(f"    ld.param.u64 %{name}, [p_{name}];" for name in names)
    lines = "\n".join(f"    {line.strip()}" for line in body.strip().splitlines())
    registers = ";\n    .reg .b64 %".join(names)
    return FRAME.format(parameters=parameters, pointers=pointers, body=lines, names=registers)


def run(body: str, *buffers: Buffer, grid: int = 1, block: int = 32, **options) -> Counts:
    """Run a few lines of PTX in every thread."""
    kernel = parse(program(body, [buffer.name for buffer in buffers]))
    return launch(kernel, grid, block, buffers, **options)


def apply(instruction: str, result: str, *inputs: np.ndarray, **options) -> np.ndarray:
    """Return what an instruction makes of arrays, one number a thread.

    `{d}` in it is the register of the result, of this NumPy type; `{a}`, `{b}`, `{c}` are those of
    the inputs. Predicates are passed as bytes.
    """
    out = np.zeros(len(inputs[0]), result)
    lines, registers = [], {"d": _register(out.dtype, 0)}
    for k, (name, values) in enumerate(zip("abc", inputs, strict=False), start=1):
        registers[name] = _register(values.dtype, k)
        lines += _memory("ld", values.dtype, name, registers[name])
    text = instruction.format(**registers)
    lines += [text if text.endswith(";") else f"{text};"]
    lines += _memory("st", out.dtype, "d", registers["d"])
    buffers = [In(values, name) for name, values in zip("abc", inputs, strict=False)]
    block = min(len(out), 1024)
    grid = -(-len(out) // block)
    if grid * block > len(out):  # the last threads have nothing to do
        lines = [f"setp.ge.u32 %p9, %r0, {len(out)};", "@%p9 ret;", *lines]
    run("\n".join(lines), *buffers, Out(out, "d"), grid=grid, block=block, **options)
    return out


def _register(dtype: np.dtype, k: int) -> str:
    kind = dtype.kind if dtype.kind == "b" else f"{dtype.kind}{dtype.itemsize}".replace("i", "u")
    return f"%{REGISTER[kind]}{k}"


def _memory(verb: str, dtype: np.dtype, name: str, register: str) -> list[str]:
    """Return the load or store of this thread's number of an array."""
    place = f"mad.lo.u64 %rd9, %i, {dtype.itemsize}, %{name};"
    if dtype.kind != "b":
        kind = f"{'fsu'['fiu'.index(dtype.kind)]}{8 * dtype.itemsize}"
        operands = f"{register}, [%rd9]" if verb == "ld" else f"[%rd9], {register}"
        return [place, f"{verb}.global.{kind} {operands};"]
    if verb == "ld":
        return [place, "ld.global.u8 %h9, [%rd9];", f"setp.ne.u16 {register}, %h9, 0;"]
    return [place, f"selp.u16 %h9, 1, 0, {register};", "st.global.u8 [%rd9], %h9;"]
