# Figures.
# Inputs: results of a study's dataset, model, seed and scope.  Outputs: results/figures/{study}/*.png and .pdf.
# Steps: one rule a figure, numbered as in the report where it has the figure too.

# variants of Algorithm 1 that figure 9 puts side by side
RULES = ["influence", "theta-relative", "l-relative", "adaptive"]


rule plot_dataset:
    input:
        data=data_of_study,
        style=style_file(),
        code=code("data/plot_dataset.py"),
    output:
        png=report(
            "results/figures/{study}/04-dataset.png",
            caption="../report/04-dataset.rst",
            category="1. Data",
            labels={"figure": "Figure 4: the data set"},
        ),
        pdf="results/figures/{study}/04-dataset.pdf",
    log:
        "results/logs/plot_dataset/{study}.log",
    benchmark:
        "results/benchmarks/plot_dataset/{study}.tsv"
    threads: cpus("plot_dataset")
    resources:
        **asked("plot_dataset"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/data/plot_dataset.py"


rule plot_self_influence:
    input:
        data=data_of_study,
        influence=of_study("influence.h5"),
        boundary=of_study("decision_boundary.h5"),
        style=style_file(),
        code=code("influence/plot_self_influence.py"),
    output:
        png=report(
            "results/figures/{study}/05-self-influence.png",
            caption="../report/05-self-influence.rst",
            category="3. Influence of points",
            labels={"figure": "Figure 5: self-influence"},
        ),
        pdf="results/figures/{study}/05-self-influence.pdf",
    log:
        "results/logs/plot_self_influence/{study}.log",
    benchmark:
        "results/benchmarks/plot_self_influence/{study}.tsv"
    threads: cpus("plot_self_influence")
    resources:
        **asked("plot_self_influence"),
    params:
        top=config["evaluation"]["top"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/influence/plot_self_influence.py"


rule plot_relative_influence:
    input:
        data=data_of_study,
        influences=lambda w: [of_study("influence.h5", model=m)(w) for m in config["studies"][w.study]["compared"]],
        boundaries=lambda w: [
            of_study("decision_boundary.h5", model=m)(w) for m in config["studies"][w.study]["compared"]
        ],
        style=style_file(),
        code=code("groups/plot_relative_influence.py"),
    output:
        png=report(
            "results/figures/{study}/06-relative-influence.png",
            caption="../report/06-relative-influence.rst",
            category="3. Influence of points",
            labels={"figure": "Figure 6: influence on the target's centre"},
        ),
        pdf="results/figures/{study}/06-relative-influence.pdf",
    log:
        "results/logs/plot_relative_influence/{study}.log",
    benchmark:
        "results/benchmarks/plot_relative_influence/{study}.tsv"
    threads: cpus("plot_relative_influence")
    resources:
        **asked("plot_relative_influence"),
    params:
        models=lambda w: config["studies"][w.study]["compared"],
        target=lambda w: config["studies"][w.study]["target"],
        subgroups=subgroups_of_study,
        top=config["evaluation"]["top"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/groups/plot_relative_influence.py"


rule plot_group_growth:
    input:
        growth=of_study("growth.h5"),
        style=style_file(),
        code=code("groups/plot_group_growth.py"),
    output:
        png=report(
            "results/figures/{study}/07-group-growth.png",
            caption="../report/07-group-growth.rst",
            category="4. Influence of groups",
            labels={"figure": "Figure 7: growth with size"},
        ),
        pdf="results/figures/{study}/07-group-growth.pdf",
    log:
        "results/logs/plot_group_growth/{study}.log",
    benchmark:
        "results/benchmarks/plot_group_growth/{study}.tsv"
    threads: cpus("plot_group_growth")
    resources:
        **asked("plot_group_growth"),
    params:
        titles=pool_titles,
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/groups/plot_group_growth.py"


rule plot_greedy_stages:
    input:
        data=data_of_study,
        groups=of_study("groups.h5"),
        boundary=of_study("decision_boundary.h5"),
        style=style_file(),
        code=code("groups/plot_greedy_stages.py"),
    output:
        png=report(
            "results/figures/{study}/08-greedy-stages.png",
            caption="../report/08-greedy-stages.rst",
            category="5. Functioning groups",
            labels={"figure": "Figure 8: Algorithm 1 at several stages"},
        ),
        pdf="results/figures/{study}/08-greedy-stages.pdf",
    log:
        "results/logs/plot_greedy_stages/{study}.log",
    benchmark:
        "results/benchmarks/plot_greedy_stages/{study}.tsv"
    threads: cpus("plot_greedy_stages")
    resources:
        **asked("plot_greedy_stages"),
    params:
        target=lambda w: config["studies"][w.study]["target"],
        subgroups=subgroups_of_study,
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/groups/plot_greedy_stages.py"


rule plot_turning_point:
    input:
        data=data_of_study,
        groups=lambda w: [of_study(f"groups-{rule}.h5")(w) for rule in RULES],
        style=style_file(),
        code=code("groups/plot_turning_point.py"),
    output:
        png=report(
            "results/figures/{study}/09-turning-point.png",
            caption="../report/09-turning-point.rst",
            category="5. Functioning groups",
            labels={"figure": "Figure 9: the turning point"},
        ),
        pdf="results/figures/{study}/09-turning-point.pdf",
    log:
        "results/logs/plot_turning_point/{study}.log",
    benchmark:
        "results/benchmarks/plot_turning_point/{study}.tsv"
    threads: cpus("plot_turning_point")
    resources:
        **asked("plot_turning_point"),
    params:
        rules=RULES,
        target=lambda w: config["studies"][w.study]["target"],
        subgroups=subgroups_of_study,
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/groups/plot_turning_point.py"


rule plot_datamodel_components:
    input:
        data=data_of_study,
        weights=datamodel_files,
        style=style_file(),
        code=code("retraining/plot_datamodel_components.py"),
    output:
        png=report(
            "results/figures/{study}/10-datamodels-{extent}.png",
            caption="../report/10-datamodels.rst",
            category="6. Retraining and datamodels",
            labels={"figure": "Figure 10: components of datamodels, {extent}"},
        ),
        pdf="results/figures/{study}/10-datamodels-{extent}.pdf",
    log:
        "results/logs/plot_datamodel_components/{study}-{extent}.log",
    benchmark:
        "results/benchmarks/plot_datamodel_components/{study}-{extent}.tsv"
    threads: cpus("plot_datamodel_components")
    resources:
        **asked("plot_datamodel_components"),
    params:
        estimators=SHOWN_ESTIMATORS,
        alpha=config["datamodels"]["shown_alpha"],
        subsets=lambda w: max(config["datamodels"][w.extent]),
        extremes=config["datamodels"]["extremes"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/retraining/plot_datamodel_components.py"


rule plot_datamodel_scores:
    input:
        table=lambda w: run_path(w.study, f"datamodels-{w.extent}.csv"),
        style=style_file(),
        code=code("retraining/plot_datamodel_scores.py"),
    output:
        png=report(
            "results/figures/{study}/datamodel-scores-{extent}.png",
            caption="../report/datamodel-scores.rst",
            category="6. Retraining and datamodels",
            labels={"figure": "Worth of datamodels, {extent}"},
        ),
        pdf="results/figures/{study}/datamodel-scores-{extent}.pdf",
    log:
        "results/logs/plot_datamodel_scores/{study}-{extent}.log",
    benchmark:
        "results/benchmarks/plot_datamodel_scores/{study}-{extent}.tsv"
    threads: cpus("plot_datamodel_scores")
    resources:
        **asked("plot_datamodel_scores"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/retraining/plot_datamodel_scores.py"


rule plot_leave_one_out:
    input:
        removals=lambda w: [run_path(w.study, "removals.h5", model=m) for m in config["studies"][w.study]["retrained"]],
        tables=lambda w: [run_path(w.study, "removals.csv", model=m) for m in config["studies"][w.study]["retrained"]],
        style=style_file(),
        code=code("retraining/plot_leave_one_out.py"),
    output:
        png=report(
            "results/figures/{study}/leave-one-out.png",
            caption="../report/leave-one-out.rst",
            category="6. Retraining and datamodels",
            labels={"figure": "Leave-one-out against influence"},
        ),
        pdf="results/figures/{study}/leave-one-out.pdf",
    log:
        "results/logs/plot_leave_one_out/{study}.log",
    benchmark:
        "results/benchmarks/plot_leave_one_out/{study}.tsv"
    threads: cpus("plot_leave_one_out")
    resources:
        **asked("plot_leave_one_out"),
    params:
        models=lambda w: config["studies"][w.study]["retrained"],
        l2=config["retraining"]["shown_l2"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/retraining/plot_leave_one_out.py"


rule plot_leave_groups_out:
    input:
        removals=lambda w: [run_path(w.study, "removals.h5", model=m) for m in config["studies"][w.study]["retrained"]],
        style=style_file(),
        code=code("retraining/plot_leave_groups_out.py"),
    output:
        png=report(
            "results/figures/{study}/leave-groups-out.png",
            caption="../report/leave-groups-out.rst",
            category="6. Retraining and datamodels",
            labels={"figure": "Groups left out against their influence"},
        ),
        pdf="results/figures/{study}/leave-groups-out.pdf",
    log:
        "results/logs/plot_leave_groups_out/{study}.log",
    benchmark:
        "results/benchmarks/plot_leave_groups_out/{study}.tsv"
    threads: cpus("plot_leave_groups_out")
    resources:
        **asked("plot_leave_groups_out"),
    params:
        models=lambda w: config["studies"][w.study]["retrained"],
        l2=config["retraining"]["shown_l2"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/retraining/plot_leave_groups_out.py"


rule plot_decision_boundary:
    input:
        data=data_of_study,
        boundary=of_study("decision_boundary.h5"),
        hessian=of_study("hessian.h5", scope="last_layer"),
        style=style_file(),
        code=code("training/plot_decision_boundary.py"),
    output:
        png=report(
            "results/figures/{study}/decision-boundary.png",
            caption="../report/decision-boundary.rst",
            category="2. Model",
            labels={"figure": "Decision boundary and self-influence"},
        ),
        pdf="results/figures/{study}/decision-boundary.pdf",
    log:
        "results/logs/plot_decision_boundary/{study}.log",
    benchmark:
        "results/benchmarks/plot_decision_boundary/{study}.tsv"
    threads: cpus("plot_decision_boundary")
    resources:
        **asked("plot_decision_boundary"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/training/plot_decision_boundary.py"


rule plot_recipes:
    input:
        table="results/{study}/seeds.csv",
        style=style_file(),
        code=code("evaluation/plot_recipes.py"),
    output:
        png=report(
            "results/figures/{study}/rules-and-recipes.png",
            caption="../report/rules-and-recipes.rst",
            category="7. Evaluation",
            labels={"figure": "Rules and recipes over training seeds"},
        ),
        pdf="results/figures/{study}/rules-and-recipes.pdf",
    log:
        "results/logs/plot_recipes/{study}.log",
    benchmark:
        "results/benchmarks/plot_recipes/{study}.tsv"
    threads: cpus("plot_recipes")
    resources:
        **asked("plot_recipes"),
    params:
        target=lambda w: config["studies"][w.study]["target"],
        models=lambda w: config["studies"][w.study]["recipes"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/evaluation/plot_recipes.py"
