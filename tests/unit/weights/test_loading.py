"""Models of others are read without their code, and what cannot be read is a sentence."""

import builtins
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from rankscope.errors import ModelError
from rankscope.weights import loading
from rankscope.weights.loading import (
    build_model,
    make_config,
    read_config,
    read_model,
    read_tokenizer,
)
from tiny_llama import save_base

CAUSAL = "AutoModelForCausalLM"


def read_causal(base: Path, **options: Any) -> Any:
    model, drawn = read_model(base, CAUSAL, **options)
    assert not drawn
    return model


CODE = """\
from pathlib import Path
Path({mark!r}).write_text("foreign code ran")
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
class Config(LlamaConfig):
    model_type = "of-its-own"
class Model(LlamaForCausalLM):
    config_class = Config
class Words(PreTrainedTokenizerFast):
    pass
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def base(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "base"))


@pytest.fixture
def mark(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that appears if code of the base runs; nobody is asked either."""

    def asked(*_: object) -> str:
        pytest.fail("the user is asked whether code may run")

    monkeypatch.setattr(builtins, "input", asked)
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    written = tmp_path / "ran"
    (base / "own.py").write_text(CODE.format(mark=str(written)))
    return written


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


AUTO_MAP = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}


def test_a_base_that_needs_its_own_code_is_refused_without_running_it(
    base: Path, mark: Path
) -> None:
    change(base / "config.json", model_type="of-its-own", auto_map=AUTO_MAP)
    for read in (read_config, read_causal):
        with pytest.raises(ModelError, match=r"code of its own \(own\.Config\).*take a base"):
            read(base)
    assert not mark.exists()


def test_a_model_class_of_its_own_is_refused_without_running_it(base: Path, mark: Path) -> None:
    # transformers knows the configuration, and no causal language model for it
    change(base / "config.json", model_type="vit", auto_map={"AutoModelForCausalLM": "own.Model"})
    with pytest.raises(ModelError, match=r"code of its own \(own\.Model\)"):
        read_causal(base)
    assert not mark.exists()


def test_a_tokenizer_of_its_own_is_refused_without_running_it(base: Path, mark: Path) -> None:
    own = {"AutoTokenizer": ["own.Words", "own.Words"]}
    change(base / "tokenizer_config.json", tokenizer_class="Words", auto_map=own)
    with pytest.raises(ModelError, match=r"AutoTokenizer is code of its own"):
        read_tokenizer(base)
    assert not mark.exists()


def test_a_known_architecture_is_read_by_the_library_s_own_code(base: Path, mark: Path) -> None:
    change(base / "config.json", auto_map=AUTO_MAP)
    assert type(read_causal(base, dtype=torch.float32)).__name__ == "LlamaForCausalLM"
    assert not mark.exists()


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_a_kernel_of_the_hub_is_refused(base: Path, key: str) -> None:
    change(base / "config.json", **{key: "some/kernel"})
    with pytest.raises(ModelError, match=f"attention kernel some/kernel.*remove `{key}`"):
        read_causal(base)


def test_pickles_are_not_opened(base: Path, tmp_path: Path) -> None:
    class Ran:
        def __reduce__(self) -> object:
            return (Path.touch, (tmp_path / "ran",))

    (base / "model.safetensors").unlink()
    torch.save({"weight": Ran()}, base / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"its model cannot be read"):
        read_causal(base)
    assert not (tmp_path / "ran").exists()


def test_a_base_with_an_adapter_in_its_folder_is_refused(base: Path) -> None:
    (base / "adapter_config.json").write_text('{"base_model_name_or_path": "another/base"}')
    with pytest.raises(ModelError, match=r"adapter_config\.json beside the model"):
        read_causal(base)


MALFORMED = {
    "binary": b"\x80\x04\x95\x00\xff\xfe",
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "no JSON": b"{",
    "a long number": b'{"vocab_size": ' + b"9" * 5000 + b"}",
    "a number": b"7",
    "empty": b"",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_configuration_is_a_sentence(base: Path, content: bytes) -> None:
    (base / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json: this (file|JSON) "):
        read_config(base)


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
def test_a_malformed_tokenizer_is_a_sentence(base: Path, file: str, content: bytes) -> None:
    (base / file).write_bytes(content)
    with pytest.raises(ModelError, match=r"cannot be read|this JSON is"):
        read_tokenizer(base)


@pytest.mark.parametrize(
    "values",
    [{"hidden_size": "x"}, {"num_attention_heads": 0}, {"hidden_act": "no-such"},
     {"model_type": ["llama"]}, {"model_type": None}, {"hidden_size": -4}],
    ids=str,
)  # fmt: skip
def test_values_that_no_model_has_are_a_sentence(base: Path, values: dict[str, object]) -> None:
    change(base / "config.json", **values)
    with pytest.raises(ModelError, match=str(base)):
        read_causal(base)


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("file", ["model.safetensors", "generation_config.json"])
def test_malformed_files_of_a_model_are_a_sentence(base: Path, file: str, content: bytes) -> None:
    (base / file).write_bytes(content)
    try:
        read_causal(base)
    except ModelError as error:
        assert str(base) in str(error)


def test_a_mistake_of_our_own_stays_one(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(loading, "refuse_kernels", broken)
    with pytest.raises(KeyError, match="a mistake of ours"):
        read_causal(base)


def test_a_class_that_transformers_lacks_is_named(base: Path) -> None:
    with pytest.raises(ModelError, match="has no class NoSuchModel"):
        read_model(base, "NoSuchModel")


def test_models_are_built_without_weights() -> None:
    config = make_config({"model_type": "gpt2", "n_layer": 1, "n_embd": 8, "n_head": 2})
    with torch.device("meta"):
        assert build_model(config, CAUSAL).device.type == "meta"
    with pytest.raises(ModelError, match="the model cannot be built"):
        build_model(make_config({"model_type": "vit"}), CAUSAL)


def test_nothing_else_reads_models_of_others() -> None:
    """One place refuses their code: any other load would have to be remembered."""
    source = Path(loading.__file__).parent
    reads = ("AutoModel", "AutoConfig", "AutoTokenizer")
    assert not [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if path != Path(loading.__file__)
        for line in path.read_text("utf-8").splitlines()
        if "from_pretrained(" in line and any(name in line for name in reads) and "`" not in line
    ]
