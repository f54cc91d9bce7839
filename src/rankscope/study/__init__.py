"""What is run: study files, their expansion to frozen records, and the checks before the first job.

The way of a study file: `source` reads YAML and keeps its lines, `file` holds the models of what a
person writes, `mistakes` turns what does not fit into sentences, `expand` unfolds the grid (the
only place that does) into the records of `specs`, `identity` names them, `check` compares them with
base and data, `plan` tells what will be run. `registry` finds records by name.
"""
