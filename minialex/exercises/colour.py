"""Exercise 9: noise along the principal components of colour."""

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all
from minialex.strategies import seeds

DRAWS = 20_000  # a covariance of so many draws is off by some 2 % of its largest entry


def covariance(values, vectors, power=1.0):
    """P diag(values^power) P^T, summed term by term."""
    return sum(values[k] ** power * np.outer(vectors[:, k], vectors[:, k]) for k in range(3))


def components(seed):
    """Eigenvalues, and eigenvectors whose transpose is something else."""
    rng = np.random.default_rng(seed)
    values = np.array([9000.0, 900.0, 100.0]) * rng.uniform(0.7, 1.4, 3)
    while True:
        vectors = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        if np.abs(covariance(values, vectors) - covariance(values, vectors.T)).max() > 2000:
            return values, vectors


def pictures(seed, shape):
    """uint8 pictures whose colours differ most along one skew direction."""
    rng = np.random.default_rng(seed)
    mix = np.array([[40, 6, -4], [22, 18, 6], [-12, 16, 8]])[rng.permutation(3)]
    colours = 128 + np.clip(rng.standard_normal((*shape, 3)), -2.2, 2.2) @ mix.T
    return colours.round().clip(0, 255).astype(np.uint8)


def checked(got, shapes, call):
    """Return arrays of these shapes, or raise."""
    expect(None if got is None else 0, 0, call)
    parts = got if isinstance(got, tuple | list) else (got,)
    if len(parts) != len(shapes):
        raise Wrong(f"{call} should give {len(shapes)} things, and gave {len(parts)}")
    for part, shape in zip(parts, shapes, strict=True):
        expect(np.shape(part), shape, f"the shape of {call}")
    return [np.asarray(part, dtype=float) for part in parts]


SHAPES = st.sampled_from([(4, 5, 6), (1, 12, 9), (30, 3, 2)])


def check_components(answer) -> None:
    """the principal components of the pixels, in columns"""

    @for_all(seeds(), SHAPES, examples=30)
    def _(seed, shape):
        images = pictures(seed, shape)
        call = f"principal_components(images {images.shape})"
        values, vectors = checked(answer.principal_components(images), [(3,), (3, 3)], call)
        pixels = [images[i].astype(float) for i in np.ndindex(shape)]
        mean = sum(pixels) / len(pixels)
        C = sum(np.outer(x - mean, x - mean) for x in pixels) / len(pixels)
        slack = 0.02 * np.trace(C)  # 1/N or 1/(N - 1): both are covariances
        if values[0] < values[2]:
            raise Wrong(f"{call}: the values {values.round(1)} ascend; the largest comes first")
        if abs(values.sum() - np.trace(C)) > slack:
            raise Wrong(
                f"{call}: the values add up to {values.sum():.6g}, and should to "
                f"{np.trace(C):.6g}, the variances of red, green and blue over all pixels of all "
                "pictures. Is the mean subtracted? Is it done in float, not in uint8? Are these "
                "variances, not their roots?"
            )
        if not np.allclose(vectors.T @ vectors, np.eye(3), atol=1e-5):
            raise Wrong(f"{call}: the vectors are not of length 1 and at right angles")
        if not np.allclose(C @ vectors, vectors * values, atol=2 * slack):
            why = "each value belongs to the column in its place; were they sorted together?"
            if np.allclose(C @ vectors.T, vectors.T * values, atol=2 * slack):
                why = (
                    "for vectors[0, :] it is, so the vectors are transposed. The eigenvectors are "
                    "the COLUMNS, as eigh returns them"
                )
            raise Wrong(
                f"{call}: the covariance times vectors[:, 0] is not values[0] times it; {why}"
            )


