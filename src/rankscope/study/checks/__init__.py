"""Checks of a study before the first job, by what they look at; `rankscope.study.check` runs them.

Each check is a generator that takes a `Subject` and yields the mistakes it finds.
"""
