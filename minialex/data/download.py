"""Downloads that go on where they stopped, from the first of several addresses that answers."""

import errno
import http.client
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from minialex.data.archive import md5_of
from minialex.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress

HOME = "https://www.cs.toronto.edu/~kriz/"  # of CIFAR
TIMEOUT = 30  # seconds without a byte
BLOCK = 1 << 16  # bytes


def cache_folder() -> Path:
    """Return where downloads lie on this system unless --data-dir says otherwise."""
    import pooch

    return Path(pooch.os_cache("minialex"))


def fetch(name: str, folder: Path, md5: str, mirrors: Sequence[str] = ()) -> Path:
    """Download a file into a folder.

    The addresses are `mirrors`, those in the environment variable MINIALEX_MIRRORS (separated by
    commas or spaces), and CIFAR's home, each followed by the name. A partial file is kept and
    continued, also from another address: the checksum tells whether the whole is right. What
    comes from its beginning instead, or is another file, replaces it once it is whole and right.

    Parameters
    ----------
    name : str
    folder : Path
    md5 : str
    mirrors : sequence of str

    Returns
    -------
    Path
        folder / name

    Raises
    ------
    InputError
        No address gives the file; the message tells what each of them answered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    bases = [*mirrors, *re.split(r"[,\s]+", os.environ.get("MINIALEX_MIRRORS", "")), HOME]
    reasons = []
    for base in filter(None, bases):
        address = f"{base.rstrip('/')}/{name}"
        try:
            _download(address, part, md5)
        except (OSError, ValueError, http.client.HTTPException) as error:
            if getattr(error, "errno", None) == errno.ENOSPC:
                raise
            reasons.append(f"{address}: {error}")
        else:
            return part.replace(folder / name)
    kept = f"\n{part} is kept; the next try goes on from there." if part.exists() else ""
    raise InputError(
        f"{name} could not be downloaded:\n  " + "\n  ".join(reasons) + "\n"
        f"Put {name} into {folder} by hand, name a folder that holds it with --data-dir, "
        f"or add base addresses to MINIALEX_MIRRORS." + kept
    )


def _download(address: str, part: Path, md5: str) -> None:
    """Complete `part`, asking again as long as bytes come, and check it."""
    continued = _size(part) > 0
    while True:
        before = _size(part)
        try:
            _append(address, part, md5)
            break
        except (OSError, http.client.HTTPException):
            if _size(part) <= before:
                raise
    found = md5_of(part)
    if found == md5:
        return
    part.unlink()
    if not continued:
        raise ValueError(f"its md5 checksum is {found} instead of {md5}")
    _download(address, part, md5)  # what was continued may have been the beginning of another file


def _append(address: str, part: Path, md5: str) -> None:
    """Ask for what `part` lacks, and add it; or put the whole file in its place."""
    start = _size(part)
    headers = {"Range": f"bytes={start}-", "User-Agent": "minialex"}
    print(f"downloading {address} into {part.parent}", file=sys.stderr, flush=True)
    try:
        response = urlopen(Request(address, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code == 416 and start:  # nothing comes after `start`
            return
        raise
    with response:
        if response.status == 206 or not start:
            _write(response, part, start)
            return
        whole = part.with_suffix(".whole")  # not the range that was asked for
        try:
            _write(response, whole, 0)
            if (found := md5_of(whole)) != md5:
                raise ValueError(f"its md5 checksum is {found} instead of {md5}")
            whole.replace(part)
        finally:
            whole.unlink(missing_ok=True)


def _write(response: http.client.HTTPResponse, path: Path, start: int) -> None:
    """Write what comes behind the first `start` bytes of a file."""
    total = start + int(response.headers.get("Content-Length", 0))
    with path.open("ab" if start else "wb") as file, _bar() as bar:
        task = bar.add_task(path.stem, total=total, completed=start)
        while block := response.read(BLOCK):
            file.write(block)
            bar.advance(task, len(block))
    if _size(path) < total:
        raise OSError(f"the connection ended after {_size(path):,} of {total:,} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _bar() -> "Progress":
    """Return a progress bar, which shows itself on a terminal only."""
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
