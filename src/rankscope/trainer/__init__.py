"""What is added to transformers' `Trainer`: progress, checkpoints, divergence, resuming."""
