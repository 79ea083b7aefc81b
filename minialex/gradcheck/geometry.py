"""What the shapes that were given say about a check."""

from typing import Any

from minialex.backend import Array
from minialex.gradcheck.arrays import differentiable, is_array
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.reach import sizes_known
from minialex.gradcheck.remake import KERNELS, STRIDES
from minialex.gradcheck.subject import Subject


def first_array(inputs: list[Any]) -> Array:
    """Return the first array to be differentiated, or else the first array."""
    arrays = sorted(filter(is_array, inputs), key=lambda x: not differentiable(x))
    return arrays[0]


def made_for(subject: Subject, other: Subject) -> bool:
    """Tell whether a layer is for one size of pictures: it knew height and width before it saw x,
    and has not learnt others since."""
    old, new = (first_array(s.inputs).shape for s in (subject, other))
    if not isinstance(subject, LayerSubject) or len(old) != 4 or old[1:] == new[1:]:
        return False
    known = subject.sizes_before & sizes_known(subject.layer)
    return set(old[1:3]) <= known or set(old[2:]) <= known


def friendly(subject: Subject) -> list[str]:
    """Return warnings about a geometry at which wrong layers look right."""
    x, values = first_array(subject.inputs), subject.settings()
    notes = []
    if x.ndim > 1 and len(x) == 1:
        notes.append("one image: a gradient without its sum over the batch looks right")
    if x.ndim == 4 and len(set(x.shape[1:])) < 3:
        notes.append("axes of equal length: swapped axes may look right")
    kernel = next((values[k] for k in sorted(KERNELS & values.keys())), None)
    stride = next((values[k] for k in sorted(STRIDES & values.keys())), None)
    if kernel is not None and kernel == stride:
        notes.append("windows that do not overlap: `gx =` in place of `gx +=` looks right")
    return [f"friendly: {note}" for note in notes]
