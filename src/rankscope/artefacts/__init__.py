"""How results reach the disk: where they lie, whole or not at all, each with its manifest."""
