"""Super-NaturalInstructions: tasks, nested mixtures, test sets, prompts."""
