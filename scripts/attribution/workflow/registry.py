"""Which class each method's name stands for, as text: no rule depends on a method that it does not run.

Read when the workflow is parsed: nothing here is imported but the standard library, and of a method's file only the
text is read.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from attribution.settings.errors import SettingError
from attribution.workflow.given import GIVEN

FOLDER = Path(__file__).parents[1] / "methods"
# rules of Algorithm 1 that are more than the greedy sum of a method's pairs
RULES = ("influence", "objective", "theta-relative", "l-relative")
# what each table of section `methods` needs
UNTRAINED = "-untrained"
# tables that take NAME-untrained, the method on the network of the recipe MODEL-untrained, which learned nothing
WITH_UNTRAINED = ("inspection", "labels", "retrieval", "overlap", "recovery", "group_removals")
NEEDED = {
    "inspection": "points",
    "suspicious": "points",
    "explanations": "pairs",
    "labels": "points",
    "retrieval": "pairs",
    "retrieval_groups": "groups",
    "overlap": "groups",
    "boundary_overlap": "groups",
    "recovery": "groups",
    "closest": "points",
    "leave_one_out": "removals",
    "leave_groups_out": "removals",
    "group_removals": "falls",
}

METHODS = {
    "influence": "influence.selection:Influence",
    "objective": "influence.selection:Objective",
    "theta-relative": "influence.selection:ThetaRelative",
    "l-relative": "influence.selection:LRelative",
    "last-layer": "influence.last_layer:LastLayer",
    "last-layer-damped": "influence.last_layer_damped:LastLayerDamped",
    "last-layer-rescaled": "influence.last_layer_rescaled:LastLayerRescaled",
    "representer": "influence.representer:Representer",
    "trak": "influence.trak:Trak",
    "tracin": "unrolled.tracin:TracIn",
    "influence-over-n": "influence.removals:OverN",
    "first-order": "influence.removals:FirstOrder",
    "second-order": "influence.removals:SecondOrder",
    "newton": "influence.removals:Newton",
    "first-order-re-evaluated": "influence.removals:FirstOrderEvaluated",
    "newton-re-evaluated": "influence.removals:NewtonEvaluated",
    "second-order-re-evaluated": "influence.removals:SecondOrderEvaluated",
    "rescaled": "influence.removals:Rescaled",
    "rescaled-re-evaluated": "influence.removals:RescaledEvaluated",
    "newton-twice": "influence.removals:NewtonTwice",
    "newton-twice-re-evaluated": "influence.removals:NewtonTwiceEvaluated",
    "first-order-all-layers": "influence.removals_all_layers:FirstOrder",
    "second-order-all-layers": "influence.removals_all_layers:SecondOrder",
    "rescaled-all-layers": "influence.removals_all_layers:Rescaled",
    "newton-all-layers": "influence.removals_all_layers:Newton",
    "first-order-all-layers-re-evaluated": "influence.removals_all_layers:FirstOrderEvaluated",
    "second-order-all-layers-re-evaluated": "influence.removals_all_layers:SecondOrderEvaluated",
    "rescaled-all-layers-re-evaluated": "influence.removals_all_layers:RescaledEvaluated",
    "newton-all-layers-re-evaluated": "influence.removals_all_layers:NewtonEvaluated",
    "self-influence": "influence.self_influence:SelfInfluence",
    "kfac": "curvature.kfac:KFac",
    "ekfac": "curvature.ekfac:EkFac",
    "gauss-newton": "curvature.gauss_newton:GaussNewton",
    "source": "curvature.source:Source",
    "embedding-cosine": "distance.embedding_cosine:EmbeddingCosine",
    "embedding-euclidean": "distance.embedding_euclidean:EmbeddingEuclidean",
    "embedding-cosine-same-class": "distance.own_class_first:OwnClassFirst",
    "convolution-cosine-same-class": "distance.convolution_cosine:ConvolutionCosine",
    "embedding-neighbours": "distance.neighbours:Neighbours",
    "input-neighbours": "distance.neighbours:InputNeighbours",
    "network-gradient-dot": "influence.network_gradient_dot:NetworkGradientDot",
    "gradient-dot": "influence.gradient_dot:GradientDot",
    "gradient-cosine": "distance.gradient_cosine:GradientCosine",
    "pixel-euclidean": "distance.pixels:Pixels",
    "input-euclidean": "distance.input_euclidean:InputEuclidean",
    "boundary": "boundary.distance:Distance",
    "boundary-signed": "boundary.signed_distance:SignedDistance",
    "boundary-label": "boundary.label_distance:LabelDistance",
    "margin": "boundary.margin:Margin",
    "loss": "boundary.loss:Loss",
    "loss-out-of-sample": "boundary.out_of_sample:Loss",
    "margin-out-of-sample": "boundary.out_of_sample:Margin",
    "confident-learning": "boundary.confident_learning:ConfidentLearning",
    "cleanlab": "boundary.cleanlab_package:Cleanlab",
    "cleanlab-confident-learning": "boundary.cleanlab_package:ConfidentLearning",
    "area-under-margin": "unrolled.area_under_margin:AreaUnderMargin",
    "boundary-exact": "boundary.groups:Exact",
    "boundary-mean": "boundary.groups:Mean",
    "boundary-batch": "boundary.groups:Batch",
    "boundary-universal": "boundary.groups:Universal",
    "boundary-simple": "boundary.groups:Simple",
    "metagradient": "unrolled.metagradient:Metagradient",
    "metagradient-smooth": "unrolled.metagradient_smooth:MetagradientSmooth",
    "metagradient-subsets": "unrolled.metagradient_subsets:MetagradientSubsets",
    "datamodel-ridge": "retraining.datamodel_ridge:Ridge",
    "datamodel-lasso": "retraining.datamodel_lasso:Lasso",
    "datamodel-around-metagradient": "retraining.datamodel_around_metagradient:DatamodelAroundMetagradient",
    "datamodel-around-trak": "retraining.datamodel_around_trak:DatamodelAroundTrak",
    "trak-subsets": "retraining.trak_subsets:TrakSubsets",
    "random-class": "chance.random_class:RandomClass",
    "random": "chance.random:Random",
}

# functions of attribution.evaluation that write judges/NAME.csv, each with the table of section `methods`, one of
# NEEDED, whose methods it judges
JUDGES = {
    "cost": ("cost:table", "inspection"),
}


def check(config: dict) -> None:
    """Check every method that the settings name: in section `methods`, and as a rule of groups.

    Raises:
        SettingError: one sentence, for a name that is none, or a method that cannot give what is needed of it.
    """
    for table, chosen in config["methods"].items():
        # those with a number or an ending are looked at in `attributions.check`
        for name in chosen if table in NEEDED else []:
            of_training(table, name)
            base = name.removesuffix(UNTRAINED) if table in WITH_UNTRAINED else name
            known(f"methods.{table}", base, NEEDED[table])
    for name in config["methods"]["recovery"]:
        if name in config["evaluation"]["variants"]:
            raise SettingError(
                f"methods.recovery and evaluation.variants both name '{name}', and rows of evaluation.csv go by their "
                "names; take it out of one"
            )
    sections = {"groups": config["groups"]}
    sections |= {f"groups.variants.{name}": variant for name, variant in config["groups"]["variants"].items()}
    sections |= {f"studies.{name}.groups": study.get("groups", {}) for name, study in config["studies"].items()}
    for where, section in sections.items():
        if section.get("rule", RULES[0]) not in RULES:
            known(f"{where}.rule", section["rule"], "pairs")


def of_training(table: str, name: str) -> None:
    """Check that a method of training points is not one of networks trained on subsets, which tell test margins alone.

    Raises:
        SettingError: one sentence.
    """
    base = name.removesuffix(UNTRAINED)
    if table != "group_removals" and base in METHODS and "subsets" in told(base, "needs"):
        margins = "those test points that section truth draws" if table == "explanations" else "test points"
        raise SettingError(
            f"methods.{table} names '{name}', which tells the margins of {margins} only; name another method"
        )


def known(setting: str, name: str, part: str) -> None:
    """Check that a name is a method's, which gives one of GIVEN.

    Raises:
        SettingError: one sentence.
    """
    if name not in METHODS:
        able = [other for other in METHODS if part in given(other)]
        raise SettingError(f"{setting} names '{name}', which is no method; allowed are {', '.join(able)}")
    if part not in given(name):
        words = " and ".join(GIVEN[part] for part in GIVEN if part in given(name))
        raise SettingError(f"{setting} names '{name}', which gives {words}, but no {GIVEN[part]}; name another method")


def file_of(name: str) -> Path:
    """The file of a method, absolute."""
    return FOLDER.joinpath(*METHODS[name].partition(":")[0].split(".")).with_suffix(".py")


def told(name: str, fact: str, default: tuple = ()) -> tuple:
    """A literal that the method's class says of itself, or the class in the same file that it is made from.

    Args:
        name: of the method. fact: name of the attribute, such as `needs`. default: where no class has it.
    """
    for line in _body(name):
        if isinstance(line, ast.Assign) and line.targets[0].id == fact:
            return ast.literal_eval(line.value)
    return default


def given(name: str) -> set[str]:
    """Names of the functions of the method's class; from pairs groups are grown by Algorithm 1."""
    found = {line.name for line in _body(name) if isinstance(line, ast.FunctionDef)}
    return found | ({"groups"} if "pairs" in found else set())


def _body(name: str) -> Iterator[ast.stmt]:
    """What stands in the method's class, and then in the classes of the same file that it is made from."""
    path = file_of(name)
    classes = _classes(path, path.stat().st_mtime_ns)
    wanted = METHODS[name].partition(":")[2]
    while wanted in classes:
        yield from classes[wanted].body
        wanted = next((base.id for base in classes[wanted].bases if isinstance(base, ast.Name)), None)


@functools.cache
def _classes(path: Path, date: int) -> dict[str, ast.ClassDef]:
    """Classes of one version of a file; parsed once, however many jobs ask."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def settings_of(name: str, config: dict, training: dict) -> dict:
    """The settings that a method reads, by dotted name, and those that every run may need.

    Args:
        name: of the method. config: all settings. training: how the model was trained, for `training`.
    """
    found = {}
    for key in (*told(name, "settings"), *(["influence.cg"] if "hessian" in told(name, "needs") else [])):
        value = config
        for part in key.split("."):
            if key == "training":
                value = training
            elif part in value:
                value = value[part]
            else:
                raise SettingError(f"{key} is missing, and method '{name}' reads it; set it, or leave the method out")
        found[key] = value
    return found
