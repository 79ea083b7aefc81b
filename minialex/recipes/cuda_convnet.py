"""Krizhevsky's trainings on CIFAR-10, from the parameter files beside his networks.

epsW and epsB of those files are lr and twice lr, wc is the weight decay, and biases do not decay.
"""

from typing import Any

from minialex.recipes.recipe import Recipe

FILES = "dnouri/cuda-convnet: example-layers/layer-params-{}.cfg"
METHOD = f"{FILES.format('conv-local-{}')} and the wiki's page Methodology"

WHOLE: dict[str, Any] = {  # pictures of 32x32, all of them, without augmentation
    "data": "cifar10", "image_size": 32, "batch_size": 128, "val_size": 0,
    "lr": 0.001, "lr_scale": {"*.b": 2.0}, "momentum": 0.9, "weight_decay": 0.004,
    "flip": False, "crop": 0, "pixels": "0-255", "mean": "image",
}  # fmt: skip
CROPPED: dict[str, Any] = {  # 24x24 of them and their mirror images; convolutions do not decay
    **WHOLE, "load_size": 32, "image_size": 24, "flip": True, "decay": {"conv*.W": 0.0},
}  # fmt: skip

ORDER = (
    "Pixels are grey levels of 0-255 minus the mean picture.",
    "The original takes its five files in the same order in every epoch and ends a step with each "
    "file, so that every 79th batch has 16 pictures; here every epoch has a new order. It gives "
    "the gradient of a pooling window to all maxima, here the first has it.",
)
CENTRE = "The original subtracts the centre of the mean picture from every crop; here the mean is subtracted before the crop."  # noqa: E501
HELD_OUT = (
    "The fifth file is held out there, 10,000 pictures drawn by the seed here. The weights that "
    "were best on them are kept; the original goes on with the last ones.",
)
RATES = (
    "Only the rate of the weights falls (epsW in the source); biases keep 0.002, so that their "
    "factor grows.",
    "--init RUN names the run of the first stage, and the last layer is taken from it too. The "
    "velocity starts at 0 here; there it goes on.",
)

TEN_VIEWS = (
    "Ten views: corners and centre, and their mirror images. They came in the commit that these "
    "files came in (13 March 2012); before, and in cuda-convnet2, there are nine, 3x3 places."
)
ELEVEN = {**CROPPED, "decay": {**CROPPED["decay"], "fc*.W": 0.01}, "views": 10}


def _two_stages(
    name: str, values: dict[str, Any], epochs: tuple[int, int], notes: tuple[str, ...]
) -> dict[str, Recipe]:
    """Return the stage with a fifth held out, and the one with everything; lr/10 twice at its end.

    epochs : of the first stage, and of the second before the rate falls; 10 follow each fall.
    """
    model, source = f"cuda-convnet-{name}", METHOD.format(name)
    first, second = epochs
    drops = (second, second + 10)
    first_stage = {"model": model, "epochs": first, "schedule": "constant", "val_size": 10_000}
    second_stage = {
        "model": model, "epochs": second + 20, "schedule": "step", "milestones": drops,
        "lr_changes": tuple((drop, "*.b", 2.0 * 10 ** (k + 1)) for k, drop in enumerate(drops)),
        "init_all": True,
    }  # fmt: skip
    error = name.removesuffix("pct")
    return {
        model: Recipe(
            f"CIFAR-10, {error} % error, first stage: four fifths of the pictures",
            source, values | first_stage, (*ORDER, CENTRE, *HELD_OUT, *notes),
        ),
        f"{model}-all": Recipe(
            f"CIFAR-10, {error} % error, second stage: all pictures, from --init RUN",
            source, values | second_stage, (*ORDER, CENTRE, *RATES, *notes),
        ),
    }  # fmt: skip


CUDA_CONVNET = {
    "cuda-convnet-80sec": Recipe(
        "CIFAR-10 in 80 seconds: 26 % error",
        FILES.format("80sec"),
        {
            **WHOLE, "model": "cuda-convnet-80sec", "decay": {"fc*.W": 0.03},
            "schedule": "step", "milestones": (8,), "epochs": 10,
        },
        (*ORDER, "lr/10 after 8 epochs; how many follow is not said, and 2 is a guess."),
    ),
    "cuda-convnet-19pct": Recipe(
        "CIFAR-10 in 20 minutes: 19 % error",
        FILES.format("19pct"),
        {
            **WHOLE, "model": "cuda-convnet-19pct", "decay": {"fc*.W": 3.0},
            "schedule": "step", "milestones": (120, 130), "epochs": 140,
        },
        (*ORDER, "The source states no schedule: this is that of cuda-convnet-18pct."),
    ),
    "cuda-convnet-18pct": Recipe(
        "CIFAR-10, 18 % error without augmentation",
        FILES.format("18pct"),
        {
            **WHOLE, "model": "cuda-convnet-18pct", "decay": {"fc*.W": 1.0},
            "schedule": "step", "milestones": (120, 130), "epochs": 140,
        },
        (*ORDER, "All rates fall, those of biases too. What follows the second fall is not said: "
         "10 epochs, as in the recipes with crops."),
    ),
    **_two_stages(
        "13pct", {**CROPPED, "views": 10}, (100, 40),
        ("Ten views: corners and centre, and their mirror images. With them the source's run has "
         "12.6 % error.",),
    ),
    **_two_stages("11pct", ELEVEN, (350, 150), (TEN_VIEWS,)),
    "cuda-convnet-11pct-short": Recipe(
        "CIFAR-10, the network of 11 % error in 100 epochs instead of 520",
        METHOD.format("11pct"),
        {
            **ELEVEN, "model": "cuda-convnet-11pct", "epochs": 100,
            "schedule": "linear", "lr": 0.004,
        },
        (*ORDER, CENTRE, TEN_VIEWS,
         "One stage of 100 epochs on all pictures. The source has 350 on four fifths of them and "
         "170 on all, at 0.001 until it falls twice at the end; here the rate of the weights rises "
         "to 0.004 in the first ten epochs and falls to 0 in a line, that of biases with it."),
    ),
}  # fmt: skip
