"""Each variation of the input catches the mistake that it is there for.

Every layer here is right on the friendly input that it is first given, and wrong elsewhere.
"""

import numpy as np
import pytest
from plain_layers import Dense, Elementwise, kinds, normal

from minialex.gradcheck import check_function, check_layer
from minialex.layers import Conv2d, LocallyConnected2d, MaxPool2d


def failing_case(layer, x, **settings) -> str:
    """Return the case of the first problem, after the input as given has passed."""
    report = check_layer(layer, x, raises=False, **settings)
    assert not report.ok
    assert check_layer(layer, x, geometry="as given", **settings).ok
    return dict(report.problems[0].details)["case"]


def cases(report) -> list[str]:
    return list(dict.fromkeys(row.case for row in report.checked))


class FirstImage(Dense):
    def backward(self, gy):
        gx = super().backward(gy)
        self.grads["b"][...] = gy[0]
        return gx


def test_one_more_image():
    assert failing_case(FirstImage(normal(3, 2)), normal(1, 3)) == "one more image"


class SpatialMean:
    """The mean over height and width; `axes` says where they are."""

    def __init__(self, axes, square=True) -> None:
        self.axes, self.square = axes, square

    def forward(self, x):
        self.x = x
        return x.mean(axis=self.axes)

    def backward(self, gy):
        a, b = self.axes
        height, width = self.x.shape[a], self.x.shape[b]
        gy = np.expand_dims(gy, self.axes) / (height * (height if self.square else width))
        return np.broadcast_to(gy, self.x.shape)


@pytest.mark.parametrize("axes", [(1, 2), (2, 3)], ids=["NHWC", "NCHW"])
def test_larger_pictures(axes):
    x = normal(2, 4, 4, 4)
    assert check_layer(SpatialMean(axes, square=False), x).ok
    case = failing_case(SpatialMean(axes), x)
    assert case in ("x of shape (2,5,6,4)", "x of shape (2,4,5,6)")


@pytest.mark.parametrize("axes", [(1, 2), (2, 3)], ids=["NHWC", "NCHW"])
def test_larger_pictures_in_the_layout_of_the_weights(axes):
    """The other layout has another number of channels, and the weights refuse it."""

    class Mixed(SpatialMean):
        W = normal(3, 2)

        def forward(self, x):
            return super().forward(x) @ self.W

        def backward(self, gy):
            return super().backward(gy @ self.W.T)

    x = normal(2, 4, 4, 3) if axes == (1, 2) else normal(2, 3, 4, 4)
    report = check_layer(Mixed(axes, square=False), x)
    grown = "x of shape (2,5,6,3)" if axes == (1, 2) else "x of shape (2,3,5,6)"
    assert cases(report) == ["as given", "other values", "one more image", grown]
    assert failing_case(Mixed(axes), x) == grown


