"""One pool of threads: every item once, equal bits, errors that arrive."""

import contextlib
import os
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl
from hypothesis import given
from hypothesis import strategies as st
from test_layer_contract import EXAMPLES, Case

from minialex import forms, models, threads
from minialex.backend import sum_of_rows
from minialex.errors import InputError


def with_workers(count, work, total, chunk):
    with threads.use(count):
        threads.parallel(work, total, chunk)


@given(total=st.integers(0, 30), chunk=st.integers(0, 9), count=st.integers(1, 4))
def test_every_item_is_worked_on_once(total, chunk, count):
    pieces = []
    with_workers(count, lambda *piece: pieces.append(piece), total, chunk)
    assert sorted(i for _, start, stop in pieces for i in range(start, stop)) == list(range(total))
    assert all(0 <= worker < count and start < stop for worker, start, stop in pieces)
    assert all(stop - start <= (chunk or total) for _, start, stop in pieces)


@given(total=st.integers(0, 30), chunk=st.integers(1, 9))
def test_who_works_on_what_does_not_depend_on_timing(total, chunk):
    runs = []
    for _ in range(2):
        pieces = []
        with_workers(3, lambda *piece: pieces.append(piece), total, chunk)  # noqa: B023
        runs.append(sorted(pieces))
    assert runs[0] == runs[1]


def test_workers_run_at_the_same_time():
    meeting = threading.Barrier(2, timeout=20)  # breaks unless both arrive
    with_workers(2, lambda worker, start, stop: meeting.wait(), 2, 1)


def test_one_worker_is_the_calling_thread():
    names = set()
    work = lambda *piece: names.add(threading.current_thread())  # noqa: E731
    with_workers(1, work, 5, 1)
    assert names == {threading.current_thread()}


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_arrives_with_its_traceback(bad):
    def work(worker: int, start: int, stop: int) -> None:
        if worker == bad:
            raise LookupError(f"item {start}")

    with pytest.raises(LookupError, match=f"item {bad}") as caught:
        with_workers(2, work, 2, 1)
    assert "work" in [frame.name for frame in traceback.extract_tb(caught.tb)]
    test_every_item_is_worked_on_once.hypothesis.inner_test(7, 2, 2)  # the pool still works


def test_an_error_waits_for_the_other_workers():
    """Nobody writes into a caller's array after the caller has moved on."""
    release, done = threading.Event(), []

    def work(worker: int, start: int, stop: int) -> None:
        if worker == 0:
            threading.Timer(0.1, release.set).start()
            raise LookupError
        release.wait(20)
        done.append(worker)

    with pytest.raises(LookupError):
        with_workers(2, work, 2, 1)
    assert done == [1]


def test_blas_has_one_thread_meanwhile():
    def blas() -> list[int]:
        pools = threadpoolctl.threadpool_info()
        return [p["num_threads"] for p in pools if p["user_api"] == "blas"]

    inside, before = [], blas()
    with_workers(2, lambda *piece: inside.append(blas()), 2, 1)
    assert {count for counts in inside for count in counts} <= {1}
    assert blas() == before


@pytest.mark.parametrize("name", ["fc", "local"])
def test_sums_for_biases_run_inside_the_pool(name, monkeypatch):
    """They are products, whose last digits depend on the number of BLAS's threads."""
    case, inside = Case(EXAMPLES[name]), []

    def spy(a: np.ndarray) -> np.ndarray:
        inside.extend(blas_threads())
        return sum_of_rows(a)

    monkeypatch.setattr(sys.modules[type(case.layer).__module__], "sum_of_rows", spy)
    case.layer.forward(case.x)
    case.layer.backward(case.gy)
    assert set(inside) == {1}


def test_work_arrays_belong_to_one_thread():
    like, found = np.zeros(1), {}
    meeting = threading.Barrier(2, timeout=20)

    def work(worker: int, start: int, stop: int) -> None:
        found[worker] = threads.scratch("test", (3, 4), like)
        meeting.wait()

    with_workers(2, work, 2, 1)
    assert not np.shares_memory(found[0], found[1])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_equal_thread_counts_give_equal_bits(count, form, rng):
    network = models.build("alexnet-mini")
    x = rng.standard_normal((9, 32, 32, 3)).astype("float32")
    gy = rng.standard_normal((9, 10)).astype("float32")
    runs = []
    with threads.use(count):
        for _ in range(2):
            y = network.forward(x).tobytes()
            network.backward(gy)
            runs.append([y, *(g.tobytes() for g in network.grads.values())])
    assert runs[0] == runs[1]


def test_the_environment_sets_the_count(monkeypatch):
    for text in ("1", "3"):
        monkeypatch.setenv("MINIALEX_THREADS", text)
        assert threads.count() == int(text)
    monkeypatch.delenv("MINIALEX_THREADS")
    assert threads.count() >= 1


@pytest.mark.parametrize("text", ["0", "-2", "two", "1.5", "²"])
def test_a_senseless_count_is_refused(monkeypatch, text):
    monkeypatch.setenv("MINIALEX_THREADS", text)
    with pytest.raises(InputError, match=f"MINIALEX_THREADS.*{text}"):
        threads.count()


def test_use_ends_with_its_block(monkeypatch):
    monkeypatch.setenv("MINIALEX_THREADS", "4")
    with threads.use(2):
        assert threads.count() == 2
        with threads.use(None):
            assert threads.count() == 2
    assert threads.count() == 4


def test_threads_do_not_disturb_each_other(monkeypatch):
    """As where one leaves its block before another one does that began in between."""
    monkeypatch.setenv("MINIALEX_THREADS", "3")
    mine, its = contextlib.ExitStack(), contextlib.ExitStack()
    with ThreadPoolExecutor(1) as other:
        mine.enter_context(threads.use(4))
        mine.enter_context(forms.use("reference"))
        other.submit(its.enter_context, threads.use(1)).result()
        assert (threads.count(), forms.choice()) == (4, "reference")
        assert other.submit(threads.count).result() == 1
        assert other.submit(forms.choice).result() == "kernels"
        mine.close()
        other.submit(its.close).result()
        assert threads.count() == other.submit(threads.count).result() == 3


def test_workers_share_the_context_of_the_caller():
    """np.errstate lives in a context variable: what a caller silences stays silent in workers."""
    found = []

    def work(worker, start, stop):
        found.append(np.geterr()["over"])

    with threads.use(2), np.errstate(over="raise"):
        threads.parallel(work, 2)
    assert found == ["raise", "raise"]


def blas_threads():
    pools = threadpoolctl.threadpool_info()
    return [pool["num_threads"] for pool in pools if "numpy" in pool["filepath"]]  # not PyTorch's


def test_calls_from_several_threads_set_blas_free_again():
    """Prediction beside a training: neither may lift the limit of the other, nor leave it on."""
    before, inside = blas_threads(), []

    def many_calls():
        for _ in range(20):
            threads.parallel(lambda *_: inside.extend(blas_threads()), 2)

    others = [threading.Thread(target=many_calls) for _ in range(2)]
    for other in others:
        other.start()
    many_calls()
    for other in others:
        other.join()
    assert set(inside) == {1}
    assert blas_threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_a_pool_of_its_own():
    with threads.use(2):
        threads.parallel(lambda *_: None, 2)
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that hangs is killed
            threads.parallel(lambda *_: None, 2)
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
