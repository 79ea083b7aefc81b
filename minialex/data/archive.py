"""Checking and unpacking what was downloaded."""

import gzip
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from minialex.errors import InputError


def md5_of(path: Path) -> str:
    """Return the MD5 checksum of a file, in hexadecimal digits."""
    import pooch

    return pooch.file_hash(str(path), alg="md5")


def unpack(archive: Path, md5: str, folder: str) -> Path:
    """Unpack the `folder` of a .tar.gz beside it, whole or not at all.

    Only plain files are taken, and only those that lie in the folder itself.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        Another checksum, a damaged archive, no such folder in it, or one here that holds files.
    """
    found = md5_of(archive)
    if found != md5:
        raise InputError(
            f"{archive}: the md5 checksum is {found} instead of {md5}: the file is damaged or "
            f"another one. Remove it, and it is downloaded again"
        )
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=f".{folder}-") as temporary:
        inside = Path(temporary) / folder
        try:
            with tarfile.open(archive, "r:gz") as tar:
                for member in tar:
                    path = PurePosixPath(member.name)
                    content = tar.extractfile(member) if member.isfile() else None
                    if content and path.parent == PurePosixPath(folder):
                        inside.mkdir(exist_ok=True)
                        (inside / path.name).write_bytes(content.read())
        except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise InputError(f"{archive}: cannot be unpacked ({error}). Remove it") from error
        if not inside.is_dir():
            raise InputError(f"{archive}: holds no folder {folder}. Remove it")
        try:
            return inside.replace(archive.parent / folder)
        except OSError as error:
            raise InputError(
                f"{archive.parent / folder} is in the way of what {archive.name} holds "
                f"({error.strerror}). Remove it"
            ) from None
