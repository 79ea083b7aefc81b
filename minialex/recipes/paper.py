"""The paper's training, as it describes it and as its code ran it."""

from minialex.recipes.recipe import Recipe

# What Krizhevsky's ImageNet trainings share, in the paper and in the code.
IMAGENET = {
    "data": "imagenet", "load_size": 256, "image_size": 224, "crop": 0, "flip": True, "views": 10,
    "pixels": "0-255", "mean": "image",
    "batch_size": 128, "lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4,
}  # fmt: skip

PAPER = Recipe(
    "AlexNet as its paper describes the training",
    "Krizhevsky, Sutskever, Hinton 2012, sections 4, 4.1 and 5",
    {
        **IMAGENET, "model": "alexnet-2012-224", "epochs": 90, "schedule": "plateau", "patience": 5,
        "colour": "paper",
    },
    (
        "Data: ImageNet 2012 in class folders; --data DIR takes any others.",
        "Pixels are grey levels of 0-255 minus the mean picture. The paper names no scale; that of "
        "its code is taken, because lr, sigma and LRN's alpha have their meaning in it.",
        "The rate falls when validation stalls, three times. How long a stall lasts is not said: "
        "here 5 epochs without a better accuracy on a tenth of the training pictures, while the "
        "paper has ImageNet's validation set and a person who watches.",
        "Colour noise is multiplied by the eigenvalues, as section 4.1 has it. They are variances: "
        "on ImageNet a picture's colour would move by 1483 grey levels (one standard deviation), "
        "which cannot be what was run; --colour coded is.",
        "The rule of section 5 speaks of weights; as in the code, biases do not decay.",
        "The mean picture has 256x256 pixels and is subtracted before the crop.",
    ),
)  # fmt: skip

KRIZHEVSKY = Recipe(
    "AlexNet as its code was run: 40.66 % top-1, 18.21 % top-5 error",
    "computerhistory/AlexNet-Source-Code: layers/layer-params-145.cfg and convdata_jpeg.py",
    {
        **IMAGENET, "model": "alexnet-2012-coded", "epochs": 91, "schedule": "step",
        "milestones": (25, 51, 79), "val_size": 0,
        "lr_scale": {"*.b": 2.0},
        "lr_changes": (
            (25, "*.b", 20.0), (51, "*.b", 200.0),
            (67, "conv1.W", 0.1), (72, "conv1.*", 0.0),
            (79, "*.b", 2000.0), (79, "conv1.*", 0.0),
        ),
        "crop_chunk": 32, "colour": "coded", "colour_epochs": 67,
    },
    (
        "Data: ImageNet 2012 in class folders; --data DIR takes any others.",
        "Pixels are grey levels of 0-255 minus the mean picture. The original subtracts the centre "
        "of the mean picture from every crop; here the mean is subtracted before the crop.",
        "Rates: 0.01, 0.001, 0.0001, 0.00001 for weights; the log lowers epsW only, and the file's "
        "epsB is 0.02 to the end. So biases keep 0.02: the growing factors of lr_changes undo the "
        "schedule. Biases do not decay.",
        "conv1 has 0.00001 after 67 epochs and is frozen after 72, weights and biases. When the "
        "log sets a value in epoch 67, here it holds after 67 whole epochs.",
        "A person watched and chose the epochs; nothing is held out, and the last weights count.",
        "Pictures that share a crop and a flip are neighbours in the shuffled batch here, and in a "
        "file of pictures there, whose order is the same in every epoch.",
        "The original gives the gradient of a pooling window to all maxima, here the first has it.",
    ),
)  # fmt: skip


def figure_1(name: str, lr: float) -> Recipe:
    """Return the training of one curve of figure 1: no regularisation, and a rate of its own."""
    return Recipe(
        f"Figure 1 of the paper, the curve of {name}",
        "Krizhevsky, Sutskever, Hinton 2012, figure 1 and section 3.1",
        {
            "model": f"figure1-{name}", "data": "cifar10", "image_size": 32, "epochs": 15,
            "batch_size": 128, "lr": lr, "momentum": 0.9, "weight_decay": 0.0,
            "schedule": "constant", "val_size": 0, "flip": False, "crop": 0,
            "pixels": "unit-variance", "mean": "channel",
        },
        (
            "The paper says that the network has four layers, that nothing regularises it, and "
            "that each rate was chosen to make training as fast as possible. Here each is the one "
            "of 0.003, 0.01, 0.03 and 0.1 that came to 25 % training error in the fewest epochs "
            "(docs/results/figure1/search): 8 with ReLU, for which 0.03 did as well, 10 with tanh.",
            "Pixels are grey levels divided by the standard deviation of their channel, after its "
            "mean is subtracted.",
        ),
    )  # fmt: skip


FIGURE_1 = {
    "figure1-relu": figure_1("relu", 0.01),
    "figure1-tanh": figure_1("tanh", 0.03),
}
