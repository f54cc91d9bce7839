"""Instruction tuning on mixtures of tasks: the multi-task paper."""
