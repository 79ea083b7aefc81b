"""A right answer to exercise 14, and what turns it into plausible wrong ones."""


def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump


def layers_to_see(size):
    return size // 2


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    (  # the layer's own stride comes too early
        "        size += (kernel - 1) * jump\n        jump *= stride\n",
        "        jump *= stride\n        size += (kernel - 1) * jump\n",
        "its own stride comes later",
    ),
    ("(kernel - 1) * jump", "kernel * jump", "reaches k - 1 steps further"),
    ("(kernel - 1) * jump", "(kernel - 1)", "steps on the map below it"),
    ("(kernel - 1) * jump", "(kernel - 1) * stride", "steps on the map below it"),
    ("jump *= stride", "jump += stride", "each step is a jump"),
    ("jump *= stride", "jump = stride", "each step is a jump"),
    ("size, jump = 1, 1", "size, jump = 0, 1", "a pixel sees 1 pixel"),
    (  # the recursion from the last layer down, run from the first layer up
        "size += (kernel - 1) * jump",
        "size = (size - 1) * stride + kernel",
        "steps on the map below it",
    ),
    ("return size, jump", "return size", "should return two numbers"),
    ("return size // 2", "return (size - 1) // 2", "layers_to_see(2) gave 0, and should give 1"),
    ("return size // 2", "return size // 3", "layers_to_see(2) gave 0, and should give 1"),
)
