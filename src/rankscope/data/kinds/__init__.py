"""Where rows come from: a module of the name of each data source.

Each has `content(spec, made_from)`, which gives the rows of a variant from those of its sources.
"""
