"""Folders of images as people have them: parts beside each other, files that are no images, every form of pixels."""

import numpy as np
import pytest
from PIL import Image

import prepare_arrays
from attribution.answers import summary
from attribution.costs import data_sizes
from attribution.data import image_folders, new_study
from attribution.files import image_names
from attribution.settings import datasets

GREYS = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
CLASSES = ["cat", "dog"]


def images(root, *folders, each=4, image=None, ending=".png"):
    image = Image.fromarray(GREYS) if image is None else image
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            image.save(root / folder / f"{i}{ending}")


def of_parts(root, *parts, each=4):
    images(root, *(f"{part}/{name}" for part in parts for name in CLASSES), each=each)
    return root


def settings(root, **more):
    return datasets.complete({"loader": "images", "path": str(root)} | more)


def read(root, **more):
    found, facts = image_folders.read(str(root), settings(root, **more))
    return found, facts.get("notes", [])


# parts


@pytest.mark.parametrize("parts", [("train", "test", "valid"), ("Training", "testing", "val", ".ipynb_checkpoints")])
def test_a_folder_of_train_and_test_is_two_parts_whatever_lies_beside_them(tmp_path, parts):
    of_parts(tmp_path, *parts, each=3)
    images(tmp_path, f"{parts[0]}/.thumbs", f"{parts[0]}/cat/.hidden", "__MACOSX")
    (tmp_path / parts[0] / "cat" / "._0.png").write_bytes(b"resource fork")
    (tmp_path / "notes").mkdir()
    found, notes = read(tmp_path)
    assert len(found["y_train"]) == len(found["y_test"]) == 6 and set(found["y_train"]) == set(CLASSES)
    assert notes == [f"{tmp_path / parts[2]} is neither training nor test set; its 6 images are left out"]
    assert data_sizes.rows({"loader": "images", "path": str(tmp_path)}) == (6, 6)
    written = new_study.settings("mine", str(tmp_path))
    assert 'class_names: ["cat", "dog"]' in written
    assert f"\n# {notes[0]}\n" in written


@pytest.mark.parametrize(
    ("folders", "beside"),
    [
        (["train/cat", "train/dog", "val/cat", "val/dog"], "train, val; expected"),
        (["train/cat", "train/dog", "test/cat", "test/dog", "extra"], "test, train beside extra; expected"),
        (["train", "test"], None),
        (["train", "valid"], "train, valid; expected"),
    ],
)
def test_parts_that_are_unclear_are_a_sentence_and_never_classes(tmp_path, folders, beside):
    images(tmp_path, *folders)
    sentence = f"has the folders {beside}" if beside else "train has images .* in 0 of its folders"
    with pytest.raises(ValueError, match=sentence):
        read(tmp_path)
    # what the sentence says to do is read
    if beside and "val/cat" in folders:
        found, notes = read(tmp_path / "train", test=str(tmp_path / "val"))
        assert len(found["y_train"]) == len(found["y_test"]) == 8 and not notes
        found, notes = read(tmp_path, test=str(tmp_path / "val"))
        assert len(found["y_train"]) == len(found["y_test"]) == 8 and not notes


def test_a_class_may_be_called_train(tmp_path):
    images(tmp_path, "train", "bus")
    found, _ = read(tmp_path)
    assert set(found["y_train"]) == {"train", "bus"}


# what is read


def test_files_that_are_not_read_are_counted_in_a_sentence(tmp_path):
    images(tmp_path, *CLASSES)
    images(tmp_path, "cat", each=2, ending=".webp")
    images(tmp_path, "dog", each=1, ending=".tiff")
    assert len(image_names.listed(tmp_path)[0]) == 11 and image_names.listed(tmp_path)[1] == []
    for name in ("cat/a.heic", "cat/b.HEIC", "dog/notes.txt", "dog/LICENSE"):
        (tmp_path / name).write_bytes(b"")
    images(tmp_path, ".", each=3)
    found, notes = read(tmp_path)
    assert len(found["y_train"]) + len(found["y_test"]) == 11
    (note,) = notes
    kinds = "3 in no class's folder, 2 of .heic, 1 of .txt, 1 of no ending"
    assert note.startswith(f"left out of the files below {tmp_path}: {kinds}, 7 in all; read are .png")


def test_a_note_is_in_the_log_the_data_and_the_summary(tmp_path, capsys):
    images(tmp_path / "all", *CLASSES)
    (tmp_path / "all" / "cat" / "a.heic").write_bytes(b"")
    path = tmp_path / "data.h5"
    prepare_arrays.prepare_arrays(str(tmp_path / "all"), None, settings(tmp_path / "all"), [], path, {})
    (said,) = [value for word, value in summary.of_data(path, "mine") if word == "of the source"]
    assert said in capsys.readouterr().out and ": 1 of .heic, 1 in all; read" in said


