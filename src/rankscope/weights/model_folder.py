"""Bases that exist already: a local folder, or a hub repository pinned to a revision.

Guarantees: the weights are safetensors, whose header was read to the end, never pickles, whose
loading can run code; a tokenizer is there; nothing is copied that can be linked. A link to a file
of the project is relative, so that a project can be moved. Does not check that transformers knows
the architecture.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from rankscope.artefacts.files import replacing_folder
from rankscope.artefacts.fingerprint import refuse_changed
from rankscope.artefacts.hashes import content_hash
from rankscope.errors import ModelError
from rankscope.foreign import is_file, is_folder, read_json_object
from rankscope.hub import Repository, fetch
from rankscope.records.bases import MODEL_FILES, HubBase, LocalBase
from rankscope.weights.adapters.adapter_config import ADAPTER_CONFIG
from rankscope.weights.loading import refuse_adapter, refuse_kernels
from rankscope.weights.tensor_files import read_header

logger = logging.getLogger(__name__)

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
LOCAL = "use a local folder (source: local)"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def link_local(spec: LocalBase, output: Path) -> dict[str, str]:
    """Verify the folder, link its files into `output`; return hashes of config and weights.

    Raises:
        ModelError: the folder is missing or incomplete, or holds its weights as pickles only.
        ArtefactError: other files lie there than when the study was read.
    """
    refuse_changed(spec.name, spec.file_sets, spec.found)
    return _link(Path(spec.path), output)


def fetch_hub(spec: HubBase, output: Path) -> dict[str, str]:
    """Download the pinned revision (or find it in the cache), verify and link it; return hashes.

    Raises:
        ModelError: unknown repository or revision, no network and not in the cache, or the
            repository is incomplete.
    """
    repository = Repository("model", spec.repository, spec.revision, LOCAL)
    return _link(fetch(repository, MODEL_FILES, ModelError), output)


def _link(source: Path, output: Path) -> dict[str, str]:
    weights = verify(source)
    return link_files(source, MODEL_FILES, [source / "config.json", *weights], output)


def link_files(
    source: Path, patterns: Sequence[str], hashed: Sequence[Path], output: Path
) -> dict[str, str]:
    """Link the files of a folder that fit `patterns` into `output`; return hashes of `hashed`."""
    logger.info("%s: hashing %d files", source, len(hashed))
    hashes = {path.name: content_hash(path) for path in sorted(hashed)}
    with replacing_folder(output) as folder:
        for pattern in patterns:
            for path in sorted(source.glob(pattern)):
                (folder / path.name).symlink_to(_target(path, output))
    return hashes


def version_files(folder: Path) -> tuple[tuple[str, ...], list[Path]]:
    """Return which files of an adapter or a checkpoint are read, and those that decide it.

    Raises:
        ModelError: it holds neither, or its weights are not all there, or pickles.
    """
    if is_file(folder / ADAPTER_CONFIG):
        # beside an adapter may lie its base, or what was read while it was trained
        names = (ADAPTER_CONFIG, ADAPTER_WEIGHTS)
        read_header(folder / ADAPTER_WEIGHTS)
        return names, [folder / name for name in names]
    config = read_json_object(folder / "config.json", ModelError)
    refuse_kernels(folder, config)
    return MODEL_FILES, [folder / "config.json", *_weight_files(folder)]


def _target(source: Path, folder: Path) -> Path:
    """Return what a link in `folder` names: a file of the project from there, others absolutely."""
    project = Path.cwd()
    # a link of the project's own is followed when the model is read, wherever the project is then
    at = Path(os.path.normpath(source.absolute()))
    if at.is_relative_to(project) and folder.absolute().is_relative_to(project):
        return Path(os.path.relpath(at, folder.absolute()))
    return source.resolve()


def verify(folder: Path) -> list[Path]:
    """Check that `folder` is a loadable model in the Hugging Face layout; return its weight files.

    Raises:
        ModelError: something is missing or malformed.
    """
    if not is_folder(folder):
        raise ModelError(f"{folder}: there is no such model folder (from {Path.cwd()})")
    config = read_json_object(folder / "config.json", ModelError)
    if "model_type" not in config:
        raise ModelError(f"{folder}/config.json: no model_type, so this is no transformers model")
    refuse_kernels(folder, config)
    refuse_adapter(folder)
    weights = _weight_files(folder)
    for path in weights:
        if not read_header(path):
            raise ModelError(f"{path}: its header names no tensors; fetch it again")
    if not any((folder / name).exists() for name in TOKENIZER_FILES):
        raise ModelError(
            f"{folder}: there is no tokenizer; one of {', '.join(TOKENIZER_FILES)} is needed"
        )
    return weights


def _weight_files(folder: Path) -> list[Path]:
    """Return `model.safetensors`, or the shards that the index names."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.exists():
        return [single]
    if index.exists():
        shards = read_json_object(index, ModelError).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ModelError(f"{index}: no weight_map in it; fetch the file again")
        names = list(shards.values())
        odd = next(
            (name for name in names if not isinstance(name, str) or Path(name).name != name), ""
        )
        if odd:
            raise ModelError(f"{index}: {odd!r} is no name of a file beside it; fetch it again")
        files = [folder / name for name in sorted(set(names))]
        missing = ", ".join(path.name for path in files if not is_file(path))
        if missing:
            raise ModelError(f"{folder}: weight files named by the index are missing: {missing}")
        return files
    if any(path for pattern in PICKLES for path in folder.glob(pattern)):
        raise ModelError(
            f"{folder}: the weights are pickles, which can run code when they are loaded; convert"
            " them to safetensors (`save_pretrained` of transformers writes them)"
        )
    raise ModelError(f"{folder}: there are no weights (model.safetensors, or its index and shards)")
