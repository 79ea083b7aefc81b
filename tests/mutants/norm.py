"""Batch normalisation, as a pair of functions: x (N, D), gamma and beta (D,)."""

import numpy as np

from mutants.case import Case, Mutant, normal


def pair_of_functions(fault):
    def batchnorm_forward(x, gamma, beta, bn_param):
        eps = bn_param.get("eps", 1e-5)
        mean, var = x.mean(axis=0), ((x - x.mean(axis=0)) ** 2).mean(axis=0)
        std = np.sqrt(var + eps)
        normed = (x - mean) / std
        return gamma * normed + beta, (normed, std, gamma, x)

    def batchnorm_backward(dout, cache):
        normed, std, gamma, x = cache
        dbeta, dgamma = dout.sum(axis=0), (dout * normed).sum(axis=0)
        if fault == "dgamma with x before normalisation":
            dgamma = (dout * x).sum(axis=0)
        g = dout * gamma
        if fault == "mean and variance as constants":
            return g / std, dgamma, dbeta
        through_mean, through_var = g.mean(axis=0), normed * (g * normed).mean(axis=0)
        if fault == "variance as a constant":
            through_var = 0
        if fault == "unbiased variance in backward":
            through_var = through_var * len(x) / (len(x) - 1)
        return (g - through_mean - through_var) / std, dgamma, dbeta

    return batchnorm_forward, batchnorm_backward


def batchnorm(fault):
    return Case(pair_of_functions(fault), normal(4, 3), normal(3), normal(3), {"eps": 1e-5})


MUTANTS = [
    Mutant("batch norm", fault, name, batchnorm)
    for fault, name in {
        "mean and variance as constants": "dx",
        "variance as a constant": "dx",
        "unbiased variance in backward": "dx",
        "dgamma with x before normalisation": "dgamma",
    }.items()
]
