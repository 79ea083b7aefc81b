"""Class folders, and pictures of every kind that people have."""

import numpy as np
import pytest
from PIL import Image

from minialex import data
from minialex.data import folder
from minialex.data.pictures import Pictures, read_picture, read_pictures
from minialex.errors import InputError

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def save(path, colour=RED, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def halves(width, height):
    """Red on the left of the central square, green on its right, blue outside."""
    image = Image.new("RGB", (width, height), "blue")
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    image.paste(RED, (left, top, left + side // 2, top + side))
    image.paste(GREEN, (left + side // 2, top, left + side, top + side))
    return image


# One picture.


@pytest.mark.parametrize("size", [(64, 64), (200, 64), (64, 130), (640, 480), (16, 16)])
def test_the_central_square_is_taken(size):
    picture = read_picture(halves(*size), 16)
    assert picture.shape == (16, 16, 3)
    assert picture.dtype == np.uint8
    inner = picture[1:-1]  # the outermost pixels touch what is cropped
    assert (inner[:, 1:7] == RED).all()
    assert (inner[:, 9:-1] == GREEN).all()


def test_the_right_size_is_kept_to_the_bit(rng, tmp_path):
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(image, 32), image)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png", 32), image)
    np.testing.assert_array_equal(read_picture(str(tmp_path / "a.png"), 32), image)


def test_shrinking_is_antialiased():
    stripes = np.zeros((320, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(read_picture(stripes, 32).astype(int) - 127).max() < 10


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "I;16", "I", "HSV"])
def test_every_mode_becomes_rgb(mode):
    if mode in ("I;16", "I"):
        levels = np.full((20, 20), 52_428, np.uint16 if mode == "I;16" else np.int32)
        image = Image.fromarray(levels)
    else:
        image = Image.new("RGB", (20, 20), (204, 204, 204)).convert(mode, dither=Image.Dither.NONE)
    assert image.mode == mode
    expected = 255 if mode == "1" else 204
    assert np.abs(read_picture(image, 8).astype(int) - expected).max() <= 2


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_becomes_white(mode, tmp_path):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 10, 20))
    image = image.quantize() if mode in ("P", "PA") else image.convert(mode)
    if mode == "PA":
        image = image.convert("PA")
    image.save(tmp_path / ("a.tif" if mode == "PA" else "a.png"))
    picture = read_picture(next(tmp_path.iterdir()), 20)
    assert (picture[:, :9] == 0).all()
    assert (picture[:, 11:] == 255).all()


def test_a_turned_camera_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right by a quarter
    upright = halves(400, 400)
    upright.rotate(90).save(tmp_path / "a.jpg", exif=exif, quality=95)
    picture = read_picture(tmp_path / "a.jpg", 16).astype(int)
    assert np.abs(picture[:, :7] - RED).max() < 12
    assert np.abs(picture[:, 9:] - GREEN).max() < 12


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3), (9, 7, 4)])
def test_arrays_are_pictures(shape):
    assert (
        read_picture(np.full(shape, 255, np.uint8), 4).tolist() == np.full((4, 4, 3), 255).tolist()
    )


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8), np.zeros(3)])
def test_other_arrays_are_refused(array):
    with pytest.raises(InputError, match=r"give uint8 grey levels of shape \(H, W, 3\)"):
        read_picture(array, 4)


