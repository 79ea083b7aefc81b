"""Exercise 14: receptive fields.

Write both functions, then: minialex exercise check 14
"""


def receptive_field(layers):
    """Return size and jump of the receptive field behind these layers, as a pair.

    `layers` is a list of (kernel, stride), the first layer first. The size is how many pixels of a
    row lie between the first and the last that one number sees, both included; the jump is how many
    pixels further its neighbour's field begins. No layers at all: (1, 1).
    """


def layers_to_see(size):
    """Return how many 3x3 convolutions of stride 1 it takes to see at least `size` pixels."""
