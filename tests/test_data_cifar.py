"""CIFAR's official files, written here by hand in miniature: what is read, and what is refused."""

import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minialex import data
from minialex.data import cifar, cifar_files, pickles
from minialex.data.archive import md5_of
from minialex.data.pictures import read_picture
from minialex.errors import InputError

TRAIN, TEST = 6, 4  # pictures in a file
SHARED = Path(__file__).parents[2] / "shared" / "data" / "cifar10-jpeg.tar.xz"


# What Python 2 wrote, opcode by opcode.


def string(raw: bytes) -> bytes:
    short = len(raw) < 256  # SHORT_BINSTRING, BINSTRING
    return (b"U" + bytes([len(raw)]) if short else b"T" + struct.pack("<i", len(raw))) + raw


def integer(value: int) -> bytes:
    return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)


def array(a: np.ndarray) -> bytes:
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + string(b"b")
    dtype = b"cnumpy\ndtype\n" + string(b"u1") + b"K\x00K\x01\x87R(K\x03" + string(b"|")
    dtype += b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
    shape = b"".join(map(integer, a.shape)) + b"\x86"
    return empty + b"\x87R(K\x01" + shape + dtype + b"\x89" + string(a.tobytes()) + b"tb"


def listing(items: list[bytes]) -> bytes:
    return b"](" + b"".join(items) + b"e"


def python2(**entries: bytes) -> bytes:
    pairs = b"".join(string(key.encode()) + value for key, value in entries.items())
    return b"\x80\x02}(" + pairs + b"u."


# Both layouts of the same pictures.


def small(variant: cifar.Variant) -> cifar.Variant:
    return variant._replace(train_records=TRAIN, test_records=TEST)


@pytest.fixture(params=[cifar.CIFAR10, cifar.CIFAR100], ids=lambda variant: variant.name)
def variant(request):
    return small(request.param)


