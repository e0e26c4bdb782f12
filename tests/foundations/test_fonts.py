"""Texts in characters that the figures' font lacks: drawn with another font, or by their numbers, and names differ."""

import hashlib

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager, text

from attribution.drawing import fonts
from attribution.drawing import style as drawing
from helpers import ROOT

STYLE = str(ROOT / "config" / "figures.mplstyle")
# Tamil, which neither DejaVu nor STIX has, so that the fonts of the machine do not matter: they are left out
NAMES = ["Größe", "Цвет", "பூனை", "நாய்"]


@pytest.fixture
def bundled(monkeypatch):
    """Only the fonts that come with Matplotlib."""
    own = [font for font in font_manager.fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    font_manager.fontManager._findfont_cached.cache_clear()
    yield own
    font_manager.fontManager._findfont_cached.cache_clear()


def font_with(characters, path, name):
    """A font file with a box of its own width for each character."""
    glyphs = [".notdef", *(f"u{ord(c):04X}" for c in characters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap({ord(c): f"u{ord(c):04X}" for c in characters})
    outlines, widths = {}, {}
    for place, glyph in enumerate(glyphs):
        pen, width = TTGlyphPen(None), 300 + 40 * place
        for x, y in ((50, 0), (50, 700), (width, 700), (width, 0)):
            (pen.moveTo if (x, y) == (50, 0) else pen.lineTo)((x, y))
        pen.closePath()
        outlines[glyph], widths[glyph] = pen.glyph(), (width + 50, 50)
    builder.setupGlyf(outlines)
    builder.setupHorizontalMetrics(widths)
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWeightClass=400)
    builder.setupPost()
    builder.save(path)
    font_manager.fontManager.addfont(path)


def figure(names):
    drawing.use(STYLE)
    shown, axes = plt.subplots()
    axes.bar(range(len(names)), range(1, len(names) + 1), label=names[-1])
    axes.set_xticks(range(len(names)), names)
    axes.set_title(names[-2])
    axes.legend()
    return shown


def texts(shown):
    return {part.get_text() for part in shown.findobj(text.Text)}


def test_a_font_that_has_them_is_found(bundled, tmp_path, capsys):
    font_with(sorted(set("பூனைநாய்")), tmp_path / "tamil.ttf", "Test Tamil")
    shown = figure(NAMES)
    drawing.save(shown, str(tmp_path / "a.png"), 60)
    assert not fonts.lacking(shown.canvas.draw) and "warning" not in capsys.readouterr().out
    assert set(NAMES) <= texts(shown)
    # the boxes of that font are in the picture: another text gives another picture
    other = figure([*NAMES[:3], "பூனை"])
    drawing.save(other, str(tmp_path / "b.png"), 60)
    a, b = (plt.imread(tmp_path / f"{name}.png") for name in "ab")
    assert a.shape != b.shape or not np.array_equal(a, b)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_without_such_a_font_names_stay_different(bundled, tmp_path, capsys):
    shown = figure(NAMES)
    drawing.save(shown, str(tmp_path / "a.png"), 60)
    said = capsys.readouterr().out
    assert said.count("warning") == 1 and "no installed font has" in said and "install a font" in said
    assert all(character in said for character in set("பூனைநாய்"))
    found = texts(shown)
    expected = ["".join(f"[{ord(c):04X}]" for c in name) for name in NAMES[2:]]
    assert {"Größe", "Цвет", *expected} <= found and not found & set(NAMES[2:])
    assert [label.get_text() for label in shown.axes[0].get_xticklabels()] == ["Größe", "Цвет", *expected]
    assert not fonts.lacking(shown.canvas.draw)


def test_a_figure_that_lacks_nothing_is_drawn_once_as_before(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "complete", None)
    shown = figure(["Größe", "Цвет", "$x_1$"])
    drawing.save(shown, str(tmp_path / "a.png"), 60)
    again = figure(["Größe", "Цвет", "$x_1$"])
    for kind in ("png", "pdf"):
        again.savefig(tmp_path / f"b.{kind}", dpi=60, format=kind, metadata=drawing.PLAIN[kind])
    plt.close(again)
    for kind in ("png", "pdf"):
        a, b = (hashlib.sha256((tmp_path / f"{name}.{kind}").read_bytes()).hexdigest() for name in "ab")
        assert a == b
