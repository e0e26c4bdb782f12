# Figures.
# Inputs: results of a study's dataset, model, seed and scope.  Outputs: results/figures/{study}/*.png and .pdf.
# Steps: one rule a figure, plot_NAME with its script scripts/STAGE/plot_NAME.py and its page in report/STAGE/, from the table
# in scripts/attribution/workflow/figures.py.

# `rule` and not another name: a job runs after the loop, and there `rule` is the name of its own rule
for rule, figure in figures.TABLE.items():

    rule:
        name:
            rule
        input:
            **figures.inputs_of(figure, config),
            style=style_file,
            code=code(f"{figure.stage}/{rule}.py"),
        output:
            png=report(
                f"results/figures/{{study}}/{figure.file}.png",
                caption=f"../report/{figure.stage}/{figure.caption or figure.file}.rst",
                category=figure.category,
                labels={"figure": figure.title, "study": "{study}"},
            ),
            pdf=f"results/figures/{{study}}/{figure.file}.pdf",
        log:
            f"results/logs/{rule}/{figure.job}.log",
        benchmark:
            f"results/benchmarks/{rule}/{figure.job}.tsv"
        wildcard_constraints:
            **figure.constraints,
        threads: cpus(rule)
        resources:
            **asked(rule),
        params:
            **figures.params_of(figure, config),
        script:
            f"../scripts/{figures.TABLE[rule].stage}/{rule}.py"
