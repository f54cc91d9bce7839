"""How much faster batches of similar length generate than one prompt at a time.

    OMP_NUM_THREADS=2 python tests/benchmarks/generate.py [--prompts 96] [--new-tokens 128]

A random Llama of one million weights answers prompts whose lengths follow those of instructions
(log-normal, median 88 tokens). An answer ends by chance, as trained models' answers do. One at a
time is transformers' own `generate`. Both ways run in one process and must give identical tokens;
the ratio of their times is printed, and the exit code is 1 below the target. One prompt at a time
gains nothing from a second thread, batches do: with one thread the ratio is near 3. The shorter the
answers, the more of the time goes into reading prompts, where batches save less.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

TARGET = 4.0


def main() -> int:
    """Time both ways and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=96)
    parser.add_argument("--new-tokens", type=int, default=128)
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
    generate(model, tokenizer, prompts[:2], 4)
    one_at_a_time(model, prompts[:2], 4)  # both are warm now

    started = time.perf_counter()
    alone = one_at_a_time(model, prompts, options.new_tokens)
    one_by_one = time.perf_counter() - started
    started = time.perf_counter()
    together = generate(model, tokenizer, prompts, options.new_tokens)
    batched = time.perf_counter() - started
    identical = [answer.text for answer in together] == [
        tokenizer.decode(answer, skip_special_tokens=True) for answer in alone
    ]

    tokens = sum(answer.tokens for answer in together)
    print(
        f"{options.prompts} prompts, {tokens} generated tokens, {torch.get_num_threads()} threads"
    )
    print(f"one by one  {one_by_one:7.2f} s  {tokens / one_by_one:8.0f} tokens/s")
    print(f"batched     {batched:7.2f} s  {tokens / batched:8.0f} tokens/s")
    print(f"ratio       {one_by_one / batched:7.2f}    (target {TARGET:g})")
    print(f"identical   {identical}")
    return 0 if identical and one_by_one / batched >= TARGET else 1


def one_at_a_time(model, prompts, new_tokens):
    """Answer with transformers' `generate`, one prompt per call."""
    import torch

    answers = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        output = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=new_tokens,
            pad_token_id=1,
        )
        answers.append(output[0, len(prompt) :].tolist())
    return answers


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
        max_position_embeddings=1024,
        tie_word_embeddings=False,
        initializer_range=0.15,
    )
    model = LlamaForCausalLM(config).eval()
    model.generation_config.eos_token_id = list(range(1, 1 + end_tokens))
    return model


if __name__ == "__main__":
    sys.exit(main())