class Pool:
    """Sums over windows of (N, H, W, C), with zeros around."""

    def __init__(self, kernel, stride, pad=0, fault="") -> None:
        self.kernel, self.stride, self.pad, self.fault = kernel, stride, pad, fault

    def windows(self, height, width):
        (kh, kw), s = np.broadcast_to(self.kernel, 2), self.stride
        for i in range((height - kh) // s + 1):
            for j in range((width - kw) // s + 1):
                yield i, j, np.s_[:, i * s : i * s + kh, j * s : j * s + kw]

    def forward(self, x):
        p = self.pad
        self.shape = x.shape
        x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        self.padded = x.shape
        windows = list(self.windows(*x.shape[1:3]))
        rows, columns, _ = windows[-1]
        y = np.zeros((len(x), rows + 1, columns + 1, x.shape[3]), x.dtype)
        for i, j, window in windows:
            y[:, i, j] = x[window].sum(axis=(1, 2))
        return y

    def backward(self, gy):
        gx, p = np.zeros(self.padded), self.pad
        for i, j, window in self.windows(*self.padded[1:3]):
            if self.fault == "assigns":
                gx[window] = gy[:, i, j, None, None]
            elif self.fault == "square kernel":
                k = np.max(self.kernel)
                gx[:, i : i + k, j : j + k] += gy[:, i, j, None, None]
            else:
                gx[window] += gy[:, i, j, None, None]
        if self.fault == "crops one":
            return gx[:, 1:-1, 1:-1] if p else gx
        return gx[:, p : p + self.shape[1], p : p + self.shape[2]]


@pytest.mark.parametrize(
    ("arguments", "case"),
    [
        ((2, 2, 0, "assigns"), "kernel=(2,3)"),
        (((2, 2), 2, 0, "assigns"), "kernel=(2,3)"),
        ((2, 1, 0, "square kernel"), "kernel=(2,3)"),
        (((2, 2), 1, 0, "square kernel"), "kernel=(2,3)"),
        ((2, 1, 1, "crops one"), "pad=2"),
        ((2, 2, 0, ""), ""),
        ((3, 2, 1, ""), ""),
    ],
    ids=str,
)
def test_other_strides_padding_and_kernels(arguments, case):
    x = normal(2, 4, 6, 3)
    if case:
        assert failing_case(Pool(*arguments), x) == case
    else:
        kernel, stride, pad, _ = arguments
        varied = f"stride={3 - stride}", f"pad={pad + 1}", f"kernel=({kernel},{kernel + 1})"
        assert {*varied} < {*cases(check_layer(Pool(*arguments), x))}


def test_a_layer_that_cannot_be_made_again_is_not():
    """Its constructor takes what is no attribute: nobody knows which value made this layer."""

    class Hidden(Pool):
        def __init__(self, size) -> None:
            super().__init__(size, size)

    assert not any("stride" in case for case in cases(check_layer(Hidden(2), normal(2, 4, 6, 3))))


def test_a_layer_that_takes_no_such_setting():
    """A kernel that is no square is refused where the layer is made, or in forward."""

    class Refuses(Pool):
        def __init__(self, kernel, stride, pad=0) -> None:
            if pad:
                raise ValueError("no padding")
            super().__init__(kernel, stride)

        def windows(self, height, width):
            return super().windows(height, width * (self.kernel + 1) // (self.kernel + 1))

    found = cases(check_layer(Refuses(2, 2), normal(2, 4, 6, 3)))
    assert "stride=1" in found
    assert not any("kernel" in case or "pad" in case for case in found)


def test_settings_of_a_pair_of_functions():
    def forward(x, stride=1, pool_param=None):
        layer = Pool(2, (pool_param or {}).get("stride", stride), 0, "assigns")
        return layer.forward(x), layer

    def backward(dout, layer):
        return layer.backward(dout)

    x = normal(2, 4, 6, 3)
    for inputs, options in (([x], {"stride": 2}), ([x, 2, {"stride": 2}], {})):
        report = check_function(forward, backward, inputs, options=options, raises=False)
        assert dict(report.problems[0].details)["case"] == "stride=1"


def test_parameters_that_change_in_place():
    """An optimiser changes them: what was made of them in the constructor is out of date."""

    class Copied(Dense):
        def __init__(self, W) -> None:
            super().__init__(W)
            self.transposed = W.T.copy()

        def backward(self, gy):
            super().backward(gy)
            return gy @ self.transposed

    assert failing_case(Copied(normal(3, 2)), normal(4, 3)) == "parameters updated in place"


def test_nothing_is_left_of_training():
    class KeepsMask:
        mask = 1.0

        def forward(self, x, train=False):
            if train:
                self.mask = np.arange(x.size).reshape(x.shape) % 2
            return x * self.mask if train else x * 1.0

        def backward(self, gy):
            return gy * self.mask

    report = check_layer(KeepsMask(), normal(4, 3), raises=False)
    assert kinds(report) == ["gradient KeepsMask.backward -> gx"]
    assert dict(report.problems[0].details)["case"] == "as given, train=False again"


def test_what_training_leaves_may_make_backward_raise():
    class ForgetsMask:
        mask = None

        def forward(self, x, train=False):
            self.mask = np.ones(len(x) + 1) if self.mask is not None else None
            if train:
                self.mask = np.ones(x.shape)
            return x * 1.0

        def backward(self, gy):
            return gy if self.mask is None else (gy.T * self.mask.T).T

    report = check_layer(ForgetsMask(), normal(4, 3), raises=False)
    assert kinds(report) == ["raises ForgetsMask.backward"]
    assert "raises ValueError" in str(report)


def test_as_given_does_not_vary_and_warns():
    x = normal(1, 4, 4, 3)
    report = check_layer(MaxPool2d(2, 2), x, geometry="as given")
    assert {case.partition(",")[0] for case in cases(report)} == {"as given"}
    text = str(report)
    assert "friendly: one image" in text
    assert "friendly: axes of equal length" in text
    assert "friendly: windows that do not overlap" in text
    unfriendly = check_layer(MaxPool2d(3, 2), normal(2, 5, 6, 3), geometry="as given")
    assert not unfriendly.notes


def test_what_forward_refuses_is_noted():
    class OneSize:
        def forward(self, x):
            if x.shape[1:] != (4, 5, 3):
                raise ValueError("only 4 x 5")
            self.x = x
            return x**2

        def backward(self, gy):
            return 2 * self.x * gy

    report = check_layer(OneSize(), normal(2, 4, 5, 3))
    assert cases(report) == ["as given", "other values", "one more image"]
    assert report.notes == ["forward refuses x of shape (2,5,7,3) (only 4 x 5)"]


def test_a_layer_that_is_made_for_one_size():
    """Its forward takes other pictures without complaint; its backward returns the old shape."""

    class Fixed:
        def __init__(self, height, width) -> None:
            self.size = height, width

        def forward(self, x):
            return x.reshape(len(x), -1)

        def backward(self, gy):
            return gy.reshape(len(gy), *self.size, 3)

    report = check_layer(Fixed(4, 5), normal(2, 4, 5, 3))
    assert any("made for one size of pictures" in note for note in report.notes)

    class RemembersTheFirst(Fixed):
        def __init__(self) -> None:
            self.size = None

        def forward(self, x):
            self.size = self.size or x.shape[1:3]
            return super().forward(x)

    report = check_layer(RemembersTheFirst(), normal(2, 4, 5, 3), raises=False)
    assert kinds(report) == ["raises RemembersTheFirst.backward"]


class PReLU:
    """One slope per channel of (N, C, H, W)."""

    def __init__(self, channels, wrong=False) -> None:
        self.params = {"a": np.linspace(0.1, 0.4, channels)}
        self.grads = {"a": np.zeros(channels)}
        self.wrong = wrong

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, x * self.params["a"][:, None, None])

    def backward(self, gy):
        negative = gy * self.x * (self.x < 0)
        self.grads["a"] = negative.sum(axis=(0, 2) if self.wrong else (0, 2, 3))
        self.grads["a"] = self.grads["a"].reshape(len(self.params["a"]), -1).sum(axis=1)
        return gy * np.where(self.x > 0, 1, self.params["a"][:, None, None])


@pytest.mark.parametrize("channels", [1, 3])
def test_one_channel_in_either_layout(channels):
    """With one slope for all, forward takes (N, H, W, 1) too, where the channels are others."""
    report = check_layer(PReLU(channels), normal(2, channels, 5, 4))
    assert report.ok
    assert sum("x of shape" in case for case in cases(report)) == 1


def test_layers_that_can_be_built_are_built_for_other_pictures():
    x = normal(2, 5, 6, 3)
    for layer in (LocallyConnected2d(2, 3), Conv2d(2, 3)):
        layer.build(x.shape[1:], np.random.default_rng(0), "float64")
        before = layer.params["W"].copy()
        report = check_layer(layer, x)
        assert not report.notes
        assert any("x of shape (2,6,8,3)" in case for case in cases(report))
        assert np.array_equal(layer.params["W"], before)


def test_labels_grow_with_the_images():
    """Also where one image has one label: another image has another."""

    def forward(x, y):
        picked = x[np.arange(len(x)), y]
        return (picked**2).sum(), (x, picked, y)

    def backward(dout, cache):
        x, picked, y = cache
        dx = np.zeros_like(x)
        dx[np.arange(len(x)), y[0]] = 2 * picked  # the label of image 0 for all
        return dx

    labels = np.array([1])
    report = check_function(forward, backward, [normal(1, 4), labels], raises=False)
    assert dict(report.problems[0].details)["case"] == "one more image"


def test_variations_stay_in_the_domain():
    """Logarithms of what is positive, arc sines of what is below 1."""
    x = np.random.default_rng(0).uniform(0.05, 0.95, (3, 4))
    for f, slope in (
        (np.log, lambda x: 1 / x),
        (np.arcsin, lambda x: 1 / np.sqrt(1 - x**2)),
        (lambda x: np.sqrt(1 - x), lambda x: -0.5 / np.sqrt(1 - x)),
    ):
        found = cases(check_layer(Elementwise(f, slope), x))
        assert found == ["as given", "other values", "one more image"]


def test_what_is_remembered_of_an_x_of_the_same_shape():
    class Stale(Dense):
        x = None

        def forward(self, x):
            if self.x is None or self.x.shape != x.shape:
                self.x = x.copy()
            return x @ self.params["W"] + self.params["b"]

    assert failing_case(Stale(normal(3, 2)), normal(4, 3)) == "other values"


def test_a_gy_whose_first_axis_is_the_dense_one():
    class Flat:
        def forward(self, x):
            self.x = x
            return np.maximum(x, 0)

        def backward(self, gy):
            gx = np.zeros_like(gy)  # in the order of gy
            open_ = np.flatnonzero(self.x > 0)
            gx.reshape(-1)[open_] = gy.reshape(-1)[open_]
            return gx

    report = check_layer(Flat(), normal(2, 5, 4, 3), raises=False)
    assert kinds(report) == ["not contiguous Flat.backward -> gx"]
