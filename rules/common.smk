# What the rules share: functions of scripts/attribution/workflow with `config` and `workflow` bound. No logic, no rules.

import copy
import functools
import os
import sys
from pathlib import Path

# of the project, whichever Snakefile uses it
BASE = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent
sys.path.insert(0, str(BASE / "scripts"))

from attribution.runtime import environment, missing, told
from attribution.settings import run_checks
from attribution.workflow import code as code_of
from attribution.workflow import registry
from attribution.workflow import (
    attributions,
    contents,
    figures,
    inputs,
    methods,
    names,
    resources,
    start,
    studies,
    targets,
)
from attribution.workflow.stages import answers, partitions, summaries, tables

start.refuse_folder(BASE)
# Snakemake starts the scripts by it, in a shell
sys.executable = environment.interpreter(sys.executable, os.environ)
# a target that another Snakefile has before it uses this one stays its default
NO_TARGET_BEFORE = not workflow.default_target
GIVEN, KNOWN = copy.deepcopy(config), targets.settings_of(BASE / "config")
config = start.settings(workflow, GIVEN, KNOWN, BASE)
resources.share_gpus(workflow)

RUN = studies.RUN

bound = lambda function, *more: functools.partial(function, config, *more)

# code and requests of a rule
modules = functools.partial(code_of.modules, BASE / "scripts")
code = functools.partial(inputs.code, BASE / "scripts")
asked = functools.partial(resources.asked, workflow, config)
cpus = functools.partial(resources.cpus, config)
code_of_network = lambda script: bound(inputs.code_of_network, BASE / "scripts", script)
code_of_method = lambda script: functools.partial(methods.code_of_method, BASE / "scripts", script)
code_of_removals = lambda script: bound(methods.code_of_removals, BASE / "scripts", script)
code_of_groups = lambda script: bound(methods.code_of_rule, BASE / "scripts", script)
style_file = functools.partial(inputs.style, config, BASE)
loaded_by = bound(names.loaded_by)
not_loaded_by = bound(names.not_loaded_by)
built_as = bound(names.built_as)
not_built_as = bound(names.not_built_as)

# inputs by a job's wildcards
data_for = lambda check: bound(inputs.data_for, check)
existing = lambda key: bound(inputs.existing, key)
archive_of = bound(inputs.archive_of)
pairs_of = bound(inputs.pairs_of)
own_model = bound(inputs.own_model)
own_network = lambda what: bound(inputs.own_network, what)
own_training = lambda what: bound(inputs.own_training, what)
own_factors = bound(inputs.own_factors)
network_of = inputs.network_of
network_with_convolution = bound(inputs.network_with_convolution)
inverse_of = bound(inputs.inverse_of)
inverse_of_last_layer = inputs.inverse_of_last_layer
boundary_of = inputs.boundary_of
repetitions = lambda name: bound(inputs.repetitions, name)
subset_shards = bound(inputs.subset_shards)
datamodel_tables = bound(inputs.datamodel_tables)
variant_groups = bound(inputs.variant_groups)
measured_of = bound(inputs.measured_of)
data_of_study = bound(inputs.data_of_study)
named_of_study = bound(inputs.named_of_study)
over_seeds = lambda name: bound(inputs.over_seeds, name)
over_runs = lambda name: bound(inputs.over_runs, name)
agreement_files = bound(inputs.agreement_files)

# of attribution methods
METHOD = names.one_of(registry.METHODS)
method_files = methods.files
own_of_method = bound(methods.own_of_method)
followed_recipe = bound(methods.followed)
code_of_followed = lambda script: bound(methods.code_of_followed, BASE / "scripts", script)
methods_of = lambda judge: bound(methods.named, judge)
method_text = methods.text_of
method_settings = bound(methods.settings_of)
group_method_settings = bound(methods.settings_of_groups)
scores_of = lambda judge: bound(methods.scores, judge)
texts_of = lambda table: bound(methods.texts_of, table)
scores_of_removals = bound(methods.scores_of_removals)
groups_of = lambda table, compared: functools.partial(methods.groups, table, compared)
grown = bound(methods.grown)
grown_files = bound(methods.grown_files)
overlap_methods = bound(methods.of_overlap)
compared_methods = bound(methods.of_boundary_overlap)
recovery_methods = bound(methods.of_recovery)
JUDGE = names.one_of(registry.JUDGES)
code_of_judge = lambda script: functools.partial(methods.code_of_judge, BASE / "scripts", script)
judge_text = methods.judge_text
judged_methods = bound(methods.judged)
judged_files = bound(methods.judged_files)
rule_files = bound(methods.files_of_rule)
rule_settings = bound(methods.settings_of_rule)

