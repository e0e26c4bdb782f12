"""What each result file holds: its name, whose folder it stands in, the names of its arrays. One module a file.

`FILES` of a module gives for each name (as a pattern) one of `dataset` (results/DATASET/), `run` (.../MODEL/seedSEED/),
`scope` (the same, below all_layers/ for that scope) and `study` (results/STUDY/); see `scopes`.
"""
