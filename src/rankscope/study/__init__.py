"""What is run: study files, their expansion to frozen records, and the checks before the first job.

`specs` holds the records every stage receives, `identity` their names, `file` what a person
writes, `expand` the only place where a grid is unfolded.
"""
