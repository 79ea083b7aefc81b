"""The PTX emulator: what it runs ends as on a GPU, what it must find it finds and names.

The proof of the CUDA kernels rests on it: a fault that it does not see would first be seen by
whoever has a GPU, as a wrong gradient. test_ptx_instructions.py has the arithmetic.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptx.arguments import In, InOut, Out
from ptx.faults import (
    DivergentBarrier,
    Endless,
    InvalidLaunch,
    Misaligned,
    NeverWritten,
    OutOfBounds,
    Race,
    ReadOnly,
    UnknownInstruction,
)
from ptx.launch import launch
from ptx.parse import parse
from ptx.races import Races
from ptx.snippets import program, run
from ptx.threads import Threads


def floats(count: int, start: float = 0) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.float32)


# Loads and stores. %a is the address of array a, %i the number of the thread.

COPY = """
    mad.lo.u64 %rd1, %i, 4, %x;
    mad.lo.u64 %rd2, %i, 4, %y;
    ld.global.f32 %f1, [%rd1];
    st.global.f32 [%rd2], %f1;
"""


def test_every_thread_of_every_block_runs():
    x, y = floats(96), np.zeros(96, "f4")
    run(COPY, In(x, "x"), Out(y, "y"), grid=3, block=32)
    assert (y == x).all()


def test_narrow_numbers_are_extended():
    x = np.array([1, 127, 128, 255], np.uint8)
    signed, unsigned = np.zeros(4, np.int64), np.zeros(4, np.uint64)
    body = """
        add.u64 %rd1, %x, %i;
        mad.lo.u64 %rd2, %i, 8, %s;
        mad.lo.u64 %rd3, %i, 8, %u;
        ld.global.s8 %rd4, [%rd1];
        ld.global.u8 %rd5, [%rd1];
        st.global.u64 [%rd2], %rd4;
        st.global.u64 [%rd3], %rd5;
    """
    run(body, In(x, "x"), Out(signed, "s"), Out(unsigned, "u"), block=4)
    assert signed.tolist() == x.view(np.int8).tolist()
    assert unsigned.tolist() == x.tolist()


def test_several_numbers_at_once():
    x, y = floats(32), np.zeros(32, "f4")
    body = """
        mad.lo.u64 %rd1, %i, 16, %x;
        mad.lo.u64 %rd2, %i, 16, %y;
        ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1];
        st.global.v2.f32 [%rd2], {%f4, %f3};
        st.global.v2.f32 [%rd2+8], {%f2, %f1};
    """
    run(body, In(x, "x"), Out(y, "y"), block=8)
    assert (y.reshape(8, 4) == x.reshape(8, 4)[:, ::-1]).all()


def test_local_memory_is_a_thread_s_own():
    y = np.zeros(64, "f4")
    body = """
        cvt.rn.f32.u32 %f1, %r0;
        mov.u64 %rd1, depot;
        st.local.f32 [%rd1+4], %f1;
        ld.local.f32 %f2, [%rd1+4];
        mad.lo.u64 %rd2, %i, 4, %y;
        st.global.f32 [%rd2], %f2;
    """
    kernel = parse(".local .align 8 .b8 depot[8];" + program(body, ["y"]))
    launch(kernel, 2, 32, [Out(y, "y")])
    assert (y == floats(64)).all()


@pytest.mark.parametrize(
    ("offset", "place"),
    [
        (4, "byte 128 of x"),
        (-4, "byte -4 of x"),
        (-128, "byte -128 of x"),
        (1 << 20, "byte 1048576 of x"),
    ],
)
def test_accesses_beside_an_array(offset, place):
    """The first thread, or the last, is one beside it; or all are far away."""
    body = f"add.u64 %rd1, %x, {offset}; mad.lo.u64 %rd1, %i, 4, %rd1;".replace("; ", ";\n")
    body += "\nld.global.f32 %f1, [%rd1];"
    with pytest.raises(OutOfBounds, match=rf"load of {place}.*thread \(\d+, 0, 0\) of block"):
        run(body, In(floats(32), "w"), In(floats(32), "x"))
    with pytest.raises(OutOfBounds, match=f"store of {place}"):
        run(
            body.replace("ld.global.f32 %f1, [%rd1]", "st.global.f32 [%rd1], %f1"),
            Out(floats(32), "x"),
        )


def test_accesses_across_the_end_of_an_array():
    body = "mov.u64 %rd1, %x;\nld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+16];"
    with pytest.raises(OutOfBounds, match=r"byte 16 of x \(global, 24 bytes\)"):
        run(body, In(floats(6), "x"), block=1)


def test_accesses_where_nothing_is():
    with pytest.raises(OutOfBounds, match="address 0x4, where nothing is"):
        run("mov.u64 %rd1, 4;\nld.global.f32 %f1, [%rd1];", In(floats(1), "x"))
    with pytest.raises(OutOfBounds, match="nothing is"):  # a register that nobody has written
        run("ld.global.f32 %f1, [%rd1];", In(floats(1), "x"))


def test_a_register_that_nobody_has_written_is_not_a_number():
    y = np.zeros(1, "f4")
    run("add.f32 %f1, %f2, %f2;\nst.global.f32 [%y], %f1;", Out(y, "y"), block=1)
    assert np.isnan(y[0])


def test_misaligned_accesses():
    with pytest.raises(Misaligned, match=r"byte 2 of x .*not a multiple of 4 bytes"):
        run("ld.global.f32 %f1, [%x+2];", In(floats(2), "x"))
    with pytest.raises(Misaligned, match="not a multiple of 8 bytes"):
        run("ld.global.v2.f32 {%f1, %f2}, [%x+4];", In(floats(4), "x"))


def test_stores_to_what_is_only_read():
    x = floats(4)
    with pytest.raises(ReadOnly, match="store of byte 0 of x"):
        run("mov.f32 %f1, 0f3F800000;\nst.global.f32 [%x], %f1;", In(x, "x"), block=1)
    assert (x == floats(4)).all()


def test_an_output_must_not_be_read_before_it_is_written():
    """CuPy's `empty` holds what was there before: `y[i] += x[i]` would add to that."""
    add = COPY.replace("st.", "ld.global.f32 %f2, [%rd2];\nadd.f32 %f1, %f1, %f2;\nst.")
    y = floats(32)
    with pytest.raises(NeverWritten, match="load of byte 0 of y"):
        run(add, In(floats(32), "x"), Out(y, "y"))
    run(add, In(floats(32), "x"), InOut(y, "y"))
    assert (y == 2 * floats(32)).all()


