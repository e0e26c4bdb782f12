"""Characters that the figures' font lacks: another installed font that has them, else their numbers.

Matplotlib says while it draws that glyphs are missing, wherever a text comes from; a figure that lacks none is left as
it is, to the last byte.
"""

import warnings
from collections.abc import Callable

from matplotlib import font_manager, ft2font, text, ticker

# has a glyph for everything: a box with the name of the script
PLACEHOLDER = "Last Resort"


def lacking(draw: Callable[[], None]) -> bool:
    """Call `draw`, and say whether Matplotlib missed a glyph."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        draw()
    missed = [w for w in caught if "missing from" in str(w.message) and "Glyph" in str(w.message)]
    for other in (w for w in caught if w not in missed):
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    return bool(missed)


def complete(figure) -> dict:
    """Give the texts of a figure that was drawn once fonts with all their characters, or numbers in their place.

    Returns:
        Matplotlib settings under which the figure is to be drawn again.
    """
    shown = figure.findobj(text.Text)
    missing = set()
    for part in shown:
        missing |= {c for c in part.get_text() if not c.isspace()} - covered(part.get_fontfamily())
    families, absent = fallbacks(missing)
    if absent:
        print(
            f"warning: no installed font has {' '.join(sorted(absent))}; the figure has their Unicode numbers in their "
            f"place, such as {numbered(min(absent), absent)}; install a font that has them, for instance of Noto Sans, "
            "and draw it again",
            flush=True,
        )
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label.get_text() for label in axis.get_majorticklabels()]
            if absent & set("".join(labels)):
                axis.set_major_formatter(ticker.FixedFormatter([numbered(label, absent) for label in labels]))
    for part in shown:
        part.set_text(numbered(part.get_text(), absent))
        part.set_fontfamily([*part.get_fontfamily(), *families])
    # outlines: TrueType embedding cannot hold the fonts with PostScript outlines that most of these are
    return {"pdf.fonttype": 3}


def covered(families: list[str]) -> set[str]:
    """Characters of installed fonts, each family by the file that Matplotlib takes for it."""
    found = set()
    for family in families:
        try:
            found |= ft2font.FT2Font(font_manager.findfont(family)).get_charmap().keys()
        except (OSError, RuntimeError):  # a damaged font file
            continue
    return {chr(number) for number in found}


def fallbacks(characters: set[str]) -> tuple[list[str], set[str]]:
    """Families of installed fonts that together have most of these characters, and the characters that none has."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for file in sorted(set(font_manager.findSystemFonts()) - known):  # installed since Matplotlib made its list
        try:
            font_manager.fontManager.addfont(file)
        except (OSError, RuntimeError):
            continue
    upright = {font.name for font in font_manager.fontManager.ttflist if font.style == "normal"}
    has = {name: covered([name]) & characters for name in sorted(upright) if PLACEHOLDER not in name}
    left, families = set(characters), []
    while left and (best := max(has, key=lambda name: len(has[name] & left))) and has[best] & left:
        families.append(best)
        left -= has[best]
    return families, left


def numbered(shown: str, absent: set[str]) -> str:
    """A text with the Unicode number in place of each absent character, so that names stay different."""
    return "".join(f"[{ord(c):04X}]" if c in absent else c for c in shown)
