"""AlexNet from scratch in NumPy.

Names are imported on first use (PEP 562): `import minialex` alone loads neither NumPy nor Numba.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Sequential": "minialex.network",
    "build": "minialex.models",
    "MODELS": "minialex.models",
    "SGD": "minialex.optim",
    "Adam": "minialex.adam",
    "Config": "minialex.config",
    "fit": "minialex.train",
    "InputError": "minialex.errors",
    "load": "minialex.run",
}
__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'minialex' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
