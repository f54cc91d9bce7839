"""Where a weight lies in files and in memory, as transformers converts one to the other."""