def test_the_far_end_of_an_array_that_would_not_fit():
    """2^33 numbers, 32 GiB: an index of 32 bits would come out elsewhere."""
    first = 2**33 - 64
    x, y = floats(64), np.zeros(64, "f4")
    body = f"add.u64 %i, %i, {first};" + COPY
    run(body, In(x, "x", first), Out(y, "y", first), block=64)
    assert (y == x).all()
    short = f"add.u64 %i, %i, {first & 0xFFFFFFFF};" + COPY
    with pytest.raises(
        OutOfBounds, match=r"byte -?\d+ of x \(global, 256 bytes from 34359738112\)"
    ):
        run(short, In(x, "x", first), Out(y, "y", first), block=64)


def test_a_few_blocks_of_a_huge_grid():
    y = np.zeros(64, "u4")
    body = """
        mov.u32 %r1, %ctaid.x;
        mad.lo.u64 %rd1, %i, 4, %y;
        st.global.u32 [%rd1], %r1;
    """
    last = 2**26 - 1
    run(
        body,
        Out(y, "y", 32 * (last - 1)),
        grid=2**31 - 1,
        block=32,
        blocks=[(last - 1, 0, 0), (last, 0, 0)],
    )
    assert (y == np.repeat([last - 1, last], 32)).all()


# Control flow.

COLLATZ = """
    add.u32 %r1, %r0, 1;
    mov.u32 %r2, 0;
AGAIN:
    setp.eq.u32 %p1, %r1, 1;
    @%p1 bra DONE;
    and.b32 %r3, %r1, 1;
    setp.eq.u32 %p2, %r3, 0;
    @%p2 bra HALF;
    mad.lo.u32 %r1, %r1, 3, 1;
    bra.uni NEXT;
HALF:
    shr.u32 %r1, %r1, 1;
NEXT:
    add.u32 %r2, %r2, 1;
    bra.uni AGAIN;
DONE:
    mad.lo.u64 %rd1, %i, 4, %y;
    @!%p1 mov.u32 %r2, 999;
    st.global.u32 [%rd1], %r2;
"""


