import numpy as np


class MyConv:
    """x (N, C, H, W), W (F, C, k, k), b (F,) -> y (N, F, OH, OW)"""

    gradcheck_example = dict(args=(2, 3, 3), kwargs=dict(pad=1), x=(1, 2, 4, 4))

    def __init__(self, channels, filters, k, stride=1, pad=0):
        self.W = np.random.default_rng(0).normal(0, 0.1, (filters, channels, k, k))
        self.b = np.zeros(filters)
        self.stride, self.pad = stride, pad

    def forward(self, x):
        N, _, H, W = x.shape
        F, _, k, _ = self.W.shape
        s, p = self.stride, self.pad
        self.x = x
        self.padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        y = np.zeros((N, F, (H + 2 * p - k) // s + 1, (W + 2 * p - k) // s + 1))
        for n, f, i, j in np.ndindex(y.shape):
            window = self.padded[n, :, i * s : i * s + k, j * s : j * s + k]
            y[n, f, i, j] = np.sum(window * self.W[f]) + self.b[f]
        return y

    def backward(self, gy):
        H, W = self.x.shape[2:]
        k, s = self.W.shape[2], self.stride
        padded = np.zeros(self.padded.shape)
        self.dW = np.zeros(self.W.shape)
        self.db = np.zeros(self.b.shape)
        for n, f in np.ndindex(gy.shape[:2]):
            self.db[f] = np.sum(gy[n, f])
            for i, j in np.ndindex(gy.shape[2:]):
                window = self.padded[n, :, i * s : i * s + k, j * s : j * s + k]
                self.dW[f] += gy[n, f, i, j] * window
                padded[n, :, i * s : i * s + k, j * s : j * s + k] += gy[n, f, i, j] * self.W[f]
        p = self.pad
        return padded[:, :, p : p + H, p : p + W]