def write(variant: cifar.Variant, root: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Write both layouts; return the pictures and labels of each binary file."""
    rng = np.random.default_rng(variant.classes)
    binary, python = variant.layouts
    names = [f"thing {i}".encode() for i in range(variant.classes)]
    for layout in variant.layouts:
        (root / layout.folder).mkdir(parents=True)
    (root / binary.folder / binary.names).write_bytes(b"\n".join(names) + b"\n\n")
    meta = python2(**{python.names_key: listing([string(name) for name in names])})
    (root / python.folder / python.names).write_bytes(meta)
    written = {}
    for binary_name, python_name in zip(
        (*binary.train, binary.test), (*python.train, python.test), strict=True
    ):
        count = TEST if binary_name == binary.test else TRAIN
        levels = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
        labels = rng.integers(0, variant.classes, (count, 1), dtype=np.uint8)
        coarse = np.full((count, variant.label_bytes - 1), 19, np.uint8)
        np.hstack([coarse, labels, levels]).tofile(root / binary.folder / binary_name)
        entries = {
            "batch_label": string(b"one of them"),
            "data": array(levels),
            python.key: listing([integer(int(label)) for label in labels[:, 0]]),
            "filenames": listing([string(b"a.png")] * count),
        }
        (root / python.folder / python_name).write_bytes(python2(**entries))
        pictures = levels.reshape(count, 3, 32, 32).transpose(0, 2, 3, 1)
        written[binary_name] = pictures, labels[:, 0].astype(np.int64)
    return written


def assert_read(variant, splits, written):
    binary = variant.layouts[0]
    expected = [[written[name] for name in binary.train], [written[binary.test]]]
    for dataset, parts in zip(splits, expected, strict=True):
        np.testing.assert_array_equal(dataset.images, np.concatenate([p for p, _ in parts]))
        np.testing.assert_array_equal(dataset.labels, np.concatenate([q for _, q in parts]))
        assert dataset.images.flags.c_contiguous
        assert dataset.classes == tuple(f"thing {i}" for i in range(variant.classes))
        assert dataset.name == variant.name


@pytest.mark.parametrize("which", [0, 1], ids=["binary", "python"])
@pytest.mark.parametrize("inside", [False, True], ids=["beside", "inside"])
def test_both_layouts_give_the_same_pictures(variant, which, inside, tmp_path):
    written = write(variant, tmp_path / "both")
    folder = variant.layouts[which].folder
    (tmp_path / "one").mkdir()
    (tmp_path / "both" / folder).rename(tmp_path / "one" / folder)
    root = tmp_path / "one" / folder if inside else tmp_path / "one"
    assert_read(variant, cifar.load(variant, root), written)


@pytest.mark.parametrize("which", [0, 1], ids=["binary", "python"])
def test_an_archive_is_unpacked_once(variant, which, tmp_path):
    written = write(variant, tmp_path / "source")
    layout = variant.layouts[which]
    archive = tmp_path / "data" / layout.archive
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "source" / layout.folder, layout.folder)
    layouts = list(variant.layouts)
    layouts[which] = layout._replace(md5=md5_of(archive))
    variant = variant._replace(layouts=tuple(layouts))
    assert_read(variant, cifar.load(variant, archive.parent), written)
    archive.write_bytes(b"not looked at any more")
    assert_read(variant, cifar.load(variant, archive.parent), written)
    left = {p.name for p in archive.parent.iterdir()} - {f".{variant.name}.lock"}
    assert left == {layout.archive, layout.folder}


def test_another_size_is_resized(tmp_path):
    variant = small(cifar.CIFAR10)
    write(variant, tmp_path)
    resized, original = (cifar.load(variant, tmp_path, image_size=size) for size in (48, 32))
    for part, whole in zip(resized, original, strict=True):
        assert part.images.shape == (len(whole), 48, 48, 3)
        np.testing.assert_array_equal(part.labels, whole.labels)
        for picture, small_one in zip(part.images, whole.images, strict=True):
            np.testing.assert_array_equal(picture, read_picture(small_one, 48))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda raw: raw[:-1], r"test_batch\.bin: truncated: 12,291 bytes instead of 12,292"),
        (lambda raw: raw[:3073], r"test_batch\.bin: truncated: 3,073 bytes"),
        (lambda raw: b"", r"test_batch\.bin: truncated: 0 bytes"),
        (lambda raw: raw + b"x", r"test_batch\.bin: too long: 12,293 bytes"),
        (
            lambda raw: raw[:3073] + b"\x0a" + raw[3074:],
            r"test_batch\.bin: picture 1 has the label 10; labels go from 0 to 9",
        ),
    ],
)
def test_a_bad_binary_file_is_named(spoil, message, tmp_path):
    variant = small(cifar.CIFAR10)
    write(variant, tmp_path)
    path = tmp_path / "cifar-10-batches-bin" / "test_batch.bin"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=message) as caught:
        cifar.load(variant, tmp_path)
    assert "Unpack or download the official archive again" in str(caught.value)


@pytest.mark.parametrize("name", ["data_batch_4.bin", "test_batch.bin", "batches.meta.txt"])
def test_a_missing_file_is_named(name, tmp_path):
    variant = small(cifar.CIFAR10)
    write(variant, tmp_path)
    (tmp_path / "cifar-10-batches-bin" / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: the file is missing"):
        cifar.load(variant, tmp_path)


def test_a_fine_label_out_of_range_is_named(tmp_path):
    variant = small(cifar.CIFAR100)
    write(variant, tmp_path)
    path = tmp_path / "cifar-100-binary" / "train.bin"
    raw = bytearray(path.read_bytes())
    raw[1] = 100  # raw[0] is the coarse label
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"train\.bin: picture 0 has the label 100"):
        cifar.load(variant, tmp_path)


LEVELS = np.zeros((2, 3072), np.uint8)
LABELS = listing([integer(3), integer(9)])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"labels": LABELS}, "'data' is no array"),
        ({"data": string(b"x"), "labels": LABELS}, "'data' is no array"),
        ({"data": array(LEVELS[:1]), "labels": LABELS}, r"'data' has the shape \(1, 3072\)"),
        (
            {"data": array(LEVELS).replace(b"u1", b"O8"), "labels": LABELS},
            "an array of something else than uint8",
        ),
        (
            {"data": array(LEVELS).replace(b"M\x00\x0c", b"M\x01\x0c"), "labels": LABELS},
            "cannot reshape",
        ),
        ({"data": array(LEVELS)}, "'labels' is no list of integers"),
        ({"data": array(LEVELS), "labels": listing([string(b"3")] * 2)}, "no list of integers"),
        ({"data": array(LEVELS), "labels": listing([integer(3)])}, "1 labels for 2 pictures"),
        ({"data": array(LEVELS), "labels": listing([integer(3), integer(10)])}, "label 10"),
    ],
)
def test_a_bad_batch_is_named(entries, message, tmp_path):
    path = tmp_path / "test_batch"
    path.write_bytes(python2(**entries))
    with pytest.raises(InputError, match=f"test_batch: .*{message}"):
        cifar_files.read_python(path, 2, "labels", 10)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_pickles_of_newer_tools_are_read(protocol, tmp_path):
    levels = np.arange(2 * 3072).astype(np.uint8).reshape(2, 3072)
    path = tmp_path / "test_batch"
    path.write_bytes(pickle.dumps({"data": levels, "labels": [3, 9]}, protocol))
    images, labels = cifar_files.read_python(path, 2, "labels", 10)
    assert images[1, 2, 3].tolist() == levels[1, [67, 67 + 1024, 67 + 2048]].tolist()
    assert labels.tolist() == [3, 9]


def test_a_column_major_array_is_read(tmp_path):
    levels = np.arange(2 * 3072).astype(np.uint8).reshape(2, 3072)
    raw = pickle.dumps({"data": np.asfortranarray(levels), "labels": [3, 9]}, 2)
    (tmp_path / "test_batch").write_bytes(raw)
    images, _ = cifar_files.read_python(tmp_path / "test_batch", 2, "labels", 10)
    assert images[:, 0, 0, 1].tolist() == levels[:, 1024].tolist()


class Spy:
    """Unpickles to a call of what it was given."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"cos\nsystem\n(S'touch {target}'\ntR.", r"os\.system"),
        (pickle.dumps(Spy(open, "{target}", "w")), r"(_?io)\.open"),
        (pickle.dumps(Spy(eval, "open('{target}', 'w')")), r"builtins\.eval"),
        (pickle.dumps(Spy(np.memmap, "{target}", "u1", "w+", 0, 9)), r"numpy\.memmap"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.", r"numpy\.ndarray\.tofile"),
        (b"ccodecs\nopen\n(S'{target}'\nS'w'\ntR.", r"codecs\.open"),
        (b"c__builtin__\ngetattr\n.", r"__builtin__\.getattr"),
        (b"cnumpy.core.multiarray\nfromfile\n.", r"numpy\.core\.multiarray\.fromfile"),
    ],
)
def test_a_pickle_that_asks_for_more_is_refused(raw, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data_batch_1"
    path.write_bytes(raw.replace(b"{target}", b"spoilt!!"))
    with pytest.raises(InputError, match=f"data_batch_1: .*it asks for {name}, which is never"):
        pickles.unpickle(path)
    assert [p.name for p in tmp_path.iterdir()] == ["data_batch_1"]


@pytest.mark.parametrize(
    "raw", [b"", b"\x80\x02}(", b"nothing of the kind", python2()[:-1] + b"b."]
)
def test_a_damaged_pickle_is_named(raw, tmp_path):
    path = tmp_path / "data_batch_1"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="data_batch_1: not a pickle of arrays"):
        pickles.unpickle(path)


def test_a_truncated_pickle_is_named(tmp_path):
    whole = python2(data=array(LEVELS), labels=LABELS)
    path = tmp_path / "data_batch_1"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="data_batch_1: "):
            cifar_files.read_python(path, 2, "labels", 10)


