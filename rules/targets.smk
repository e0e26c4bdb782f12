# Targets.
# Inputs: figures, tables and results of studies.  Outputs: none, a target is a name for them.
# Steps: one rule a target, from section `targets` of config/studies.yaml.

targets.refuse_names_of(config, [rule.name for rule in workflow.rules])

for target in config["targets"]:

    rule:
        name:
            target
        input:
            targets.inputs_of(config, target),
        localrule: True