def test_pictures_that_do_not_open_are_named(tmp_path):
    save(tmp_path / "whole.png", size=(300, 300))
    raw = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(raw[: len(raw) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    for name, message in (
        ("half.png", "does not open as a picture"),
        ("text.jpg", "not a picture in a format"),
        ("none.jpg", "there is no such picture"),
        (".", "does not open"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            read_picture(tmp_path / name, 8)
        assert str(tmp_path / name) in str(caught.value)


# Many pictures.


@pytest.fixture
def paths(tmp_path):
    for i in range(12):
        save(tmp_path / f"{i:02}.png", (20 * i, 0, 0))
    return sorted(tmp_path.iterdir())


def test_too_many_pictures_are_read_batch_by_batch(paths):
    held = read_pictures(paths, 8)
    lazy = read_pictures(paths, 8, limit=12 * 8 * 8 * 3 - 1)
    assert isinstance(held, np.ndarray)
    assert isinstance(lazy, Pictures)
    assert (lazy.shape, lazy.dtype, len(lazy)) == (held.shape, held.dtype, len(held))
    for key in (np.array([5, 0, 5]), slice(2, 9, 3), np.arange(12) > 9, 7, np.array([], int)):
        np.testing.assert_array_equal(lazy[key], held[key])


@pytest.mark.parametrize("limit", [1 << 30, 0], ids=["held", "lazy"])
def test_all_broken_pictures_are_found_before_training(paths, limit):
    for path in paths[1:]:
        path.write_text("no picture")
    with pytest.raises(InputError, match="11 of 12 pictures do not open") as caught:
        read_pictures(paths, 8, limit)
    named = [path for path in paths if str(path) in str(caught.value)]
    assert named == paths[1:11]
    assert str(caught.value).endswith("...")


# Folders.


@pytest.fixture
def root(tmp_path):
    for split, count in (("train", 3), ("test", 2)):
        for name, colour in (("b", GREEN), ("a", RED)):
            for i in range(count):
                save(tmp_path / "set" / split / name / f"{i}.png", colour, (40 + i, 30))
    return tmp_path / "set"


@pytest.mark.parametrize("test", ["test", "val", "validation"])
def test_train_and_test_folders(root, test):
    (root / "test").rename(root / test)
    (root / "train" / "a" / ".hidden").touch()
    (root / "train" / "a" / "Thumbs.db").touch()
    (root / "train" / ".cache").mkdir()
    splits = data.load(str(root), image_size=16)
    assert splits.train.classes == splits.test.classes == ("a", "b")
    assert splits.train.name == "set"
    assert splits.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert splits.test.labels.tolist() == [0, 0, 1, 1]
    for dataset in splits:
        assert dataset.images.shape[1:] == (16, 16, 3)
        assert (dataset.images[dataset.labels == 0] == RED).all()
        assert (dataset.images[dataset.labels == 1] == GREEN).all()


def test_without_a_test_folder_a_fifth_is_held_out(tmp_path):
    for name, first in (("a", 0), ("b", 100)):
        for i in range(10):
            save(tmp_path / name / f"{i}.png", (first + 10 * i, 0, 0))
    train, test = folder.load(tmp_path, 8)
    assert (len(train), len(test)) == (16, 4)
    levels = np.concatenate([np.asarray(part.images)[:, 0, 0, 0] for part in (train, test)])
    assert sorted(levels) == list(range(0, 200, 10))
    again = folder.load(tmp_path, 8)
    np.testing.assert_array_equal(again.test.images, test.images)


def test_a_class_may_be_called_train(tmp_path):
    for name, count in (("bus", 3), ("train", 4)):
        for i in range(count):
            save(tmp_path / name / f"{i}.png")
    train, test = folder.load(tmp_path, 8)
    assert train.classes == ("bus", "train")
    assert sorted([*train.labels, *test.labels]) == [0] * 3 + [1] * 4


@pytest.mark.parametrize("name", ["test", "test1", "val"])
def test_a_split_without_class_folders_is_no_pair_of_classes(name, tmp_path):
    for split in ("train", name):
        save(tmp_path / split / "cat.0.png")
    with pytest.raises(InputError, match="train: 0 class folders; at least two are needed"):
        folder.load(tmp_path, 8)


def test_a_folder_is_found_under_data_dir(root):
    assert len(data.load("set", data_dir=root.parent).train) == 6


def test_classes_must_agree(root):
    save(root / "test" / "c" / "0.png")
    with pytest.raises(InputError, match=r"classes differ from those of .*: c in one of them"):
        folder.load(root)


def test_an_empty_class_is_named(root):
    (root / "train" / "c").mkdir()
    (root / "test" / "c").mkdir()
    with pytest.raises(InputError, match="c: a class folder without pictures"):
        folder.load(root)


def test_pictures_without_class_folders_are_explained(tmp_path):
    save(tmp_path / "0.png")
    with pytest.raises(InputError, match="0 class folders; at least two are needed, as in"):
        folder.load(tmp_path)


def test_broken_pictures_of_a_class_are_named(root):
    (root / "test" / "b" / "1.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match="1 of 4 pictures do not open") as caught:
        folder.load(root)
    assert str(root / "test" / "b" / "1.png") in str(caught.value)
