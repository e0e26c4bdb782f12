"""explanations/METHOD.h5: what one method says of the margins of the test points that are explained."""

from attribution.runtime import job

job.begin()

from attribution.answers import targets
from attribution.data import own_rows
from attribution.files import hdf5, provenance, resume
from attribution.files.results.answers import SIGNED
from attribution.files.results.data import Y_TEST
from attribution.files.results.gradients import LOGITS_TEST
from attribution.methods import base, writing
from attribution.methods.run import Run


def explain_method(
    label: str, method: base.Method, files: dict, settings: dict, explained: dict, recipe: dict, seed: int,
    digest: str, path: str, attributes: dict,
) -> None:  # fmt: skip
    """Write `targets` (t,) test indices and `pairs` (t, n), positive = helpful; see `writing.write_attributions`.

    Args:
        files: results that the method needs, with `data` and `gradients`. explained: section `answers.explanations`
            but for what is shown, see `targets.choose`.
    """
    (labels,), (logits,) = hdf5.read(files["data"], Y_TEST), hdf5.read(files["gradients"], LOGITS_TEST)
    own, names = own_rows.of(files["data"], "test"), list(hdf5.attributes(files["data"])["class_names"])
    asked = targets.choose(logits, labels, own, names, explained)
    run = Run(files, settings, tested=True, recipe=recipe, seed=seed, work=resume.shards(path, digest))
    facts = attributes | {SIGNED: int(getattr(method, SIGNED, True))}
    writing.write_attributions(label, method, run, asked, path, facts)
    resume.discard(path)


job.run(
    explain_method,
    label="wildcards.method",
    method=lambda params: base.resolve(params["method"]),
    digest=resume.of_job,
    attributes=provenance.attributes,
)
