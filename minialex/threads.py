"""One pool of threads; everything inside it is single-threaded.

Convolution, pooling and normalisation split the batch, a dense layer its columns or rows. NumPy,
BLAS and the `nogil` kernels release the interpreter lock, so Python threads suffice. BLAS is held
to one thread meanwhile: two pools on the same cores fight (docs/performance.md).
"""

import contextlib
import contextvars
import functools
import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

from threadpoolctl import ThreadpoolController

from minialex.backend import Array, np, xp_of
from minialex.errors import InputError

CACHE_BYTES = 1 << 20  # about half of a core's own cache
WORKSPACE_BYTES = 64 << 20  # for what all workers hold of pictures; sums of gW come on top

_count: contextvars.ContextVar[int | None] = contextvars.ContextVar("count", default=None)
_lock = threading.RLock()
_scratch = threading.local()  # every thread has work arrays of its own


def count() -> int:
    """Return the number of workers: MINIALEX_THREADS, else the processors of this process.

    Raises
    ------
    InputError
        MINIALEX_THREADS is not a positive whole number.
    """
    if chosen := _count.get():
        return chosen
    text = os.environ.get("MINIALEX_THREADS", "")
    if not text:
        affinity = getattr(os, "sched_getaffinity", None)  # Linux only
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if not text.isdecimal() or int(text) == 0:
        raise InputError(f"MINIALEX_THREADS={text!r} is not a positive whole number: use e.g. 2")
    return int(text)


@contextlib.contextmanager
def use(workers: int | None) -> Iterator[None]:
    """Run the body with this number of workers; None leaves the number as it is.

    It holds for this thread, and others that run meanwhile keep theirs.
    """
    before = _count.set(workers or _count.get())
    try:
        yield
    finally:
        _count.reset(before)


def workers_for(x: Array) -> int:
    """Return how many workers share `x`: a GPU is one queue and has one."""
    return count() if xp_of(x) is np else 1


def parallel(
    work: Callable[[int, int, int], None], total: int, chunk: int = 0, x: Array | None = None
) -> None:
    """Call `work(worker, start, stop)` on consecutive pieces of `range(total)`.

    Worker t takes pieces t, t + workers, ...: what it sums up depends on the number of workers
    alone, never on timing, so equal runs give equal bits.

    Parameters
    ----------
    work : function of (worker, start, stop)
        Called at most `workers` times at once. What it raises reaches the caller, traceback
        included, after all workers have ended.
    total : int
        Number of items, such as the images of a batch.
    chunk : int
        Largest piece; 0 for one piece a worker.
    x : Array, optional
        What is worked on. Work for a GPU is only queued here, and the caller does it alone.
    """
    workers = count() if x is None else workers_for(x)
    rounds = -(-total // (workers * (chunk or max(total, 1))))  # pieces a worker, all alike
    pieces = min(workers * rounds, total)
    bounds = [total * i // max(pieces, 1) for i in range(pieces + 1)]

    def run(worker: int) -> None:
        for i in range(worker, pieces, workers):
            work(worker, bounds[i], bounds[i + 1])

    if x is not None and xp_of(x) is not np:
        return run(0)
    # One call at a time: two would restore each other's limit of BLAS.
    with _lock, _controller().limit(limits=1, user_api="blas"):
        others = [
            _pool(workers).submit(contextvars.copy_context().run, run, t)  # np.errstate, `use`
            for t in range(1, min(workers, pieces))
        ]
        try:
            run(0)
        finally:
            wait(others)
        for other in others:
            other.result()


def images_per_block(x: Array) -> int:
    """Return how many images of x a worker takes at a time: what stays in its cache."""
    return max(1, block_bytes(x, CACHE_BYTES) * len(x) // max(x.nbytes, 1))


def block_bytes(x: Array, cached: int) -> int:
    """Return the work memory for a block of `x`: `cached` for a core, which works from its cache.

    All blocks together stay within the workspace. A GPU, one worker, takes all of it: small blocks
    would leave most of it idle.
    """
    return min(cached, WORKSPACE_BYTES // count()) if xp_of(x) is np else WORKSPACE_BYTES


def scratch(role: str, shape: tuple[int, ...], like: Array) -> Array:
    """Return a work array of this thread: its memory is the same at every call for this role.

    On a GPU, where a pass is only queued, all passes of a thread belong on one stream.
    """
    return reuse(_scratch.__dict__, role, shape, like)


def zeros(role: str, shape: tuple[int, ...], like: Array) -> Array:
    """Return `scratch`, filled with zeros."""
    array = scratch(role, shape, like)
    array[...] = 0
    return array


def sum_of_workers(sums: Array) -> Array:
    """Return the sum of what each worker has added up, workers first; a GPU's one as it is."""
    return sums[0] if len(sums) == 1 else sums.sum(axis=0)


def reuse(store: dict, key: str, shape: tuple[int, ...], like: Array, dtype=None) -> Array:
    """Return an uninitialised array from `store`, which is enlarged only when too small.

    Fresh arrays of 100 MB would cost a page fault every 4 kB in every step.
    """
    dtype, size = np.dtype(dtype or like.dtype), math.prod(shape)
    flat = store.get(key)
    if flat is None or flat.size < size or flat.dtype != dtype or flat.device != like.device:
        flat = store[key] = xp_of(like).empty(size, dtype)
    return flat[:size].reshape(shape)


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers - 1, thread_name_prefix="minialex")


def _after_fork() -> None:
    """Threads, and what they hold, do not survive in a forked child: it makes its own."""
    global _lock
    _lock = threading.RLock()
    _pool.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
