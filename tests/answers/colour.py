"""A right answer to exercise 9, and what turns it into plausible wrong ones."""

import numpy as np


def principal_components(images):
    pixels = images.reshape(-1, 3).astype(float)
    centred = pixels - pixels.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(pixels))
    return values[::-1], vectors[:, ::-1]


def colours(values, vectors, z):
    return 0.1 * (z * np.sqrt(values)) @ vectors.T


def pca_jitter(images, values, vectors, rng):
    z = rng.standard_normal((len(images), 3))
    noise = colours(values, vectors, z)
    return images + noise[:, None, None, :]


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("vectors[:, ::-1]", "vectors[:, ::-1].T", "The eigenvectors are the COLUMNS"),
    ("vectors[:, ::-1]", "vectors[::-1]", "were they sorted together?"),
    ("return values[::-1], vectors[:, ::-1]", "return values, vectors", "the largest comes first"),
    ("return values[::-1], vectors[:, ::-1]", "return values[::-1], vectors", "sorted together?"),
    ("pixels - pixels.mean(axis=0)", "pixels", "Is the mean subtracted?"),
    (
        "images.reshape(-1, 3).astype(float)",
        "images.mean(axis=(1, 2))",
        "over all pixels of all pictures",
    ),
    (") @ vectors.T", ") @ vectors", "The vectors are transposed"),
    ("np.sqrt(values)", "values", "Eigenvalues are variances"),
    ("0.1 * (z", "(z", "The factor 0.1 is missing"),
    ("(len(images), 3)", "(1, 3)", "draw one for each"),
    (
        "return images + noise[:, None, None, :]",
        "return images + colours(values, vectors, rng.standard_normal(images.shape))",
        "It is the light that changes",
    ),
    (
        "return images + noise[:, None, None, :]",
        "return (images + noise[:, None, None, :]).astype(np.uint8)",
        "wrap around at 255",
    ),
    ("noise = colours(values, vectors, z)", "noise = 0.1 * z * np.sqrt(values)", "multiply by the"),
    (
        "noise = colours(values, vectors, z)",
        "noise = colours(values, vectors.T, z)",
        "TRANSPOSED vectors give",
    ),
    ("rng.standard_normal", "rng.random", "on average, and should be 0"),
    ("rng.standard_normal", "np.random.standard_normal", "draw from rng"),
)