def check_colours(answer) -> None:
    """a draw along one component moves along one column"""

    @for_all(seeds(), st.integers(0, 2), examples=30)
    def _(seed, k):
        values, vectors = components(seed)
        z = np.zeros((2, 3))
        z[1, k] = 1
        call = f"colours(values, vectors, z), z[1, {k}] = 1 and else 0"
        (got,) = checked(answer.colours(values, vectors, z), [(2, 3)], call)
        step = 0.1 * values[k] ** 0.5
        hints = {
            "The vectors are transposed: the eigenvectors are the COLUMNS of vectors": (
                step * vectors[k, :]
            ),
            "Eigenvalues are variances: take their roots": 0.1 * values[k] * vectors[:, k],
            "The factor 0.1 is missing": 10 * step * vectors[:, k],
        }
        hint = next((h for h, wrong in hints.items() if np.allclose(got[1], wrong)), "")
        right = np.stack([np.zeros(3), step * vectors[:, k]])
        expect(got, right, call, hint or f"That is 0.1 * sqrt(values[{k}]) * vectors[:, {k}].")


def check_jitter(answer) -> None:
    """each picture is shifted by one colour of its own"""

    @for_all(seeds(), st.sampled_from([(3, 4, 5), (2, 1, 6), (5, 3, 1)]), examples=30)
    def _(seed, shape):
        images, (values, vectors) = pictures(seed, shape), components(seed)
        before = images.copy()
        call = f"pca_jitter(images {images.shape}, ...)"
        result = answer.pca_jitter(images, values, vectors, np.random.default_rng(seed))
        if (images != before).any():
            raise Wrong(f"{call} changed the pictures that it was given: make new ones")
        (got,) = checked(result, [images.shape], call)
        if np.asarray(result).dtype.kind != "f":
            raise Wrong(
                f"{call} gave {np.asarray(result).dtype}: grey levels of uint8 wrap around at 255 "
                "and 0; return floats"
            )
        if np.asarray(result).dtype != np.float64:
            raise Wrong(f"{call} gave {np.asarray(result).dtype}, and should give float64")
        shift = got - before
        if np.abs(shift - shift[:, :1, :1]).max() > 1e-6:
            raise Wrong(
                f"{call} shifts the pixels of a picture by different colours. It is the light that "
                "changes: one draw of three numbers for each picture (and nothing is clipped)"
            )
        if np.abs(shift[0, 0, 0] - shift[1, 0, 0]).max() < 1e-6:
            raise Wrong(f"{call} shifts all pictures by the same colour: draw one for each")
        again = answer.pca_jitter(images, values, vectors, np.random.default_rng(seed))
        if (np.asarray(again) != got).any():
            raise Wrong("two generators of the same seed gave different pictures: draw from rng")


def check_covariance(answer) -> None:
    """the covariance of the added noise, over 20,000 draws"""

    @for_all(seeds(), examples=5)
    def _(seed):
        values, vectors = components(seed)
        grey = np.full((DRAWS, 1, 1, 3), 128, np.uint8)
        rng = np.random.default_rng(seed)
        call = "pca_jitter of 20,000 grey pictures"
        (got,) = checked(answer.pca_jitter(grey, values, vectors, rng), [grey.shape], call)
        noise = got[:, 0, 0] - 128
        spread = noise.std(axis=0)
        if (np.abs(noise.mean(axis=0)) > 6 * spread / DRAWS**0.5 + 1e-9).any():
            raise Wrong(
                f"{call}: the noise is {noise.mean(axis=0).round(1)} on average, and should be 0"
            )
        measured = noise.T @ noise / DRAWS
        right = 0.01 * covariance(values, vectors)

        def near(other):
            return np.abs(measured - other).max() < 0.06 * np.abs(other).max()

        if near(right):
            return
        reasons = {
            "that is what the TRANSPOSED vectors give: the eigenvectors are the columns": (
                0.01 * covariance(values, vectors.T)
            ),
            "that is 0.01 C^2: the values were not rooted": 0.01 * covariance(values, vectors, 2),
            "that is C itself: the factor 0.1 is missing": covariance(values, vectors),
            "the noise has the right size but the axes of red, green and blue: multiply by the "
            "vectors": np.diag(0.01 * values),
        }
        why = next((reason for reason, other in reasons.items() if near(other)), "")
        raise Wrong(
            f"{call}: the covariance of the noise should be 0.01 times that of the colours,\n"
            f"{right.round(1)},\nand is\n{measured.round(1)}" + (f":\n{why}" if why else "")
        )


CHECKS = (check_components, check_colours, check_jitter, check_covariance)
