"""The weight matrices of a base, without torch: for checks before the first job, and the plan.

Guarantees: shapes and parameter counts are exact where they are given (tests compare them with
transformers and peft on the meta device), and come in milliseconds: from the safetensors headers
of a model that is on disk, from the record of a blank base, or from the `config.json` of a
Llama-type model. For any other base there is none (`None`); `meta_device` counts those, and the
types that the library holds otherwise than their files (`is_counted`), such as stacked experts.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.foreign import is_folder, read_json_object
from rankscope.hub import Repository, cached_snapshot, fetch_file
from rankscope.records.bases import BlankBase, HubBase
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.records.record import LARGEST
from rankscope.records.runs import BaseSpec

LLAMA_TYPES = ("llama", "mistral")
HEAD = "lm_head"
MOST_LAYERS = 10_000


@dataclass(frozen=True)
class LinearLayer:
    """A linear layer that LoRA can adapt; `module` is its name as peft spells it."""

    module: str
    rows: int
    columns: int

    @property
    def smaller_dimension(self) -> int:
        """The highest rank that an update of this matrix can have."""
        return min(self.rows, self.columns)


@dataclass(frozen=True)
class BaseShape:
    """What is known of a base before it is loaded."""

    matrices: tuple[LinearLayer, ...]
    """The linear layers of its blocks, and an output head that is not tied."""
    parameters: int
    is_counted: bool = True
    """Whether files and memory agree, so that numbers of parameters are those of the files."""

    def targets(self, method: Lora) -> tuple[LinearLayer, ...]:
        """The matrices that an adapter is put on, by peft's rule: a name is matched as a suffix."""
        if method.target_modules == "all-linear":
            return tuple(matrix for matrix in self.matrices if matrix.module != HEAD)
        return tuple(
            matrix
            for matrix in self.matrices
            if any(_ends_with(matrix.module, name) for name in method.target_modules)
        )

    def counts(self, method: FullFineTuning | Lora) -> tuple[int, int]:
        """Return the numbers of trainable and of all parameters, adapters included in both."""
        if isinstance(method, FullFineTuning):
            return self.parameters, self.parameters
        targets = self.targets(method)
        of_a = sum(method.rank * matrix.columns for matrix in targets)
        of_b = sum(method.rank * matrix.rows for matrix in targets)
        return of_b + of_a * (not method.frozen_a), self.parameters + of_a + of_b

    @property
    def module_names(self) -> tuple[str, ...]:
        """The last parts of the modules' names: `q_proj`, `k_proj`, …"""
        return tuple(dict.fromkeys(matrix.module.rsplit(".", 1)[-1] for matrix in self.matrices))


def _ends_with(module: str, name: str) -> bool:
    return module == name or module.endswith(f".{name}")


def base_shape(base: BaseSpec) -> BaseShape | None:
    """Return the shape of a base, or None if it cannot be known without loading a library."""
    if isinstance(base.root, BlankBase):
        return llama_shape(blank_config(base.root))
    folder = base_folder(base)
    if folder is None:
        return None
    # what is not on disk, or damaged, is for the checks of the base itself to say
    try:
        config = read_json_object(folder / "config.json", ModelError)
    except ModelError:
        return None
    try:
        return shape_on_disk(folder, config)
    except ModelError:
        return llama_shape(config) if _llama_type(config) else None


def base_folder(base: BaseSpec) -> Path | None:
    """Return the folder that the root of a base is read from, if it is on this machine already."""
    root = base.root
    if isinstance(root, BlankBase):
        return None
    if isinstance(root, HubBase):
        return cached_snapshot(_repository(root))
    return Path(root.path) if is_folder(Path(root.path)) else None


def fetch_configuration(base: HubBase) -> None:
    """Fetch the `config.json` of a hub base into the local cache: enough to know its shape.

    Raises:
        ModelError: the repository, the revision or the file cannot be had.
    """
    fetch_file(_repository(base), "config.json", ModelError)