def test_class_names_are_counted(tmp_path):
    variant = small(cifar.CIFAR10)
    write(variant, tmp_path)
    (tmp_path / "cifar-10-batches-bin" / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(InputError, match=r"batches\.meta\.txt: 2 class names instead of 10"):
        cifar.load(variant, tmp_path)


CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def test_class_folders_keep_the_official_order(tmp_path):
    for split in ("train", "test"):
        for i, name in enumerate(CLASSES):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            Image.new("RGB", (32, 32), (i, 0, 0)).save(folder / "0000.png")
    train, test = data.load("cifar10", data_dir=tmp_path)
    for dataset in (train, test):
        assert dataset.classes == CLASSES
        assert dataset.name == "cifar10"
        np.testing.assert_array_equal(dataset.images[:, 0, 0, 0], dataset.labels)
    with pytest.raises(InputError, match="10 class folders, and cifar100 has 100 classes"):
        data.load("cifar100", data_dir=tmp_path)


def test_a_file_as_data_dir_is_explained(tmp_path):
    (tmp_path / "cifar-10-binary.tar.gz").touch()
    with pytest.raises(InputError, match="give the folder that it lies in"):
        data.load("cifar10", data_dir=tmp_path / "cifar-10-binary.tar.gz")


@pytest.mark.skipif(not SHARED.exists(), reason="needs the pictures of the development machines")
def test_real_pictures_train_as_class_folders(tmp_path):
    for k, folder in enumerate(("train/cat", "train/dog", "test/cat", "test/dog")):
        with tarfile.open(SHARED) as tar:
            for _ in range(3 + k):
                member = tar.next()
                while not member.isfile():
                    member = tar.next()
                path = tmp_path / folder / Path(member.name).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
    train, test = data.load(str(tmp_path))
    assert train.labels.tolist() == [0] * 3 + [1] * 4
    assert test.images.shape == (11, 32, 32, 3)
    assert test.images.std() > 20
