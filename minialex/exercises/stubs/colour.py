"""Exercise 9: noise along the principal components of colour.

Write the three functions, then: minialex exercise check 9
"""


def principal_components(images):
    """Return values (3,) and vectors (3, 3) of the covariance of all pixels' colours.

    images is uint8 (N, H, W, 3): N * H * W colours, whose mean is not zero. values are the
    eigenvalues, the largest first, and vectors[:, k] is the eigenvector that belongs to values[k].
    numpy.linalg.eigh may be used.
    """


def colours(values, vectors, z):
    """Return the colours (N, 3) that draws z ~ N(0, 1), of shape (N, 3), stand for.

    In the form of the authors' code: 0.1 times the sum over k of z_k sqrt(values[k]) p_k, with
    p_k = vectors[:, k].
    """


def pca_jitter(images, values, vectors, rng):
    """Return float64 pictures like images (N, H, W, 3), in other light.

    One colour is drawn from `rng`, a numpy.random.Generator, for each picture, and added to all of
    its pixels. Nothing is clipped or divided, and images stays as it is.
    """