def _repository(base: HubBase) -> Repository:
    return Repository("model", base.repository, base.revision, "use a local folder (source: local)")


def blank_config(base: BlankBase) -> dict[str, Any]:
    """Return the transformers configuration of a blank base, as far as shapes go."""
    return {
        "model_type": "llama",
        "vocab_size": base.vocabulary_size,
        "hidden_size": base.hidden_size,
        "intermediate_size": base.intermediate_size,
        "num_hidden_layers": base.layers,
        "num_attention_heads": base.heads,
        "max_position_embeddings": base.context_length,
        "tie_word_embeddings": True,
    }


def llama_shape(config: dict[str, Any]) -> BaseShape:
    """Compute the shape of a Llama-type decoder from its configuration."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    size = config.get("head_dim") or hidden // heads
    queries, keys = heads * size, (config.get("num_key_value_heads") or heads) * size
    attention = [
        ("q_proj", queries, hidden),
        ("k_proj", keys, hidden),
        ("v_proj", keys, hidden),
        ("o_proj", hidden, queries),
    ]
    mlp = [("gate_proj", inner, hidden), ("up_proj", inner, hidden), ("down_proj", hidden, inner)]
    matrices = [
        LinearLayer(f"model.layers.{layer}.{part}.{name}", rows, columns)
        for layer in range(layers)
        for part, linears in (("self_attn", attention), ("mlp", mlp))
        for name, rows, columns in linears
    ]
    biases = sum(rows for _, rows, _ in attention) * bool(config.get("attention_bias"))
    biases += sum(rows for _, rows, _ in mlp) * bool(config.get("mlp_bias"))
    embeddings = config["vocab_size"] * hidden
    if not config.get("tie_word_embeddings", False):
        matrices.append(LinearLayer(HEAD, config["vocab_size"], hidden))
    weights = sum(matrix.rows * matrix.columns for matrix in matrices)
    norms = (2 * layers + 1) * hidden
    return BaseShape(tuple(matrices), embeddings + weights + layers * biases + norms)


def shape_on_disk(folder: Path, config: dict[str, Any]) -> BaseShape:
    """Read the shape of a model on disk from the headers of its safetensors files.

    Raises:
        ModelError: there are no safetensors files, or they are damaged.
    """
    from rankscope.weights.layouts.layout import is_plain
    from rankscope.weights.tensor_files import FLOATS, list_tensors

    tensors = {
        name: tensor.shape
        for name, tensor in list_tensors(folder, "model").items()
        if tensor.dtype in FLOATS
    }
    tied = config.get("tie_word_embeddings", False)
    if tied:
        tensors.pop(f"{HEAD}.weight", None)
    matrices = tuple(
        LinearLayer(name.removesuffix(".weight"), *shape)
        for name, shape in tensors.items()
        if name.endswith(".weight") and len(shape) == 2 and _is_adapted(name)
    )
    parameters = sum(prod(shape) for shape in tensors.values())
    return BaseShape(matrices, parameters, is_counted=is_plain(config))


def _llama_type(config: dict[str, Any]) -> bool:
    needed = {
        "vocab_size", "hidden_size", "intermediate_size",
        "num_hidden_layers", "num_attention_heads",
    }  # fmt: skip
    sizes = [config.get(key) for key in (*needed, "head_dim", "num_key_value_heads")]
    stated = all(size is None or (isinstance(size, int) and 0 < size < LARGEST) for size in sizes)
    layers = config.get("num_hidden_layers")
    return (
        str(config.get("model_type")) in LLAMA_TYPES
        and needed <= config.keys()
        and stated
        and isinstance(layers, int)
        and layers <= MOST_LAYERS
    )


def _is_adapted(name: str) -> bool:
    """Linear layers of numbered blocks, and the head; the encoder families' heads are not."""
    from rankscope.weights.layouts.layout import is_linear, layer_of

    return (layer_of(name) is not None and is_linear(name)) or name == f"{HEAD}.weight"