def collatz(n: int) -> int:
    return 0 if n == 1 else 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)


def test_threads_that_go_different_ways():
    y = np.zeros(200, "u4")
    run(COLLATZ, Out(y, "y"), grid=2, block=100)
    assert y.tolist() == [collatz(n + 1) for n in range(200)]


def test_a_loop_without_end():
    with pytest.raises(Endless, match=r"PTX line \d+"):
        run("AGAIN:\nadd.u32 %r1, %r1, 1;\nbra.uni AGAIN;", In(floats(1), "x"), limit=1000)


# Blocks: shared memory and barriers.

REVERSE = """
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %rd1, %r1, 4;
    mov.u64 %rd2, tile;
    add.u64 %rd3, %rd2, %rd1;
    sub.u64 %rd4, %rd2, %rd1;
    mad.lo.u64 %rd5, %i, 4, %x;
    mad.lo.u64 %rd6, %i, 4, %y;
    ld.global.f32 %f1, [%rd5];
    st.shared.f32 [%rd3], %f1;
    bar.sync 0;
    ld.shared.f32 %f2, [%rd4+252];
    st.global.f32 [%rd6], %f2;
"""
TILE = ".shared .align 4 .b8 tile[256];\n"


def reverse(body: str, *, tile: str = TILE, **options) -> np.ndarray:
    """Run 3 blocks of 64 threads; y starts as minus ones."""
    x, y = floats(192), np.full(192, -1, "f4")
    launch(parse(tile + program(body, ["x", "y"])), 3, 64, [In(x, "x"), Out(y, "y")], **options)
    return y


def test_every_block_has_shared_memory_of_its_own():
    expected = floats(192).reshape(3, 64)[:, ::-1].reshape(-1)
    assert (reverse(REVERSE) == expected).all()
    opened = ".extern " + TILE.replace("256", "")  # its size is given at the launch
    assert (reverse(REVERSE, tile=opened, shared_bytes=256) == expected).all()


def test_a_missing_barrier():
    with pytest.raises(Race, match=r"load of byte \d+ of tile .* stored by thread"):
        reverse(REVERSE.replace("bar.sync 0;", ""))


def test_shared_memory_that_is_used_again_needs_another_barrier():
    again = REVERSE.replace("st.global", "st.shared.f32 [%rd3], %f2;\nst.global")
    with pytest.raises(Race, match=r"store of byte \d+ of tile .* loaded by thread"):
        reverse(again)
    reverse(again.replace("st.shared.f32 [%rd3], %f2", "bar.sync 0;\nst.shared.f32 [%rd3], %f2"))


def test_shared_memory_that_nobody_wrote():
    with pytest.raises(NeverWritten, match="of tile"):
        reverse(
            REVERSE.replace("st.shared", "@%p1 st.shared").replace(
                "mov.u32 %r1, %tid.x;", "mov.u32 %r1, %tid.x;\nsetp.ne.u32 %p1, %r1, 5;"
            )
        )


def test_shared_memory_has_an_end():
    with pytest.raises(OutOfBounds, match=r"byte 256 of tile \(shared, 256 bytes\)"):
        reverse(REVERSE.replace("252", "256"))
    with pytest.raises(InvalidLaunch, match="49152 bytes of shared memory"):
        reverse(REVERSE, tile=TILE.replace("256", "50000"))


HALF = "setp.lt.u32 %p1, %r1, 32;\n@%p1 bar.sync 0;"


def test_a_barrier_that_half_a_block_reaches():
    only = REVERSE.replace("bar.sync 0;", HALF).replace("ld.shared", "ret;\nld.shared")
    with pytest.raises(
        DivergentBarrier,
        match=r"thread \(0, 0, 0\).*(\n.*)+bar\.sync(.*\n)+.*thread \(32, 0, 0\).* has ended",
    ):
        reverse(only)


def test_two_halves_at_two_barriers():
    """Both call bar.sync 0, which a GPU may take for one; CUDA does not allow it."""
    body = "setp.lt.u32 %p1, %r0, 32;\n@%p1 bra A;\nbar.sync 0;\nret;\nA:\nbar.sync 0;"
    with pytest.raises(DivergentBarrier, match=r"waits at(.*\n)+while thread .* waits at"):
        run(body, In(floats(1), "x"), block=64)


# Races between any two threads.


