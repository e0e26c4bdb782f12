"""What the jobs of each stage take, rule by rule: `COSTS` of its module, functions of the run's sizes."""
