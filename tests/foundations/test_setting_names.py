"""Every setting that a text of the scripts or rules names is a setting of the schema."""

import ast
import io
import re
import tokenize

import pytest

from attribution.settings import schema
from helpers import ROOT

SCHEMA = schema.load(ROOT / "config/schema")
DOTTED = re.compile(r"(?<![\w/.{}-])[a-z]\w*(?:(?:\[\w*\])?\.(?:[a-z]\w*|NAME|\{\}))+(?![\w(/-])")
# a module of the package, perhaps with a class of it; where an argument of a script stands
MODULE = re.compile(r"[\w.]+:[A-Z]\w*|attribution\.[\w.{}]+|(params|input|output|wildcards|job)\.[\w.{}]+")
ENDINGS = (".h5", ".csv", ".keras", ".json", ".npy", ".png", ".pdf", ".py", ".yaml", ".html", ".log", ".tsv", ".zip",
           ".npz", ".css")  # fmt: skip
# what has a dot and is neither a setting nor a file: functions, Matplotlib's settings, files of the kernel
OTHERS = {
    "numpy.save", "numpy.savez", "numpy.savez_compressed", "scipy.sparse.save_npz", "scipy.sparse.csr_array",
    "x.data", "x.indices", "x.indptr", "x.shape", "torch.nn", "pdf.fonttype",
    "memory.max", "memory.current", "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat",
}  # fmt: skip


def texts(path):
    """Strings of a Python or rules file, without documentation; what an f-string fills in is `{}`."""
    if path.suffix == ".py":
        yield from strings(ast.parse(path.read_text()))
        return
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.STRING and '"""' not in token.string:
            yield from strings(ast.parse(token.string, mode="eval"))


def strings(tree):
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and isinstance(node.body[0], ast.Expr):
            skipped.add(id(node.body[0].value))
        elif isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def inner(found):
    """A part of the schema, and what it refers to or may be."""
    yield found
    if "$ref" in found:
        target = SCHEMA
        for key in found["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        yield from inner(target)
    for part in (*found.get("allOf", []), *(found[key] for key in ("then", "else", "items") if key in found)):
        yield from inner(part)


def known(keys, found=SCHEMA):
    if not keys:
        return True
    for part in inner(found):
        named, other = part.get("properties", {}), part.get("additionalProperties")
        options = list(named.values()) if keys[0] == "{}" else [named[keys[0]]] if keys[0] in named else []
        if isinstance(other, dict) and (keys[0] in ("{}", "NAME") or part.get("propertyNames")):
            options.append(other)
        if any(isinstance(option, dict) and known(keys[1:], option) for option in options):
            return True
    return False


def odd_names(text):
    """Names with a dot that are no setting."""
    if MODULE.fullmatch(text):
        return []
    found = [name for name in DOTTED.findall(text) if not name.endswith(ENDINGS) and name not in OTHERS]
    return [name for name in found if not known(re.sub(r"\[\w*\]", "", name).split("."))]


def test_every_setting_that_a_text_names_is_one():
    files = sorted([*(ROOT / "scripts").rglob("*.py"), *(ROOT / "rules").glob("*.smk"), ROOT / "Snakefile"])
    named = {str(path.relative_to(ROOT)): [name for text in texts(path) for name in odd_names(text)] for path in files}
    assert {path: names for path, names in named.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("raise solver.max_iterations or the damping", ["solver.max_iterations"]),
        ("let more points join by boundary.greedy.candidates", ["boundary.greedy.candidates"]),
        ("lower training.learning_rate", ["training.learning_rate"]),
        ("lower models.NAME.training.rate", ["models.NAME.training.rate"]),
        ("set influence.cg.max_iterations, or groups.variants.NAME.size; topk.h5 has numpy.savez", []),
        ("groups.seeds[0].random is {}; studies.{}.groups.{} and boundary.greedy.forms.{} too", []),
    ],
)
def test_a_name_that_is_no_setting_is_found(text, odd):
    assert odd_names(text) == odd


def test_the_files_of_the_schema_are_its_sections(tmp_path):
    for path in (ROOT / "config/schema").rglob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text())
    # in folders or beside each other is the same
    assert schema.load(tmp_path) == SCHEMA
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/plane.yaml").write_text("{type: object}")
    with pytest.raises(ValueError, match=r"plane.yaml and .*plane.yaml are of one section; put them together"):
        schema.load(tmp_path)
    (tmp_path / "inner/plane.yaml").unlink()
    (tmp_path / "plane.yaml").write_text("{type: object, $defs: {count: {type: integer}}}")
    with pytest.raises(ValueError, match=r"plane.yaml defines count, which another file defines too"):
        schema.load(tmp_path)
    (tmp_path / "plane.yaml").rename(tmp_path / "plain.yaml")
    with pytest.raises(ValueError, match="differ in the sections plain, plane"):
        schema.load(tmp_path)