def test_two_threads_that_store_to_one_place():
    body = COPY.replace(
        "mad.lo.u64 %rd2, %i, 4, %y", "shr.u64 %rd3, %i, 1;\nmad.lo.u64 %rd2, %rd3, 4, %y"
    )
    with pytest.raises(Race, match=r"store of byte \d+ of y .*stored at the same time by thread"):
        run(body, In(floats(32), "x"), Out(np.zeros(32, "f4"), "y"))


def test_blocks_are_not_ordered_by_barriers():
    body = """
        mov.f32 %f1, 0f3F800000;
        setp.eq.u32 %p1, %r0, 0;
        @%p1 st.global.f32 [%y], %f1;
        bar.sync 0;
        setp.eq.u32 %p1, %r0, {reader};
        @%p1 ld.global.f32 %f2, [%y];
    """
    y = np.zeros(1, "f4")
    run(body.format(reader=31), InOut(y, "y"), grid=2)
    with pytest.raises(Race, match=r"by thread \(0, 0, 0\) of block \(1, 0, 0\), stored by"):
        run(body.format(reader=32), InOut(y, "y"), grid=2)


def test_races_are_found_where_there_are_some():
    """Against the definition, in all that may happen at a byte in four events.

    Threads 0 and 1 are in block 0, thread 2 is in block 1. An event is a load or a store, or a
    barrier of block 0.
    """
    accesses = list(itertools.product([0, 1, 2], [False, True]))
    for history in itertools.product([*accesses, None], repeat=4):
        races, interval, seen = Races(1, Threads(2, 2)), 0, []
        for event in history:
            if event is None:
                interval += 1
                races.interval[0] += 1
                continue
            thread, stores = event
            racing = any(
                (stores or stored)
                and thread != other
                and (2 in (thread, other) or when == interval)
                for other, stored, when in seen
            )
            assert raises(races.write if stores else races.read, [[0]], [thread]) == racing, history
            if racing:
                break
            seen.append((thread, stores, interval))


def raises(note, cells, lanes) -> bool:
    """Return whether accesses by these threads race."""
    try:
        note(np.array(cells), np.array(lanes), lambda i: "access")
    except Race:
        return True
    return False


@given(
    lanes=st.lists(st.integers(0, 5), min_size=2, max_size=4, unique=True).map(sorted),
    data=st.data(),
)
def test_races_within_one_instruction(lanes, data):
    """Threads that access at once: to store twice is a race, to load twice is noted."""
    cells = [[data.draw(st.integers(0, 2))] for _ in lanes]
    twice = len(np.unique(cells)) < len(cells)
    assert raises(Races(3, Threads(3, 2)).write, cells, lanes) == twice

    races = Races(3, Threads(3, 2))
    assert not raises(races.read, cells, lanes)
    writer, cell = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 2))
    others = any(c == cell and lane != writer for lane, (c,) in zip(lanes, cells, strict=True))
    assert raises(races.write, [[cell]], [writer]) == others


# Launches that CUDA refuses, and programs that the emulator does.


@pytest.mark.parametrize(
    "size",
    [{"grid": 0}, {"block": 0}, {"block": 1025}, {"block": (32, 32, 2)}, {"grid": (1, 65536)}],
)
def test_sizes_that_cuda_refuses(size):
    with pytest.raises(InvalidLaunch, match=r"must be from|1024"):
        run(COPY, In(floats(1), "x"), Out(floats(1), "y"), **size)


def test_arguments_that_do_not_fit():
    kernel = parse(program(COPY, ["x", "y"]))
    with pytest.raises(InvalidLaunch, match="the kernel takes uint64, uint64"):
        launch(kernel, 1, 1, [In(floats(1), "x"), np.float32(1)])
    with pytest.raises(InvalidLaunch, match="C-contiguous"):
        In(floats(4)[::2], "x")
    x = floats(8)
    with pytest.raises(InvalidLaunch, match="x and y share memory"):
        launch(kernel, 1, 4, [In(x[:6], "x"), Out(x[2:], "y")])