# pixels


def levels(tmp_path, image, ending=".png"):
    images(tmp_path, *CLASSES, image=image, ending=ending)
    found, notes = read(tmp_path)
    assert (found["x_train"] == found["x_train"][0]).all()
    return found["x_train"][0], notes


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_greys_of_16_bits_keep_their_values(tmp_path, ending):
    wide = GREYS.astype(np.uint16) * 250 + 7
    found, _ = levels(tmp_path, Image.fromarray(wide), ending)
    assert found.dtype == np.uint16 and np.array_equal(found, wide)
    size = data_sizes.of_data({"loader": "images", "path": str(tmp_path)})
    assert size["shape"] == (8, 8) and size["sample_bytes"] == 128
    # in another size too, as bytes are brought to it
    smaller, _ = read(tmp_path, size=[4, 4])
    exact = np.asarray(Image.fromarray(wide.astype(np.float32)).resize((4, 4)))
    np.testing.assert_allclose(smaller["x_train"][0], exact, atol=0.51)
    # the settings that are written bring them into the network's range
    assert "standardise: true" in new_study.settings("mine", str(tmp_path))


def test_greys_of_32_bits_are_read_as_far_as_they_fit_and_floats_refused(tmp_path):
    found, _ = levels(tmp_path / "a", Image.fromarray(GREYS.astype(np.int32) * 200), ".tif")
    assert np.array_equal(found, GREYS.astype(np.uint16) * 200)
    images(tmp_path / "b", *CLASSES, image=Image.fromarray(GREYS.astype(np.int32) * 2000), ending=".tif")
    with pytest.raises(ValueError, match=r"\d.tif holds greys of 0 to 504000; expected are 0 to 65535"):
        read(tmp_path / "b")
    images(tmp_path / "c", *CLASSES, image=Image.fromarray(GREYS.astype(np.float32)), ending=".tif")
    with pytest.raises(ValueError, match=r"\d.tif holds floating-point numbers; save it with 8 or 16 bits"):
        read(tmp_path / "c")


@pytest.mark.parametrize("other", ["L", "RGB"])
def test_greys_of_16_bits_beside_bytes_are_a_sentence(tmp_path, other):
    images(tmp_path, "cat", image=Image.fromarray(GREYS.astype(np.uint16)))
    images(tmp_path, "dog", image=Image.new(other, (8, 8)))
    with pytest.raises(
        ValueError, match=r"cat/\d.png has greys of 16 bits and .*dog/\d.png (greys|colours) of 8; bring"
    ):
        read(tmp_path)


def test_what_is_transparent_stands_before_white_and_is_said(tmp_path):
    alpha = np.where(np.arange(64).reshape(8, 8) % 2, 255, 0).astype(np.uint8)
    on_white = np.where(alpha == 255, GREYS, 255)
    grey = Image.merge("LA", [Image.fromarray(GREYS), Image.fromarray(alpha)])
    found, notes = levels(tmp_path / "la", grey)
    assert np.array_equal(found, on_white)
    assert "8 of 8 images have transparent pixels" in notes[0] and notes[0].endswith("they stand before white")
    colours = Image.merge("RGBA", [*(Image.fromarray(GREYS),) * 3, Image.fromarray(alpha)])
    found, notes = levels(tmp_path / "rgba", colours)
    assert np.array_equal(found, on_white[..., None].repeat(3, -1)) and len(notes) == 1
    # a palette with a transparent entry
    palette = Image.fromarray(GREYS // 4, "P")
    palette.putpalette([value for i in range(64) for value in (i, 2 * i, 3 * i)])
    images(tmp_path / "p", *CLASSES, image=palette)
    for name in CLASSES:
        for i in range(4):
            palette.save(tmp_path / "p" / name / f"{i}.png", transparency=5)
    found, notes = read(tmp_path / "p")
    expected = np.stack([GREYS // 4 * k for k in (1, 2, 3)], -1)
    expected[GREYS // 4 == 5] = 255
    assert np.array_equal(found["x_train"][0], expected) and len(notes) == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_greys_that_hide_nothing_are_grey_and_nothing_is_said(tmp_path, mode):
    found, notes = levels(tmp_path, Image.fromarray(GREYS).convert(mode))
    assert found.shape == (8, 8) and not notes
    assert np.array_equal(found, np.asarray(Image.fromarray(GREYS).convert(mode).convert("L")))


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK", "YCbCr"])
def test_colours_of_every_mode_are_rgb(tmp_path, mode):
    image = Image.merge("RGB", [Image.fromarray(GREYS // k) for k in (1, 2, 4)]).convert(mode)
    found, notes = levels(tmp_path, image, ".tif" if mode in ("CMYK", "YCbCr") else ".png")
    assert np.array_equal(found, np.asarray(image.convert("RGB"))) and not notes
