"""Exercise 11: three steps by hand.

Write both functions, then: minialex exercise check 11
"""


def sgd_step(w, v, g, lr, momentum=0.9, decay=5e-4):
    """Return w and v after one step of the paper's rule (section 5), as a pair.

    w, v, g are numbers, or arrays of one shape: the weights, their velocity (0 before the first
    step), the gradient of the loss. `lr` is the rate of this step; it may have been another one
    before. None of the caller's arrays may change.
    """


def network_step(params, velocity, grads, lr, momentum=0.9, decay=5e-4):
    """Return new params and velocity after one step, as two dictionaries with the same keys.

    Names such as "conv1.W" and "conv1.b" lead to arrays. As in run 145, parameters whose names end
    in ".b" are biases: they learn at twice the rate and do not decay. Use sgd_step.
    """
