"""How much faster batches of similar length generate than one prompt at a time.

    OMP_NUM_THREADS=1 python tests/benchmarks/generate.py [--prompts 96] [--new-tokens 64]

A random Llama of one million weights answers prompts whose lengths follow those of instructions
(log-normal, median 88 tokens). An answer ends by chance, as trained models' answers do. Both ways
run in one process and must give identical tokens; the ratio of their times is printed, and the exit
code is 1 below the target.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

TARGET = 4.0


def main() -> int:
    """Time both ways and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=96)
    parser.add_argument("--new-tokens", type=int, default=64)
    options = parser.parse_args()

    import torch

    from rankscope.evaluate.generation import generate
    from rankscope.evaluate.weights import load_tokenizer
    from tiny_llama import save_base

    with TemporaryDirectory() as folder:
        tokenizer = load_tokenizer(save_base(Path(folder)))
    model = million_weights(end_tokens=8)
    generator = torch.Generator().manual_seed(0)
    lengths = (88 * torch.randn(options.prompts, generator=generator).mul(0.7).exp()).int()
    prompts = [
        torch.randint(2, 320, (length,), generator=generator).tolist()
        for length in lengths.clamp(8, 440).tolist()
    ]
    generate(model, tokenizer, prompts[:2], 4)  # warm up

    started = time.perf_counter()
    alone = [generate(model, tokenizer, [prompt], options.new_tokens)[0] for prompt in prompts]
    one_by_one = time.perf_counter() - started
    started = time.perf_counter()
    together = generate(model, tokenizer, prompts, options.new_tokens)
    batched = time.perf_counter() - started

    tokens = sum(answer.tokens for answer in together)
    print(
        f"{options.prompts} prompts, {tokens} generated tokens, {torch.get_num_threads()} threads"
    )
    print(f"one by one  {one_by_one:7.2f} s  {tokens / one_by_one:8.0f} tokens/s")
    print(f"batched     {batched:7.2f} s  {tokens / batched:8.0f} tokens/s")
    print(f"ratio       {one_by_one / batched:7.2f}    (target {TARGET:g})")
    print(f"identical   {together == alone}")
    return 0 if together == alone and one_by_one / batched >= TARGET else 1


def million_weights(end_tokens: int):
    """Return a random Llama of about a million weights for which several tokens end an answer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=128,
        intermediate_size=344,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=False,
        initializer_range=0.15,
    )
    model = LlamaForCausalLM(config).eval()
    model.generation_config.eos_token_id = list(range(1, 1 + end_tokens))
    return model


if __name__ == "__main__":
    sys.exit(main())
