"""Gradient checks that are not fooled by friendly shapes, for layers of any origin::

    from minialex.gradcheck import check_layer
    check_layer(MyConv(3, 8, 3), np.random.randn(2, 7, 5, 3))

Whoever wrote the layer, in whichever memory layout: it needs forward(x) and backward(gy). This
package needs NumPy alone; `minialex.strategies` draws geometries for hypothesis, the pytest plugin
gives a fixture `gradcheck`, and `minialex gradcheck mypkg.mymod:MyConv` is the command.
"""

from minialex.gradcheck.check import check_function, check_layer
from minialex.gradcheck.network import check_network
from minialex.gradcheck.report import Checked, GradientMismatch, Problem, Report

__all__ = [
    "Checked",
    "GradientMismatch",
    "Problem",
    "Report",
    "check_function",
    "check_layer",
    "check_network",
]