def test_three_axes():
    y = np.zeros((4, 3, 2, 5, 2, 3), "u4")
    body = "mov.u32 %r2, 0;\n" + "\n".join(
        f"mov.u32 %r3, %{at}.{axis};\nmov.u32 %r4, %{of}.{axis};\nmad.lo.u32 %r2, %r2, %r4, %r3;"
        for at, of in (("ctaid", "nctaid"), ("tid", "ntid"))
        for axis in "zyx"
    )
    body += "\nmul.wide.u32 %rd1, %r2, 4;\nadd.u64 %rd1, %rd1, %y;\nst.global.u32 [%rd1], %r2;"
    run(body, Out(y, "y"), grid=(2, 3, 4), block=(3, 2, 5))
    assert (y.reshape(-1) == np.arange(y.size)).all()


def test_what_a_program_may_not_declare():
    with pytest.raises(UnknownInstruction, match=r"PTX line 1: \.const"):
        parse(".const .align 4 .b8 table[4] = {1, 2, 3, 4};")
    with pytest.raises(UnknownInstruction, match=r"PTX line \d+: \.entry snippet"):
        parse(2 * program("", ["x"]))


# Counts.


@pytest.mark.parametrize(
    ("index", "sectors"),
    [
        ("mov.u64 %rd3, %i", 4),  # neighbours: 128 bytes
        ("mul.lo.u64 %rd3, %i, 2", 8),  # every other one
        ("mul.lo.u64 %rd3, %i, 32", 32),  # a sector for each
        ("mov.u64 %rd3, 0", 1),  # all the same
        ("add.u64 %rd3, %i, 1", 5),  # neighbours that begin beside a sector
    ],
)
def test_sectors_of_a_request(index, sectors):
    body = f"{index};\nmad.lo.u64 %rd1, %rd3, 4, %x;\nld.global.f32 %f1, [%rd1];"
    loads = run(body, In(floats(64 * 32), "x"), block=64).loads["x"]
    assert (loads.requests, loads.bytes) == (2, 64 * 4)
    if index.startswith("add"):
        assert loads.sectors == 5 * 2
        assert len(loads.touched) == 9
    else:
        assert loads.sectors_per_request() == sectors


@pytest.mark.parametrize(("stride", "passes"), [(1, 1), (2, 2), (32, 32), (33, 1), (0, 1)])
def test_passes_of_a_request_to_shared_memory(stride, passes):
    body = f"""
        mov.u64 %rd1, tile;
        mad.lo.u64 %rd1, %i, {4 * stride}, %rd1;
        mov.f32 %f1, 0f3F800000;
        setp.lt.u64 %p1, %i, {32 if stride else 1};
        @%p1 st.shared.f32 [%rd1], %f1;
        bar.sync 0;
        ld.shared.f32 %f2, [%rd1];
    """
    kernel = parse(TILE.replace("256", "8192") + program(body, ["x"]))
    loads = launch(kernel, 1, 32, [In(floats(1), "x")]).loads["tile"]
    assert loads.passes_per_request() == passes


def test_bytes_are_counted_once_each_way():
    counts = run(COPY + COPY, In(floats(64), "x"), Out(floats(64), "y"), block=64)
    assert counts.loads["x"].bytes == counts.stores["y"].bytes == 2 * 256
    assert counts.bytes_moved() == 256 + 256


def test_a_warp_issues_for_all_its_threads():
    """One thread of a warp costs what 32 do, and both sides of a jump are paid."""
    body = """
        setp.eq.u32 %p1, %r0, 0;
        @%p1 bra ONE;
        add.u32 %r1, %r1, 1;
        add.u32 %r1, %r1, 1;
        ret;
    ONE:
        sub.u32 %r1, %r1, 1;
    """
    counts = run(body, In(floats(1), "x"), block=64)
    assert counts.warp_instructions["add"] == 2 * 2
    assert counts.warp_instructions["sub"] == 1
    assert counts.instructions() == 32 * counts.warp_instructions.total()
    frame = run("", In(floats(1), "x"), block=64).thread_instructions - 64  # without the last ret
    assert counts.thread_instructions == frame + 64 * 2 + 63 * 3 + 2


def test_threads_that_parted_meet_again():
    """So that what follows costs a warp once; the shorter way waits, also where it comes second."""
    body = """
        setp.lt.u32 %p1, %r0, {some};
        @%p1 bra MEET;
        sub.u32 %r1, %r1, 1;
    MEET:
        xor.b32 %r1, %r1, 1;
    """
    for some in (1, 31):
        counts = run(body.format(some=some), In(floats(1), "x"), block=32)
        assert (counts.warp_instructions["sub"], counts.warp_instructions["xor"]) == (1, 1)
