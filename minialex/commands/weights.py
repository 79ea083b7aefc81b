"""The commands that exchange weights with PyTorch."""

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from minialex.config import Config
from minialex.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from minialex.data.pixels import Pixels
    from minialex.network import Sequential

# How torchvision's pretrained classifiers were given pictures: pytorch/vision,
# torchvision/transforms/_presets.py, ImageClassification, and models/alexnet.py
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGENET_SIZE, IMAGENET_LOAD_SIZE = 224, 256
UNKNOWN = "unknown"  # the data of a run for which none was named


def import_torch(
    file: Path,
    out: Path,
    /,
    *,
    model: str = "torchvision-alexnet",
    classes: Path | None = None,
    image_size: int | None = None,
    load_size: int | None = None,
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    std: tuple[float, float, float] = IMAGENET_STD,
    data: str = UNKNOWN,
) -> None:
    """Make a run out of weights that were trained with PyTorch.

    `minialex predict` and `minialex.load` use the run like any other, and `minialex train --init`
    goes on from it. A run of 224 pixels takes them from the centre of pictures whose shorter side
    was resized to 256, as torchvision does; where the longer side is an odd number of pixels then,
    torchvision's crop lies half a pixel beside ours.

    Parameters
    ----------
    file
        State dict: .safetensors, or .pth where PyTorch is installed.
    out
        Run folder to make.
    model
        The same architecture: one that `minialex models` lists.
    classes
        File with the name of a class in each line. Default: "class 0" and so on.
    image_size
        Height and width of the pictures. Default: that of the model.
    load_size
        Size that pictures are resized to before the centre is cut out. Default: 256 for 224.
    mean
        What was subtracted from red, green and blue, which go from 0 to 1.
    std
        What they were divided by then.
    data
        Data set or folder to evaluate the run on.
    """
    import numpy as np

    from minialex.data.pixels import Pixels

    if out.exists():
        raise InputError(f"{out} exists already; name a new folder")
    if not all(map(math.isfinite, (*mean, *std))) or min(std) <= 0:
        raise InputError(f"--mean {mean} --std {std}: give finite numbers, and --std above 0")
    settings = Config(model=model, data=data, image_size=image_size, pixels="0-1", mean="channel")
    network = _network(file, model, image_size)
    names = _class_names(classes, network.output_shape[0])
    size = network.input_shape[0]
    if load_size is None and size == IMAGENET_SIZE:
        load_size = IMAGENET_LOAD_SIZE
    settings = replace(settings, image_size=size, load_size=load_size)
    pixels = Pixels("0-1", "channel", np.array(mean, np.float32), np.array(std, np.float32))
    _write_run(out, settings, network, pixels, names)
    count = sum(param.size for param in network.params.values())
    print(
        f"{out} holds {model} with {count:,} parameters and {len(names)} classes. Try next:\n"
        f"  minialex predict {out} PICTURE.jpg"
    )


def export_torch(run: Path, file: Path, /, *, checkpoint: str = "best") -> None:
    """Write the weights of a run as a state dict for PyTorch.

    Keys are torchvision's for torchvision-alexnet, and else the layers' own names: conv1.weight,
    conv1.bias. PyTorch loads them strictly into modules of these names.

    Parameters
    ----------
    run
        Run folder.
    file
        New file: .safetensors, or .pth where PyTorch is installed.
    checkpoint
        best, last, or a numbered one such as epoch-010.
    """
    from minialex import state_dict
    from minialex.convert import to_torch
    from minialex.run import load

    state_dict.check_suffix(file)
    if file.exists():
        raise InputError(f"{file} exists already; name a new file")
    trained = load(run, checkpoint)
    state = to_torch(trained.network)
    state_dict.write(file, state)
    pixels = trained.pixels
    mean = "the mean picture" if pixels.centre == "image" else _numbers(pixels.mean)
    print(
        f"wrote {file}: {len(state)} tensors, {', '.join(list(state)[:2])} and so on. The network "
        f"expects pictures with levels from 0 to {1 if pixels.scale == '0-1' else 255}, minus "
        f"{mean}, divided by {_numbers(pixels.std)}"
    )


def _numbers(array: "np.ndarray") -> str:
    return f"({', '.join(f'{number:.4g}' for number in array)})"


def _network(file: Path, name: str, image_size: int | None) -> "Sequential":
    """Return a model with the weights in a file, and with as many classes as these have."""
    import numpy as np

    from minialex import convert, models, state_dict

    state, in_order = state_dict.read(file), file.suffix != ".safetensors"
    network = models.build(name, image_size=image_size)
    if len(network.output_shape) != 1:
        raise InputError(f"{name} ends in pictures, {network.output_shape}: a run needs classes")
    wanted = convert.layouts(network)
    keys = state_dict.matched(wanted, state, f"{file} does not fit {name}", in_order)
    outputs = state[keys[wanted[-1].name]].shape  # the last bias has a number for each class
    if len(outputs) == 1 and outputs != network.output_shape:
        network = models.build(name, classes=outputs[0], image_size=image_size)
    convert.from_torch(network, state, str(file), in_order)
    for parameter, array in network.params.items():
        if not np.isfinite(array).all():
            raise InputError(f"{file}: {keys[parameter]} has NaN or infinite numbers")
    return network


def _class_names(file: Path | None, count: int) -> list[str]:
    if file is None:
        return [f"class {i}" for i in range(count)]
    try:
        names = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except FileNotFoundError:
        raise InputError(f"--classes {file}: there is no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"--classes {file}: not a text in UTF-8") from None
    names = [name for name in names if name]
    if len(names) != count:
        raise InputError(
            f"--classes {file} names {len(names)} classes, but the weights have {count} outputs; "
            "give one name a line"
        )
    return names


def _write_run(
    out: Path, settings: Config, network: "Sequential", pixels: "Pixels", classes: Sequence[str]
) -> None:
    """Make the run folder as a whole: under another name, and then renamed."""
    from minialex import checkpoint
    from minialex.run import write_config

    folder = out.with_name(f"{out.name}.{os.getpid()}.tmp")
    tensors = {f"pixels.{name}": array for name, array in pixels.arrays().items()}
    try:
        write_config(folder, settings, network, pixels, classes, {})
        checkpoint.save([folder / "best.safetensors"], {**network.params, **tensors}, {})
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
