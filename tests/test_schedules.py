"""Learning rates over time, against their formulas and PyTorch."""

import json

import numpy as np
import pytest
import torch

from minialex import schedules
from minialex.errors import InputError

LR, STEPS = 0.02, 60


def rates(schedule: schedules.Schedule, steps: int = STEPS) -> np.ndarray:
    return np.array([schedule.lr(step) for step in range(steps)])


def plateau(errors: list[float], **options) -> list[float]:
    """The rate after each epoch, as powers of ten below the first."""
    schedule = schedules.make("plateau", LR, STEPS, **options)
    found = []
    for error in errors:
        schedule.epoch_end(error)
        found.append(round(np.log10(LR / schedule.lr(0)), 9))
    return found


def test_constant():
    assert (rates(schedules.make("constant", LR, STEPS)) == LR).all()


def test_step_divides_by_ten_at_every_milestone():
    found = rates(schedules.make("step", LR, STEPS, milestones=(20, 50)))
    np.testing.assert_allclose(found, LR * np.repeat([1, 0.1, 0.01], [20, 30, 10]))


@pytest.mark.parametrize("warmup", [0.1, 0.5])
def test_linear_rises_to_the_rate_and_falls_to_zero(warmup):
    schedule = schedules.make("linear", LR, STEPS, warmup=warmup)
    found, top = rates(schedule), round(warmup * STEPS)
    assert found.max() == pytest.approx(LR)
    assert found.argmax() == pytest.approx(top, abs=1)
    assert found[0] == pytest.approx(LR / top)
    assert schedule.lr(STEPS) == 0
    np.testing.assert_allclose(np.diff(found[:top]), LR / top)
    np.testing.assert_allclose(np.diff(found[top:]), -LR / (STEPS - top))


def test_linear_without_warmup_only_falls():
    found = rates(schedules.make("linear", LR, STEPS, warmup=0.0))
    assert found[0] == pytest.approx(LR)
    np.testing.assert_allclose(np.diff(found), -LR / STEPS)


@pytest.mark.parametrize("steps", [2, 3, 7, 60, 391])
def test_one_cycle_is_pytorchs(steps):
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=LR)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LR, steps, pct_start=0.3, anneal_strategy="cos", cycle_momentum=False,
        div_factor=25, final_div_factor=1e4,
    )  # fmt: skip
    expected = []
    for _ in range(steps - 1):
        expected += theirs.get_last_lr()
        optimiser.step()
        theirs.step()
    expected += theirs.get_last_lr()
    np.testing.assert_allclose(rates(schedules.make("one-cycle", LR, steps), steps), expected)


def test_discexp_multiplies_after_so_many_pictures():
    """50 pictures in batches of 16 are 3 full ones and one of 2; the rate counts pictures."""
    seen = [0, 16, 32, 48, 50, 66, 82, 98, 100]
    schedule = schedules.make("discexp", LR, 8, factor=0.5, every=50, seen=seen.__getitem__)
    expected = LR * 0.5 ** np.array([0, 0, 0, 0, 1, 1, 1, 1, 2])
    np.testing.assert_allclose(rates(schedule, 9), expected)


NAMES = ["constant", "step", "one-cycle", "linear", "plateau", "discexp"]


@pytest.mark.parametrize("name", NAMES)
def test_a_training_of_one_step_has_a_rate(name):
    assert 0 < schedules.make(name, LR, 1).lr(0) <= LR


def test_plateau_divides_when_the_error_stops_improving():
    errors = [0.5, 0.4, 0.41, 0.4, 0.3, 0.3, 0.35, 0.2]
    assert plateau(errors, patience=2) == [0, 0, 0, 1, 1, 1, 2, 2]


def test_plateau_divides_three_times_at_most():
    assert plateau([0.5] * 8, patience=1) == [0, 1, 2, 3, 3, 3, 3, 3]


def test_plateau_waits_through_nan():
    assert plateau([0.5, float("nan"), float("nan"), 0.4], patience=2) == [0, 0, 1, 1]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "plateau"])
def test_only_plateau_listens_to_validation(name):
    schedule = schedules.make(name, LR, STEPS, patience=1)
    before = rates(schedule)
    for _ in range(5):
        schedule.epoch_end(0.5)
    np.testing.assert_array_equal(rates(schedule), before)


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_the_state_continues_where_it_was(epochs):
    errors = [0.5, 0.4, 0.4, 0.45, 0.4, 0.39]
    first, second = (schedules.make("plateau", LR, STEPS, patience=2) for _ in range(2))
    for error in errors[:epochs]:
        first.epoch_end(error)
    second.set_state(json.loads(json.dumps(first.state())))
    for error in errors[epochs:]:
        first.epoch_end(error)
        second.epoch_end(error)
        assert second.lr(7) == first.lr(7)
    assert first.lr(7) < LR


def test_an_unknown_schedule_suggests_the_nearest():
    with pytest.raises(InputError, match=r"'one_cycle'.*did you mean 'one-cycle'\?"):
        schedules.make("one_cycle", LR, STEPS)
