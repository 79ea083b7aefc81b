import numpy as np


class MyLRN:
    """y_c = x_c / S_c^beta, S_c = k + alpha * sum of x_j^2 over n channels: x, y (N, C, H, W)"""

    gradcheck_example = dict(x=(2, 7, 4, 3))

    def __init__(self, n=5, k=2, alpha=1e-4, beta=0.75):
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def neighbours(self, c):
        first = c - self.n // 2
        return range(max(first, 0), min(first + self.n, self.x.shape[1]))

    def forward(self, x):
        self.x = x
        self.S = np.zeros(x.shape) + self.k
        for c in range(x.shape[1]):
            for j in self.neighbours(c):
                self.S[:, c] += self.alpha * x[:, j] ** 2
        return x / self.S**self.beta

    def backward(self, gy):
        x, S = self.x, self.S
        gx = gy / S**self.beta
        for c in range(x.shape[1]):
            inner = 2 * self.alpha * self.beta * gy[:, c] * x[:, c] / S[:, c] ** (self.beta + 1)
            for j in self.neighbours(c):
                gx[:, j] -= inner * x[:, c]
        return gx