# judged by retrained networks
truth_numbers = bound(attributions.truth_numbers)
truth_settings = bound(attributions.truth_settings)
code_of_attribution = lambda script: bound(attributions.code, BASE / "scripts", script)
attribution_files = bound(attributions.needed)
attribution_settings = bound(attributions.settings_of)
averaged_files = attributions.averaged
further_trainings = bound(attributions.further_trainings)
attributed_files = bound(attributions.files)
attributed_methods = bound(attributions.compared)
fitted_truths = bound(attributions.fitted)
EVERY_ATTRIBUTED = attributions.EVERY_NAME
attribution_of_name = bound(attributions.of_name)
found_groups = bound(attributions.found_groups)
predicting_files = bound(attributions.predicting)
without_top = bound(attributions.without_top)
predicted_removals = bound(attributions.predicted)
over_trainings = bound(attributions.over_trainings)
judging = bound(attributions.judging)
removing = bound(attributions.removing)
tables_of_study = lambda name: bound(attributions.tables, name)
border_files = bound(attributions.border)

# what a user reads
suggesting = bound(answers.suggesting)
explaining_files = bound(answers.files)
explaining_settings = bound(answers.settings_of)
explaining_methods = bound(answers.explaining)
explained_points = bound(answers.chosen)
explanations_of = bound(answers.explained)
page_files = functools.partial(inputs.page, BASE / "scripts/answers/page")
shown_results = bound(answers.shown)
exported_files = bound(answers.exported)
human_labels_of = bound(inputs.human_labels_of)
removed_file = bound(inputs.removed_file)
removed_points = bound(inputs.removed_points)
named_networks = bound(inputs.named_networks)
source_classes = bound(answers.source_classes)
labels_over_seeds = bound(answers.judged_over_seeds)
labels_methods = bound(answers.judged)
about_study = bound(answers.about)

# what the report says of a study
reported = tables.reported
others_of_study = bound(summaries.others)
tables_shown = bound(summaries.shown)
captions_of_study = bound(summaries.captions, BASE / "report")
summarised_run = bound(summaries.run_of)
history_of_study = bound(summaries.history_of)
facts_of_study = bound(summaries.facts)
summary_template = functools.partial(inputs.page, BASE / "scripts/answers/summary")

# the training set divided
partition_files = lambda table: bound(partitions.files, table)
partition_methods = lambda table: bound(partitions.asked, table)
partition_recipes = bound(partitions.recipes)
code_of_partition = lambda script, table: bound(partitions.code, BASE / "scripts", script, table)
stopped_groups = bound(partitions.stopped)
over_partitions = lambda name: bound(partitions.runs, name)
geometry_of = bound(partitions.geometry)

own_files = start.own_files(config, GIVEN, KNOWN)

# settings, found when a job's wildcards are known
setting = lambda path: bound(studies.setting, path)
part = lambda section, *keys: bound(studies.part, section, keys)
with_tie_seed = lambda path: bound(studies.with_tie_seed, path)
scope_of = studies.scope_of
recipe = bound(studies.recipe)
class_weights_of = bound(studies.class_weights)
training_of = bound(studies.training_of)
data_settings = bound(studies.data_settings)
subgroups_of = bound(studies.subgroups)
shown_names = bound(studies.shown_names)
download_of = bound(inputs.download_of)
damping_of = bound(studies.damping)
influence_targets = bound(studies.influence_targets)
group_settings = bound(studies.group_settings)
overlap_settings = bound(studies.overlap_settings)
evaluated_variants = bound(studies.evaluated_variants)
shard_numbers = bound(inputs.shard_numbers)
runs_of_study = bound(studies.runs_of_study)
subgroup_of_data = lambda key: bound(studies.subgroup_of_data, key)
