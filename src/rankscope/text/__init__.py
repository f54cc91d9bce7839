"""From text to tokens: tokenizers, prompts, packed sequences."""
