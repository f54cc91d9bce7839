"""Reading and writing models and adapters: tensors, names, layouts, loading, merging."""
