# Targets.
# Inputs: figures, tables and results of studies.  Outputs: none, a target is a name for them.
# Steps: one rule a target, from section `targets` of config/studies.yaml; own, of the studies that one's settings add.

targets.refuse_names_of(config, [rule.name for rule in workflow.rules])

for target in config["targets"]:

    rule:
        name:
            target
        input:
            targets.inputs_of(config, target),
        localrule: True


if own_files:

    rule own:
        input:
            own_files,
        localrule: True
