"""Numba kernels for the hot paths, each equal to the reference in `minialex.layers`.

The folder stands at the top of the repository, because it is read on its own, and is installed as
`minialex.kernels`. It never imports `minialex`.
"""

if __name__ != "minialex.kernels":
    raise ImportError(
        f"this folder was imported as {__name__!r}: it is the package minialex.kernels. "
        "Install the project (`pip install -e .`) and `import minialex.kernels`."
    )
