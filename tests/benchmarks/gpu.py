"""What a GPU does: training at a real size, and the spectral engine against two SVDs there.

    python tests/benchmarks/gpu.py spectra --shapes 4096x4096,11008x4096
    python tests/benchmarks/gpu.py train --size 1b --method full
    python tests/benchmarks/gpu.py train --size 7b --method lora --rank 16

`spectra` times, on one matrix of each shape and in one process, the base decomposition and the
comparison with updates of several ranks against the reference, two float32 SVDs on the same GPU;
wall seconds of the fastest call, the GPU waited for. Beside them stands how many of the decisions
(ε = 0.5, k = 10, left side) differ from the engine on the CPU in float64.

`train` runs the train stage itself on a random Llama of the named size and random tokens, and
prints tokens per second between the second step and the last, and the peak of allocated memory.
Figures of a machine stand in README.md beside this file.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

# hidden size, intermediate size, layers, heads, key-value heads
SIZES = {
    "tiny": (64, 96, 2, 4, 2),
    "1b": (2048, 5632, 22, 32, 4),
    "7b": (4096, 11008, 32, 32, 32),
}
VOCABULARY = 32000


def fastest(function: Callable[[], Any], repeat: int = 3) -> tuple[float, Any]:
    """Return wall seconds of the fastest of `repeat` calls, the GPU waited for, and the result."""
    import torch

    best, result = float("inf"), None
    for _ in range(repeat):
        torch.cuda.synchronize()
        start = time.perf_counter()
        result = function()
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best, result


def spectra(shapes: list[tuple[int, int]], ranks: list[int]) -> None:
    """Print one table per shape."""
    import torch
    from spectra import WANTED, low_rank, realistic

    from rankscope.spectra.engine.comparer import Comparer
    from rankscope.spectra.engine.parts.arrays import to_device, to_numpy
    from rankscope.spectra.engine.parts.decomposition import decompose, orient
    from rankscope.weights.updates import Dense

    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    for m, n in shapes:
        rng = np.random.default_rng(0)
        stored = realistic(m, n, rng)
        on_gpu = torch.from_numpy(stored).cuda()
        oriented = to_device(orient(stored.astype(np.float64)), "cuda")
        decomposed, base = fastest(lambda oriented=oriented: decompose(oriented), repeat=2)
        reference, _ = fastest(
            lambda weight=on_gpu: [
                torch.linalg.svd(matrix, full_matrices=False) for matrix in (weight, weight * 1.01)
            ],
            repeat=2,
        )
        print(f"\n{m} × {n}: base decomposed in {decomposed:.2f} s, two SVDs {reference:.2f} s")
        parts = {name: getattr(base, name) for name in base.__dataclass_fields__}
        on_cpu = type(base)(
            **{k: to_numpy(v) if isinstance(v, torch.Tensor) else v for k, v in parts.items()}
        )
        updates: dict[str, Any] = {f"LoRA r={rank}": low_rank(m, n, rank, rng) for rank in ranks}
        updates["dense"] = Dense(rng.standard_normal((m, n)) * 2e-3)
        comparers = (Comparer(stored, base, WANTED, "cuda"), Comparer(stored, on_cpu, WANTED))
        for name, update in updates.items():
            compare_devices(name, update, *comparers, reference)


def compare_devices(name: str, update: Any, on_gpu: Any, on_cpu: Any, reference: float) -> None:
    """Print the line of one update: its time on the GPU, and what differs from the CPU."""
    from spectra import EPSILON

    spent, found = fastest(lambda: on_gpu.compare(update))
    start = time.perf_counter()
    expected = on_cpu.compare(update)
    spent_on_cpu = time.perf_counter() - start
    intruders = found.left.max_cosine < EPSILON
    differ = int((intruders != (expected.left.max_cosine < EPSILON)).sum())
    error = float(np.abs(found.left.max_cosine - expected.left.max_cosine).max())
    print(
        f"{name:>12} {spent:8.4f} s  {reference / spent:6.0f}×  CPU {spent_on_cpu:7.3f} s"
        f"  {int(intruders.sum())} intruders, {differ} decisions differ, cosines by {error:.1e}"
        f"  ({found.method})",
        flush=True,
    )


def train(size: str, method: str, rank: int, steps: int, micro_batch: int, length: int) -> None:
    """Run the train stage in a folder of its own and print its speed and memory."""
    import polars as pl
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from rankscope.artefacts.manifest import manifest
    from rankscope.train import stage

    hidden, intermediate, layers, heads, key_value_heads = SIZES[size]
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_value_heads,
        max_position_embeddings=length,
    )
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        torch.set_default_dtype(torch.bfloat16)  # halves the folder; the run loads it as float32
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            model = LlamaForCausalLM(config)
        torch.set_default_dtype(torch.float32)
        parameters = sum(weight.numel() for weight in model.parameters())
        run = described_run(method, rank, steps, micro_batch, length)
        files = stage.TrainingFiles.of(run)
        model.cpu().save_pretrained(files.base)
        with manifest(files.base.with_name("run.json"), "base", run.base.name, {}) as record:
            record.covers(files.base)
        del model
        torch.cuda.empty_cache()
        rng = np.random.default_rng(0)
        rows = rng.integers(0, VOCABULARY, (run.recipe.batch_size * 2, length)).tolist()
        files.packed.parent.mkdir(parents=True, exist_ok=True)
        with manifest(files.packed.with_suffix(".json"), "data", run.packed.name, {}) as record:
            record.parquet(files.packed, pl.DataFrame({"input_ids": rows}))
        times = step_times(stage)
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        started = time.perf_counter()
        stage.train_run(run, files)
        whole = time.perf_counter() - started
        loss = pl.read_parquet(files.run_folder / "loss.parquet")["loss"].to_list()
    peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else float("nan")
    trained = (len(times) - 2) * run.recipe.batch_size * length
    name = f"LoRA r={rank}" if method == "lora" else "full"
    print(
        f"{parameters / 1e9:.2f}B parameters, {name}, {steps} steps of {run.recipe.batch_size} ×"
        f" {length} tokens, micro-batch {micro_batch}, bf16 autocast, AdamW:"
        f" {trained / (times[-1] - times[1]):.0f} tokens/s, peak {peak:.1f} GiB,"
        f" {whole:.0f} s with load and save, loss {loss[0]:.2f} → {loss[-1]:.2f}",
        flush=True,
    )


def described_run(method: str, rank: int, steps: int, micro_batch: int, length: int) -> Any:
    """Describe the run: what would stand in a study file."""
    from rankscope.records.bases import LocalBase
    from rankscope.records.data import StandardLibrary
    from rankscope.records.methods import FullFineTuning, Lora
    from rankscope.records.recipes import Recipe
    from rankscope.records.runs import Run

    recipe = Recipe(
        learning_rate=1e-5 if method == "full" else 1e-4,
        steps=steps,
        batch_size=8,
        micro_batch_size=micro_batch,
        sequence_length=length,
        precision="bfloat16",
        keep=(1.0,),
    )
    return Run(
        base=LocalBase(source="local", path="model"),
        data=StandardLibrary(source="standard-library", content="code"),
        method=FullFineTuning() if method == "full" else Lora(rank=rank, alpha=2 * rank),
        recipe=recipe,
        seed=0,
    )


def step_times(stage: Any) -> list[float]:
    """Note when each optimizer step of the stage ends, in the list that is returned."""
    times: list[float] = []

    class Timed(stage.ProgressLines):
        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if "loss" in (more.get("logs") or {}):
                times.append(time.perf_counter())
            super().on_log(args, state, control, **more)

    stage.ProgressLines = Timed
    return times


def main() -> None:
    """Parse the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("spectra", "train"))
    parser.add_argument("--shapes", default="4096x4096,11008x4096")
    parser.add_argument("--ranks", default="8,64,256")
    parser.add_argument("--size", choices=SIZES, default="1b")
    parser.add_argument("--method", choices=("full", "lora"), default="full")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--micro-batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=2048)
    options = parser.parse_args()
    if options.what == "spectra":
        shapes = [tuple(map(int, shape.split("x"))) for shape in options.shapes.split(",")]
        spectra(shapes, [int(rank) for rank in options.ranks.split(",")])
    else:
        train(options.size, options.method, options.rank, options.steps, options.micro_batch,
              options.length)  # fmt: skip


if __name__ == "__main__":
    main()
