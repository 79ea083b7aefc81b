"""The pytest plugin: a fixture `gradcheck`, and `pytest --gradcheck-layer mypkg.mymod:MyConv`.

    def test_my_conv(gradcheck):
        gradcheck(MyConv(3, 8, 3), np.random.randn(2, 7, 5, 3))

pytest loads this file in every project where minialex is installed. So it imports nothing until it
is asked to, registers no profile with hypothesis, and changes no setting.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def gradcheck() -> Any:
    """Check a layer: `gradcheck(layer, x)` is `minialex.gradcheck.check_layer`.

    `gradcheck.layer`, `gradcheck.function` and `gradcheck.network` are check_layer, check_function
    and check_network. A failure shows the line of the test and the report.
    """
    from minialex import gradcheck as checks

    check = _raising_in_the_test(checks.check_layer)
    check.layer = check
    check.function = _raising_in_the_test(checks.check_function)
    check.network = _raising_in_the_test(checks.check_network)
    return check


def _raising_in_the_test(check: Callable) -> Any:
    """Return a check whose failure shows no frames of ours."""
    from minialex.gradcheck import GradientMismatch

    @functools.wraps(check)
    def checked(*args, raises: bool = True, **settings):
        __tracebackhide__ = True
        report = check(*args, raises=False, **settings)
        if raises and not report.ok:
            raise GradientMismatch(report)
        return report

    return checked


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("minialex").addoption(
        "--gradcheck-layer",
        action="append",
        default=[],
        metavar="MODULE:NAME",
        help="also check the gradients of this layer, or of MODULE:FORWARD,BACKWARD; repeatable",
    )


@pytest.hookimpl(tryfirst=True)  # -k and --deselect come after
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    for name in config.getoption("--gradcheck-layer"):
        items.append(GradcheckItem.from_parent(session, name=name))


class GradcheckItem(pytest.Item):
    """The check of one layer, named after it."""

    def runtest(self) -> None:
        from minialex.gradcheck.target import load, seeded

        with pytest.MonkeyPatch.context() as patch, seeded(0):
            patch.syspath_prepend(self.config.invocation_params.dir)
            load(self.name).check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo, style=None):
        """Return the report, or what is wrong with the name, or a traceback of the layer."""
        from minialex.errors import InputError
        from minialex.gradcheck import GradientMismatch

        if isinstance(excinfo.value, GradientMismatch):
            return str(excinfo.value.report)
        if isinstance(excinfo.value, InputError):
            return f"--gradcheck-layer {excinfo.value}"
        frames = excinfo.traceback.cut(__file__)  # without pytest's
        readers = frames.filter(lambda frame: not Path(frame.path).is_relative_to(HERE))
        excinfo.traceback = readers or frames
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return "gradcheck", None, self.name
