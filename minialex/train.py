"""Training a network on pictures: what to call."""

import warnings
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from minialex import resume as state
from minialex import tables, threads
from minialex.backend import Array, device
from minialex.config import Config
from minialex.data import Dataset, Splits
from minialex.errors import InputError
from minialex.failures import out_of_memory
from minialex.interrupt import Interrupt
from minialex.loop import History, Training
from minialex.network import Sequential
from minialex.profile import Profile
from minialex.progress import Silent
from minialex.run import read_config


def fit(
    network: Sequential,
    data: Splits | Dataset | tuple[Array, Array],
    config: Config = Config(),  # noqa: B008 (frozen)
    *,
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Silent | None = None,
    profile: bool = False,
) -> History:
    """Train a network; afterwards it holds the weights that were best on the held-out pictures.

    With val_size=0 nothing is held out, and the last weights are the result. The network moves to
    the configuration's device, and stays there.

    Parameters
    ----------
    network : Sequential
        Its output is one row of logits a picture: one for each class.
    data : Splits, Dataset, or (images, labels)
        Images uint8 (N, H, W, 3), labels int (N,). A part is held out for validation. The test
        pictures of `Splits` are measured once, at the end.
    config : Config
        How to train. What it says of model, data and picture size is replaced by what is given.
    folder : path, optional
        Run folder for checkpoints, log and result (see `minialex.run`).
    resume : bool
        Go on where the run in `folder` stopped, to the same bits as without the stop.
    progress : Lines or Bar, optional
        From `minialex.progress`; nothing is shown by default.
    profile : bool
        Print the time per layer and phase, and the peak memory, at the end.

    Raises
    ------
    InputError
        Data and network do not fit together, `folder` holds weights or files that would be
        overwritten, or a run of another configuration or of other pictures, or the device cannot be
        used or has too little memory.
    TrainingError
        The loss became NaN or infinite; the message says where, and the last checkpoint is good.
    Interrupted
        Ctrl-C; the state was saved before.

    Examples
    --------
    >>> import numpy as np
    >>> from minialex import layers, network
    >>> table = [("flatten1", layers.Flatten()), ("fc2", layers.Linear(2))]
    >>> dark_or_bright = network.Sequential(table, (4, 4, 3))
    >>> labels = np.arange(40) % 2
    >>> images = np.full((40, 4, 4, 3), 100, np.uint8)
    >>> images[labels == 1] = 150
    >>> history = fit(dark_or_bright, (images, labels), Config(epochs=3, batch_size=8))
    >>> len(history.log), history.result.val_accuracy
    (3, 1.0)
    """
    if profile and config.device != "cpu":
        raise InputError(f"--profile times what a CPU does, not --device {config.device}")
    with (
        threads.use(config.threads),
        warnings.catch_warnings(),
        progress or Silent() as shown,
    ):
        warnings.simplefilter("ignore", RuntimeWarning)  # overflow: the loop itself looks for it
        folder = None if folder is None else Path(folder)
        if folder and not resume:
            _refuse_to_overwrite(folder)
        train, test = _train_and_test(data, network, config)
        try:
            with device(config.device):
                training = Training(network.to(config.device), train, test, config, folder, shown)
                if resume:
                    state.restore(training)
                timed = Profile(network, training.optimiser, training.loader)
                with Interrupt() as interrupt, timed if profile else nullcontext():
                    history = training.run(interrupt)
        except MemoryError:
            if config.device == "cpu":
                raise
            raise out_of_memory(network, config.batch_size, config.device) from None
    if profile:
        timed.print()
    return history


def _refuse_to_overwrite(folder: Path) -> None:
    """Refuse a folder with weights, trained or imported, or with a file that would be replaced."""
    if (folder / "last.safetensors").exists():
        raise InputError(
            f"{folder} already holds a run: choose another --out, or --resume {folder}"
        )
    if found := sorted(folder.glob("*.safetensors")):
        raise InputError(
            f"{folder} already holds {found[0].name}: choose another --out; --init {folder} begins "
            "with its weights"
        )
    files = ("config.json", "log.csv", "result.json", "curves.png")
    if not (left := [name for name in files if (folder / name).exists()]):
        return
    if left == ["config.json"]:  # of a run that ended before its first epoch did
        with suppress(InputError):
            read_config(folder)
            return
    raise InputError(f"{folder} already holds {left[0]}: choose another --out, or remove it")


def _train_and_test(
    data: Any, network: Sequential, config: Config
) -> tuple[Dataset, Dataset | None]:
    """Return what `fit` was given as data sets, checked against the network."""
    if len(network.output_shape) != 1:
        raise InputError(
            f"{network.name} ends with {network.layers[-1].name}, whose output is "
            f"{tables.shape(network.output_shape)}: training needs a network with a classifier, "
            "which gives one number for each class"
        )
    (classes,) = network.output_shape
    test = None
    if isinstance(data, Splits):
        train, test = data
    elif isinstance(data, Dataset):
        train = data
    else:
        images, labels = data
        train = Dataset(images, labels, tuple(map(str, range(classes))), "arrays")
    shape = network.input_shape
    if config.load_size:
        shape = (config.load_size, config.load_size, shape[-1])
    crops = f"; load_size={config.load_size} asks for {shape}" if config.load_size else ""
    for part in (train, test):
        if part and (part.images.shape[1:] != shape or len(part.classes) != classes):
            raise InputError(
                f"{part.name}: pictures of shape {part.images.shape[1:]} in {len(part.classes)} "
                f"classes do not fit {network.name}, which takes {network.input_shape} and has "
                f"{classes} outputs{crops}"
            )
    if test and test.classes != train.classes:
        raise InputError(f"{test.name}: the classes of the test differ from those of the training")
    return train, test
