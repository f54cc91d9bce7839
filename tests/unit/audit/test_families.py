"""Tiny models of many architectures: an adapter and a full checkpoint of each, against peft.

The truth is what transformers writes to disk: the base, peft's own float32 merge, the tuned model;
compared tensor by tensor in the names of the files, which no code of ours has touched.
"""

import re
import warnings
from collections import defaultdict

import numpy as np
import pytest
from safetensors.numpy import load_file

from rankscope.audit.inspection import Settings, inspect_versions
from rankscope.errors import ModelError
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.layouts import library
from rankscope.weights.matrices import open_model
from rankscope.weights.sources import Source

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
FAMILIES = pytest.importorskip("adapted_families").FAMILIES


def shake(model, trained_only):
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1 and (weight.requires_grad or not trained_only):
                weight.add_(0.2 * torch.randn_like(weight))
    return model


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, tmp_path_factory):
    """Write base, adapter, its merge and a tuned checkpoint of one architecture."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder, family = tmp_path_factory.mktemp("family"), FAMILIES[request.param]
    torch.manual_seed(0)
    made = family.make()
    shake(made, trained_only=False).save_pretrained(folder / "base")
    loader = family.load or type(made)

    def load():
        return loader.from_pretrained(folder / "base", dtype=torch.float32)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = peft.LoraConfig(
            r=3, lora_alpha=6, target_modules=family.targets, task_type=family.task,
            **family.adapter,
        )  # fmt: skip
        adapted = shake(peft.get_peft_model(load(), config), trained_only=True)
        adapted.save_pretrained(folder / "adapter")
        adapted.merge_and_unload().save_pretrained(folder / "merged")
    load().save_pretrained(folder / "same")
    shake(load(), trained_only=False).save_pretrained(folder / "tuned")
    return family, folder


def tensors(folder):
    found = {}
    for path in folder.glob("*.safetensors"):
        found |= load_file(path)
    return found


def truth(family, folder, version):
    """Give the changed weights in numbered layers, out × in, by the base's names: W0 and W1."""
    base, same, tuned = (tensors(folder / name) for name in ("base", "same", version))
    # a text model of a wrapper is saved under names of its own, in the same order
    names = {name: name for name in same if name in base}
    for name in same.keys() - names.keys():
        (names[name],) = [
            other
            for other, weight in base.items()
            if weight.shape == same[name].shape and np.array_equal(weight, same[name])
        ]
    found = {}
    for name, original in names.items():
        before, after = same[name].astype(float), tuned[name].astype(float)
        is_matrix = before.ndim in (2, 3) and re.search(r"\.\d+\.", name)
        if not is_matrix or np.array_equal(before, after):
            continue
        if name.endswith(family.in_by_out) and family.in_by_out:
            before, after = before.swapaxes(-1, -2), after.swapaxes(-1, -2)
        module = original.removesuffix(".weight")
        if before.ndim == 2:
            found[module] = before, after
        else:
            found |= {
                f"{module}[{e}]": pair for e, pair in enumerate(zip(before, after, strict=True))
            }
    return found


def rows(matrix):
    return matrix[np.lexsort(matrix.T)]


@pytest.mark.parametrize("version", ["adapter", "tuned"])
def test_every_changed_weight_is_read_as_the_library_holds_it(family, version):
    family, folder = family
    expected = truth(family, folder, {"adapter": "merged"}.get(version, version))
    assert expected
    model = open_model(folder / "base")
    tuned = open_tuned(folder / version, model)
    left_out = {re.sub(r"^base_model\.model\.|\.weight$", "", each.name) for each in tuned.left_out}
    found = defaultdict(list)
    for matrix in tuned.matrices:
        before = model.read(matrix).astype(float)
        update = tuned.update(matrix, before).dense()
        if np.abs(update).max() > 0:
            whole = re.sub(r"\[\D+\]$", "", matrix.name)
            found[whole].append((before, before + update))
    missing = {re.sub(r"\[\d+\]$", "", name) for name in expected.keys() - found.keys()}
    assert not missing - left_out, "neither analysed nor named"
    assert found.keys() & expected.keys()
    off = []
    for name in found.keys() & expected.keys():
        for mine, theirs in zip(zip(*found[name], strict=True), expected[name], strict=True):
            got = np.concatenate(mine)
            if len(mine) > 1:  # fused: whatever the order of its parts
                got, theirs = rows(got), rows(theirs)
            if got.shape != theirs.shape or np.abs(got - theirs).max() > 1e-5:
                off.append(name)
    assert not off


@pytest.mark.parametrize("version", ["adapter", "tuned"])
def test_cosines_are_those_of_a_full_decomposition(family, version):
    family, folder = family
    expected = truth(family, folder, {"adapter": "merged"}.get(version, version))
    settings = Settings(k=4, workers=1)
    tables = inspect_versions(folder / "base", [Source("one", folder / version)], settings)
    compared = 0
    for (name, side), cosines in tables.vectors.group_by("matrix", "side", maintain_order=True):
        if name not in expected:
            continue
        before, after = (w if side == "left" else w.T for w in expected[name])
        u0 = np.linalg.svd(before, full_matrices=False)[0]
        u, s, _ = np.linalg.svd(after, full_matrices=False)
        want = np.abs(u0.T @ u).max(axis=0)[:4]
        is_clear = (s[:-1] - s[1:] > 1e-3 * s[0])[: len(want)]
        got = cosines.sort("j").filter(cosines["j"] <= 4)["max_cosine"].to_numpy()
        np.testing.assert_allclose(
            got[: len(is_clear)][is_clear], want[: len(is_clear)][is_clear], atol=1e-4
        )
        compared += 1
    assert compared


def test_factors_under_the_names_of_the_file_are_those_of_its_tensors(tmp_path, write_adapter):
    """Adapters of Mixtral from before its experts were stacked in memory adapt each alone."""
    FAMILIES["mixtral"].make().save_pretrained(tmp_path / "base")
    rng = np.random.default_rng(0)
    experts = "model.layers.1.block_sparse_moe.experts"
    stored = {
        f"{experts}.{expert}.{own}.lora_{kind}.weight": rng.standard_normal(shape)
        for expert in (0, 3)
        for own, (rows, columns) in {"w1": (48, 32), "w2": (32, 48), "w3": (48, 32)}.items()
        for kind, shape in {"A": (4, columns), "B": (rows, 4)}.items()
    }
    model = open_model(tmp_path / "base")
    tuned = open_tuned(write_adapter(stored), model)
    assert len(tuned.matrices) == 6
    for matrix in tuned.matrices:
        a, b = (stored[f"{matrix.module}.lora_{kind}.weight"] for kind in "AB")
        update = tuned.update(matrix, model.read(matrix)).dense()
        np.testing.assert_allclose(update, 2 * b @ a)


def test_without_transformers_the_base_is_not_doubted(tmp_path, write_adapter, monkeypatch):
    FAMILIES["qwen3-moe"].make().save_pretrained(tmp_path / "base")
    rng = np.random.default_rng(0)
    experts = "model.layers.0.mlp.experts"
    stored = {
        f"{experts}.lora_A.weight": rng.standard_normal((16, 24)),
        f"{experts}.lora_B.weight": rng.standard_normal((32, 16)),
    }
    adapter = write_adapter(stored, target_parameters=["mlp.experts.down_proj"])
    monkeypatch.setattr(library, "is_installed", lambda: False)
    with pytest.raises(ModelError, match="install transformers"):
        open_tuned(adapter, open_model(tmp_path / "base"))
