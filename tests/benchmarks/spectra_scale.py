"""`rankscope inspect` on matrices of LLaMA-7B's size: time, memory, disk.

    python tests/benchmarks/spectra_scale.py --layers 1 --folder /tmp/scale

Writes a synthetic model of `--layers` layers (7 linear matrices each, true sizes, bfloat16,
random weights with a decaying spectrum) and a rank-16 adapter on all of them, then runs
`rankscope inspect` as a user would: without a cache, with an empty one (which is built), and with
a full one. Prints wall time, peak memory of the largest process and bytes on disk, and what 32
layers would take at the same rate. `--layers 32` is the whole model: 13 GB of weights, 31 GB of
cache (`--precision f32`: half), an hour on two cores.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

HIDDEN, INNER, LAYERS, RANK = 4096, 11008, 32, 16
MODULES = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (HIDDEN, HIDDEN),
    "self_attn.v_proj": (HIDDEN, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}


def weight(shape: tuple[int, int]) -> torch.Tensor:
    """Noise plus 200 directions whose strength falls as j^-½."""
    m, n = shape
    strengths = 6 * torch.arange(1, 201).float() ** -0.5
    left, right = torch.randn(m, 200) / m**0.5, torch.randn(200, n) / n**0.5
    return (torch.randn(m, n) / max(m, n) ** 0.5 + (left * strengths) @ right).bfloat16()


def write_model(folder: Path, layers: int) -> None:
    """Write one shard per layer and their index."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    index = {}
    for layer in range(layers):
        shard = f"model-{layer:05d}.safetensors"
        tensors = {
            f"model.layers.{layer}.{module}.weight": weight(shape)
            for module, shape in MODULES.items()
        }
        save_file(tensors, folder / shard)
        index |= dict.fromkeys(tensors, shard)
    content = json.dumps({"metadata": {}, "weight_map": index})
    (folder / "model.safetensors.index.json").write_text(content)


def write_adapter(folder: Path, layers: int) -> None:
    """Write a rank-16 adapter about as strong as the leading singular values."""
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    tensors = {}
    for layer in range(layers):
        for module, (m, n) in MODULES.items():
            prefix = f"base_model.model.model.layers.{layer}.{module}"
            tensors[f"{prefix}.lora_A.weight"] = torch.randn(RANK, n) / n**0.5
            tensors[f"{prefix}.lora_B.weight"] = torch.randn(m, RANK) / m**0.5
    save_file(tensors, folder / "adapter_model.safetensors")


def inspect(label: str, options: argparse.Namespace, *arguments: str) -> None:
    """Run `rankscope inspect` and print what it took."""
    folder: Path = options.folder
    command = [
        sys.executable, "-c", "from rankscope.cli import main; main()", "inspect",
        str(folder / "adapter"), "--base", str(folder / "base"), "--out", str(folder / "out"),
        "--workers", str(options.workers), *arguments,
    ]  # fmt: skip
    before = os.times()
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    whole = LAYERS / options.layers
    print(
        f"{label:<12} {wall:8.1f} s wall, {cpu:8.1f} s CPU, peak so far {peak:.2f} GiB a process; "
        f"32 layers: {wall * whole / 60:.1f} min wall, {cpu * whole / 60:.1f} min CPU",
        flush=True,
    )


def main() -> None:
    """Write the model where it is missing, and inspect it three times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--precision", default="f64")
    parser.add_argument(
        "--no-cache-build", action="store_true", help="only the way without a cache"
    )
    options = parser.parse_args()
    torch.manual_seed(0)
    if not (options.folder / "base").exists():
        write_model(options.folder / "base", options.layers)
        write_adapter(options.folder / "adapter", options.layers)
    inspect("no cache", options)
    if options.no_cache_build:
        return
    cache = options.folder / "cache"
    arguments = ("--cache", str(cache), "--precision", options.precision)
    inspect("cache built", options, *arguments)
    inspect("cache read", options, *arguments)
    size = sum(path.stat().st_size for path in cache.iterdir())
    print(f"cache: {size / 1e9:.2f} GB; 32 layers: {size * LAYERS / options.layers / 1e9:.1f} GB")


if __name__ == "__main__":
    main()
