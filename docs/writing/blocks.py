"""Pages with written blocks: what stands between two markers is replaced, everything else is the author's."""

import re
from collections.abc import Callable, Mapping

BLOCK = re.compile(r"(<!-- written: ([^\n]*?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


class PageError(ValueError):
    """A page that cannot be written, in one sentence."""


def fill(page: str, writers: Mapping[str, Callable[..., str]]) -> str:
    """The page with each block `<!-- written: NAME ARGUMENTS -->` written anew by `writers[NAME](*ARGUMENTS)`.

    PageError: a block of another name, a block without an end, or an end without a block.
    """
    if len(BLOCK.findall(page)) != page.count("<!-- written:") or page.count("<!-- end -->") != page.count(
        "<!-- written:"
    ):
        raise PageError(
            "a block lacks its first or its last line; both are '<!-- written: NAME -->' and '<!-- end -->'"
        )

    def written(found: re.Match) -> str:
        name, *arguments = found[2].split()
        if name not in writers:
            raise PageError(f"the block '{found[2]}' is of no known kind; known are {', '.join(writers)}")
        return f"{found[1]}\n{writers[name](*arguments).strip()}\n\n{found[4]}"

    return BLOCK.sub(written, page)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("|" + "".join(f" {cell} |" if cell else " |" for cell in line) for line in lines)
