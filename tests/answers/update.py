"""A right answer to exercise 11, and what turns it into plausible wrong ones."""


def sgd_step(w, v, g, lr, momentum=0.9, decay=5e-4):
    v = momentum * v - lr * (g + decay * w)
    return w + v, v


def network_step(params, velocity, grads, lr, momentum=0.9, decay=5e-4):
    new_params, new_velocity = {}, {}
    for name, w in params.items():
        rate, pull = (2 * lr, 0.0) if name.endswith(".b") else (lr, decay)
        new_params[name], new_velocity[name] = sgd_step(
            w, velocity[name], grads[name], rate, momentum, pull
        )
    return new_params, new_velocity


STEP = """    v = momentum * v - lr * (g + decay * w)
    return w + v, v
"""
WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    (  # PyTorch's form
        STEP,
        "    v = momentum * v + g + decay * w\n    return w - lr * v, v\n",
        "Old gradients keep the rate at which they were felt",
    ),
    ("- lr * (g +", "+ lr * (g +", "Downhill, against the gradient"),
    (  # decoupled
        STEP,
        "    v = momentum * v - lr * g\n    return w + v - lr * decay * w, v\n",
        "The velocity remembers the decay as it does the gradient",
    ),
    ("lr * (g + decay * w)", "lr * g - decay * w", "times the rate: lr (decay w + g)"),
    (  # the decay pulls at what the gradient has moved already
        STEP,
        "    v = momentum * v - lr * g\n    w = w + v\n"
        "    return w - lr * decay * w, v - lr * decay * w\n",
        "It pulls at the old w",
    ),
    ("v = momentum * v -", "v = momentum * v - (1 - momentum) *", "Downhill, against the gradient"),
    ("v = momentum * v -", "v = -", "Each step keeps 0.9 of the one before it"),
    (  # right, but for the sign of what it remembers
        STEP,
        "    v = momentum * v + lr * (g + decay * w)\n    return w - v, v\n",
        "v is the step itself, rate and sign included",
    ),
    (  # in place
        STEP,
        "    v *= momentum\n    v -= lr * (g + decay * w)\n    w += v\n    return w, v\n",
        "sgd_step changed the caller's w",
    ),
    ("(2 * lr, 0.0)", "(2 * lr, decay)", "no decay"),
    ("(2 * lr, 0.0)", "(lr, 0.0)", "twice the rate"),
    ("return w + v, v", "w + v", "is it written yet?"),
    (  # right, but it writes into what it was given
        "    return new_params, new_velocity",
        "    for name in velocity:\n        velocity[name][...] = new_velocity[name]\n"
        "    return new_params, velocity",
        "network_step changed the caller's velocity",
    ),
)
