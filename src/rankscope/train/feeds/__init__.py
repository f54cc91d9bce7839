"""What a run is fed with: a module for each way in which data is trained on.

Each has `feed(run, packed, base)`, which gives the `train.feed.Feed` of a run from its table of
token ids (`data.encodings`) and the folder of the model.
"""
