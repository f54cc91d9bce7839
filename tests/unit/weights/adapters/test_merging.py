"""Adapters of every kind: the merged layers are those of peft, or the true reason is said."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.adapters.merging import readable
from rankscope.weights.matrices import open_model
from rankscope.weights.sources import Source

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
SMALL = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
         "num_attention_heads": 2, "vocab_size": 40}  # fmt: skip


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roberta")
    torch.manual_seed(0)
    config = transformers.RobertaConfig(max_position_embeddings=20, **SMALL)
    transformers.RobertaForMaskedLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    torch.manual_seed(0)
    sizes = SMALL | {"hidden_size": 64, "intermediate_size": 128}
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes)).save_pretrained(folder)
    return folder


def trained(model, config, folder):
    torch.manual_seed(1)
    wrapped = peft.get_peft_model(model, config).eval()
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter.add_(0.2 * torch.randn_like(parameter))
    wrapped.save_pretrained(folder)
    return wrapped


def updates(adapter, base):
    with readable([Source("adapter", adapter)], base) as (prepared,):
        model = open_model(base)
        tuned = open_tuned(prepared.folder, model)
        return tuned, {
            matrix.name: tuned.update(matrix, model.read(matrix).astype(np.float64)).dense()
            for matrix in tuned.matrices
        }


def config_of(kind, **common):
    return {
        "ia3": lambda: peft.IA3Config(feedforward_modules=[], **common),
        "loha": lambda: peft.LoHaConfig(r=2, **common),
        "lokr": lambda: peft.LoKrConfig(r=2, **common),
        "vera": lambda: peft.VeraConfig(r=2, **common),
        "oft": lambda: peft.OFTConfig(r=2, oft_block_size=0, **common),
        "adalora": lambda: peft.AdaLoraConfig(init_r=3, target_r=2, total_step=9, **common),
        "pissa": lambda: peft.LoraConfig(r=2, init_lora_weights="pissa", **common),
    }[kind]()


@pytest.mark.parametrize("labels", [2, 3, 1])
@pytest.mark.parametrize("kind", ["ia3", "loha", "lokr", "vera", "oft", "adalora", "pissa"])
def test_a_classifier_of_any_number_of_labels_is_analysed(roberta, tmp_path, kind, labels):
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        roberta, num_labels=labels
    )
    name = "roberta.encoder.layer.0.attention.self.query"
    before = model.get_submodule(name).weight.detach().double().numpy().copy()
    config = config_of(kind, target_modules=["query"], task_type="SEQ_CLS")
    wrapped = trained(model, config, tmp_path)
    tuned, found = updates(tmp_path, roberta)
    wrapped.base_model.merge_adapter()
    layer = wrapped.base_model.model.get_submodule(name).get_base_layer()
    expected = layer.weight.detach().double().numpy() - before
    assert list(found) == [name]
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found[name], expected, atol=2e-6)
    assert "classifier.out_proj.weight" in str(tuned.left_out)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("kind", ["ia3", "adalora", "vera"])
def test_what_was_trained_on_a_quantised_base_is_merged_onto_what_it_stores(
    llama, tmp_path, kind, bits
):
    pytest.importorskip("bitsandbytes")
    quantised = transformers.BitsAndBytesConfig(
        load_in_4bit=bits == 4, load_in_8bit=bits == 8, bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.float32,
    )  # fmt: skip
    load = transformers.AutoModelForCausalLM.from_pretrained
    options = {"dtype": torch.float32, "device_map": {"": "cpu"}}
    load(llama, quantization_config=quantised, **options).save_pretrained(tmp_path / "base")
    config = config_of(kind, target_modules=["q_proj"], task_type="CAUSAL_LM")
    trained(load(tmp_path / "base", **options), config, tmp_path / "adapter")
    _, found = updates(tmp_path / "adapter", tmp_path / "base")

    # by hand: the same adapter, put on a model whose weights are the dequantised ones
    base = open_model(tmp_path / "base")
    plain = load(llama, dtype=torch.float32)
    with torch.no_grad():
        for matrix in base.matrices:
            plain.get_submodule(matrix.name).weight.copy_(torch.from_numpy(base.read(matrix)))
    (name,) = found
    before = plain.get_submodule(name).weight.detach().numpy().copy()
    merged = peft.PeftModel.from_pretrained(plain, tmp_path / "adapter").merge_and_unload()
    expected = merged.get_submodule(name).weight.detach().numpy() - before
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found[name], expected, atol=2e-6)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("pissa_niter_16", "drawn anew at every load"),
        ("loftq", "rounding of the base"),
        ("corda", "sampled data"),
        ("lora_ga", "gradients"),
    ],
)
def test_a_start_that_the_files_do_not_tell_is_refused_with_the_way_out(
    llama, tmp_path, start, said
):
    load = transformers.AutoModelForCausalLM.from_pretrained
    trained(load(llama), peft.LoraConfig(r=2, target_modules=["q_proj"]), tmp_path)
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"init_lora_weights": start}))
    for attempt in (lambda: updates(tmp_path, llama),
                    lambda: open_tuned(tmp_path, open_model(llama))):  # fmt: skip
        with pytest.raises(ModelError, match=said) as caught:
            attempt()
        assert "path_initial_model_for_weight_conversion" in str(caught.value)
        assert str(path) in str(caught.value)


def test_what_peft_loads_differently_every_time_is_refused(llama, tmp_path, monkeypatch):
    """A kind whose files leave a part to chance, whatever it is called."""
    from peft.tuners.loha.layer import LoHaLayer

    load = transformers.AutoModelForCausalLM.from_pretrained
    trained(load(llama), config_of("loha", target_modules=["q_proj"]), tmp_path)
    merged = LoHaLayer.get_delta_weight

    def drawn(self, name):
        return merged(self, name) + 1e-6 * torch.randn(1)

    monkeypatch.setattr(LoHaLayer, "get_delta_weight", drawn)
    with pytest.raises(ModelError, match=r"anew at every load \(1 of 1 weights differ, model\.lay"):
        updates(tmp_path, llama)


@pytest.fixture
def loha(llama, tmp_path):
    load = transformers.AutoModelForCausalLM.from_pretrained
    trained(load(llama), config_of("loha", target_modules=["q_proj"]), tmp_path / "adapter")
    return tmp_path / "adapter"


@pytest.mark.parametrize("kind", ["loha", "pissa", "lora"])
def test_no_pickle_is_opened_for_any_kind(llama, tmp_path, kind):
    load = transformers.AutoModelForCausalLM.from_pretrained
    config = (
        peft.LoraConfig(r=2, target_modules=["q_proj"])
        if kind == "lora"
        else config_of(kind, target_modules=["q_proj"])
    )
    trained(load(llama), config, tmp_path)
    (tmp_path / "adapter_model.safetensors").unlink()

    class Bomb:
        def __reduce__(self):
            return (shutil.rmtree, (str(tmp_path / "victim"),))

    (tmp_path / "victim").mkdir()
    torch.save({"w": Bomb()}, tmp_path / "adapter_model.bin")
    with pytest.raises(ModelError, match="only pickled weights"):
        updates(tmp_path, llama)
    assert (tmp_path / "victim").exists()


def test_a_base_of_pickles_is_not_opened(llama, loha, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    shutil.copy(llama / "config.json", base)
    torch.save(transformers.AutoModelForCausalLM.from_pretrained(llama).state_dict(),
               base / "pytorch_model.bin")  # fmt: skip
    with pytest.raises(ModelError, match="only pickled weights"):
        updates(loha, base)


def test_what_a_config_names_is_neither_imported_nor_fetched(llama, loha, tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    path = loha / "adapter_config.json"
    evil = {
        "megatron_core": "evil", "megatron_config": {"a": 1}, "revision": "main",
        "auto_mapping": {"base_model_class": "Model", "parent_library": "evil"},
        "base_model_name_or_path": "owner/other",
    }  # fmt: skip
    path.write_text(json.dumps(json.loads(path.read_text()) | evil))
    _, found = updates(loha, llama)
    assert list(found) == ["model.layers.0.self_attn.q_proj"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"peft_type": "NEW"}, "knows no adapter of the kind 'NEW'"),
        ({"peft_type": None}, "knows no adapter of the kind 'None'"),
        ({"peft_type": ["LOHA"]}, "knows no adapter of the kind"),
        ({"peft_type": "XLORA"}, "adapters of other folders"),
        ({"peft_type": "PREFIX_TUNING"}, "changes no weight"),
        ({"peft_type": "MULTITASK_PROMPT_TUNING"}, "changes no weight"),
        ({"peft_type": "LORA", "arrow_config": {"a": 1}}, "adapters of other folders"),
        ({"target_modules": ["nowhere"]}, "cannot merge this LOHA adapter"),
        ({"r": "many"}, "cannot merge this LOHA adapter"),
        ({"r": 5}, "cannot merge this LOHA adapter"),
    ],
)
def test_what_cannot_be_merged_is_a_sentence(llama, loha, change, said):
    path = loha / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=said) as caught:
        updates(loha, llama)
    assert str(loha) in str(caught.value)
    assert "rankscope-base-" not in str(caught.value)


def test_empty_tensors_are_said_to_be_empty(llama, loha):
    path = loha / "adapter_model.safetensors"
    save_file({name: np.zeros(0, np.float32) for name in load_file(path)}, path)
    with pytest.raises(ModelError, match=r"are empty, .* ZeRO-3"):
        updates(loha, llama)


@pytest.mark.parametrize("fault", ["prefix", "wrapper", "half"])
def test_what_peft_would_leave_as_it_began_is_refused(llama, tmp_path, fault):
    """It warns only; the adapter would count as one that changes nothing."""
    model = transformers.AutoModelForCausalLM.from_pretrained(llama)
    config = config_of("loha", target_modules=["q_proj", "k_proj"], task_type="CAUSAL_LM")
    trained(model, config, tmp_path / "loha")
    path = tmp_path / "loha/adapter_model.safetensors"
    tensors = load_file(path)
    renamed = {
        "prefix": {f"module.{name}": tensor for name, tensor in tensors.items()},
        "wrapper": {
            name.replace("layers.0.", "layers.0._fsdp_wrapped_module."): tensor
            for name, tensor in tensors.items()
        },
        "half": {name: tensor for name, tensor in tensors.items() if "q_proj" in name},
    }
    save_file(renamed[fault], path)
    with pytest.raises(ModelError, match=r"cannot merge this LOHA.* missing, or have names"):
        updates(tmp_path / "loha", llama)


def test_norms_alone_have_no_spectrum(llama, tmp_path):
    load = transformers.AutoModelForCausalLM.from_pretrained
    config = peft.LNTuningConfig(target_modules=["input_layernorm"], task_type="CAUSAL_LM")
    trained(load(llama), config, tmp_path)
    with pytest.raises(ModelError, match="changes no weight matrix"):
        updates(tmp_path, llama)


def test_messages_name_the_folder_of_the_adapter(llama, tmp_path):
    model = transformers.AutoModelForCausalLM.from_pretrained(llama)
    trained(model, peft.TrainableTokensConfig(token_indices=[1]), tmp_path / "tokens")
    with pytest.raises(ModelError, match=f"^{tmp_path}/tokens: adapts no matrix, but 1 embedding"):
        updates(tmp_path / "tokens", llama)


def test_a_base_that_was_saved_compiled_is_merged_into_like_any_other(llama, tmp_path):
    """`torch.compile` puts `_orig_mod.` into the names, which transformers does not know."""
    wrapped = tmp_path / "wrapped"
    wrapped.mkdir()
    shutil.copy(llama / "config.json", wrapped)
    tensors = load_file(llama / "model.safetensors")
    save_file(
        {f"_orig_mod.{name}": tensor for name, tensor in tensors.items()},
        wrapped / "model.safetensors",
    )
    loaded = transformers.LlamaForCausalLM.from_pretrained(llama, dtype=torch.float32)
    trained(loaded, config_of("loha", target_modules=["q_proj"]), tmp_path / "adapter")
    (_, plain), (_, found) = (updates(tmp_path / "adapter", base) for base in (llama, wrapped))
    assert plain
    assert plain.keys() == found.keys()
    for name, update in plain.items():
        np.testing.assert_array_equal(update, found[name])
