"""`rankscope inspect` on matrices of LLaMA-7B's size: time, memory, disk.

    python tests/benchmarks/spectra_scale.py --layers 1 --folder /tmp/scale

Writes a synthetic model of `--layers` layers (7 linear matrices each, true sizes, bfloat16,
random weights with a decaying spectrum) and a rank-16 adapter on all of them, then runs
`rankscope inspect` as a user would: without a cache, with an empty one (which is built), and with
a full one. Prints wall time, the peak memory of all processes together (shared pages counted once)
and bytes on disk, and what 32 layers would take at the same rate. `--layers 32` is the whole model:
13 GB of weights, 31 GB of cache (`--precision f32`: half), an hour on two cores.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
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
    index: dict[str, str] = {}
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


class PeakMemory(threading.Thread):
    """Watches the memory of a process and its descendants together, from `start` until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak = pid, 0

    def run(self) -> None:
        """Poll until the process is gone."""
        while (size := self._total()) > 0:
            self.peak = max(self.peak, size)
            time.sleep(0.2)

    def _total(self) -> int:
        """Return the kB of the process and its descendants now, 0 when it has ended."""
        parents = _parents()
        family = {self.pid} & parents.keys()
        while born := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= born
        return sum(_proportional_size(pid) for pid in family)


def _parents() -> dict[int, int]:
    """Return the parent of every process that can be seen."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            # the name, in parentheses, may hold spaces; state and parent follow it
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    return parents


def _proportional_size(pid: int) -> int:
    """Return a process's proportional set size in kB, 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


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
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    memory = PeakMemory(process.pid)
    memory.start()
    if process.wait():
        sys.exit(f"{label}: inspect failed with {process.returncode}")
    memory.join()
    wall, after = time.monotonic() - start, os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    whole = LAYERS / options.layers
    print(
        f"{label:<12} {wall:8.1f} s wall, {cpu:8.1f} s CPU, peak {memory.peak / 2**20:.2f} GiB; "
        f"32 layers: {wall * whole / 60:.1f} min wall, {cpu * whole / 60:.1f} min CPU",
        flush=True,
    )


def main() -> None:
    """Write the model where it is missing, and inspect it three times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
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
