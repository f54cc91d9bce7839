"""Tiny random models of many architectures, one factory each, for what must hold for all of them.

`FAMILIES` names: a function that makes the model; the class it is loaded by, where it is not its
own; and the ends of the names of the file's tensors that lie there as in × out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import transformers as t

SIZES = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4}  # fmt: skip
GROUPED = SIZES | {"num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 1,
                   "eos_token_id": 2}  # fmt: skip
HEADED = GROUPED | {"head_dim": 8}
VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1,
          "num_attention_heads": 2, "image_size": 28, "patch_size": 14}  # fmt: skip
GPT2 = {"vocab_size": 96, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32}
CONV1D = ("c_attn.weight", "c_proj.weight", "c_fc.weight", "q_attn.weight")


@dataclass(frozen=True)
class Family:
    """How a tiny model is made, loaded and adapted, and how its file is oriented."""

    make: Callable[[], Any]
    load: Any = None
    in_by_out: tuple[str, ...] = ()
    targets: Any = "all-linear"
    task: str | None = None
    adapter: dict[str, Any] = field(default_factory=dict)


def _causal(name: str, **sizes: Any) -> Family:
    make = getattr(t, f"{name}Config")
    model = getattr(t, f"{name}ForCausalLM")
    return Family(lambda: model(make(**sizes)), task="CAUSAL_LM")


def _gpt2() -> Any:
    return t.GPT2LMHeadModel(t.GPT2Config(**GPT2))


def _captioner() -> Any:
    decoder = t.GPT2Config(**GPT2, add_cross_attention=True, is_decoder=True)
    config = t.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        t.ViTConfig(**VISION), decoder
    )
    return t.VisionEncoderDecoderModel(config=config)


def _bert_gpt2() -> Any:
    decoder = t.GPT2Config(**GPT2, add_cross_attention=True, is_decoder=True)
    encoder = t.BertConfig(**SIZES, max_position_embeddings=32)
    return t.EncoderDecoderModel(
        config=t.EncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    )


def _gemma3() -> Any:
    return t.Gemma3ForConditionalGeneration(
        t.Gemma3Config(text_config=HEADED, vision_config=VISION, mm_tokens_per_image=4)
    )


def _llava() -> Any:
    vision = t.CLIPVisionConfig(**VISION, projection_dim=32)
    return t.LlavaForConditionalGeneration(
        t.LlavaConfig(text_config=t.LlamaConfig(**GROUPED), vision_config=vision)
    )


def _qwen3_5() -> Any:
    vision = {"depth": 1, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2,
              "out_hidden_size": 32, "num_position_embeddings": 16}  # fmt: skip
    text = HEADED | {"layer_types": ["full_attention"] * 2}
    return t.Qwen3_5ForConditionalGeneration(
        t.Qwen3_5Config(text_config=text, vision_config=vision)
    )


def _qwen2_vl() -> Any:
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 14}
    return t.Qwen2VLForConditionalGeneration(
        t.Qwen2VLConfig(text_config=GROUPED | {"rope_parameters": rope}, vision_config=vision)
    )


def _qwen3_vl_moe() -> Any:
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    vision = {"depth": 1, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2,
              "out_hidden_size": 32, "num_position_embeddings": 16,
              "deepstack_visual_indexes": [0]}  # fmt: skip
    text = HEADED | SMALL_MOE | {"rope_parameters": rope}
    return t.Qwen3VLMoeForConditionalGeneration(
        t.Qwen3VLMoeConfig(text_config=text, vision_config=vision)
    )


def _llama4() -> Any:
    text = HEADED | {"num_local_experts": 4, "intermediate_size_mlp": 48}
    return t.Llama4ForCausalLM(t.Llama4TextConfig(**text))


def _gpt_oss() -> Any:
    return t.GptOssForCausalLM(t.GptOssConfig(**HEADED, num_local_experts=4))


EXPERTS = ("experts.gate_up_proj", "experts.down_proj")
SMALL_MOE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
DEEPSEEK = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
            "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1, "kv_lora_rank": 8,
            "q_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 8,
            "n_shared_experts": 1}  # fmt: skip
MAMBA = {"vocab_size": 96, "hidden_size": 32, "state_size": 4, "num_hidden_layers": 2}
T5 = {"vocab_size": 96, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}
BART = {"vocab_size": 96, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48, "max_position_embeddings": 32}  # fmt: skip

FAMILIES: dict[str, Family] = {
    "llama": _causal("Llama", **GROUPED),
    "mistral": _causal("Mistral", **GROUPED),
    "qwen2": _causal("Qwen2", **GROUPED),
    "qwen3": _causal("Qwen3", **HEADED),
    "gemma2": _causal("Gemma2", **HEADED),
    "gemma3-text": Family(lambda: t.Gemma3ForCausalLM(t.Gemma3TextConfig(**HEADED)),
                          task="CAUSAL_LM"),
    "phi": _causal("Phi", **SIZES),
    "phi3": _causal("Phi3", **GROUPED),
    "stablelm": _causal("StableLm", **SIZES),
    "olmo2": _causal("Olmo2", **GROUPED),
    "starcoder2": _causal("Starcoder2", **GROUPED),
    "gpt-neox": _causal("GPTNeoX", **SIZES),
    "gpt-neo": _causal("GPTNeo", vocab_size=96, hidden_size=32, num_layers=2, num_heads=4,
                       attention_types=[[["global", "local"], 1]]),
    "gptj": _causal("GPTJ", vocab_size=96, n_embd=32, n_layer=2, n_head=4, rotary_dim=4),
    "opt": _causal("OPT", vocab_size=96, hidden_size=32, ffn_dim=48, num_hidden_layers=2,
                   num_attention_heads=4, word_embed_proj_dim=32, max_position_embeddings=32),
    "bloom": _causal("Bloom", vocab_size=96, hidden_size=32, n_layer=2, n_head=4),
    "falcon": _causal("Falcon", vocab_size=96, hidden_size=32, num_hidden_layers=2,
                      num_attention_heads=4),
    "mamba": Family(lambda: t.MambaForCausalLM(t.MambaConfig(**MAMBA)), targets=["x_proj"]),
    "mixtral": _causal("Mixtral", **GROUPED, num_local_experts=4),
    "qwen2-moe": _causal("Qwen2Moe", **GROUPED, **SMALL_MOE, shared_expert_intermediate_size=24),
    "qwen3-moe": _causal("Qwen3Moe", **HEADED, **SMALL_MOE),
    "olmoe": _causal("Olmoe", **GROUPED, num_experts=4, num_experts_per_tok=2),
    "granite-moe": _causal("GraniteMoe", **GROUPED, num_local_experts=4),
    "deepseek-v3": _causal("DeepseekV3", **GROUPED, **DEEPSEEK),
    "gpt2": Family(_gpt2, in_by_out=CONV1D, task="CAUSAL_LM"),
    "gpt-oss": Family(_gpt_oss, in_by_out=EXPERTS, task="CAUSAL_LM",
                      targets=["q_proj"], adapter={"target_parameters": list(EXPERTS)}),
    "gpt-oss, experts trained whole": Family(
        _gpt_oss, in_by_out=EXPERTS, task="CAUSAL_LM", targets=["q_proj"],
        adapter={"modules_to_save": ["experts"]}),
    "mixtral, experts trained whole": Family(
        _causal("Mixtral", **GROUPED, num_local_experts=4).make, task="CAUSAL_LM",
        targets=["q_proj"], adapter={"modules_to_save": ["experts"]}),
    "granite-moe, experts trained whole": Family(
        _causal("GraniteMoe", **GROUPED, num_local_experts=4).make, task="CAUSAL_LM",
        targets=["q_proj"], adapter={"modules_to_save": ["input_linear"]}),
    "llama4": Family(_llama4, in_by_out=EXPERTS, task="CAUSAL_LM",
                     targets=["q_proj"], adapter={"target_parameters": list(EXPERTS)}),
    "t5": Family(lambda: t.T5ForConditionalGeneration(t.T5Config(**T5)), task="SEQ_2_SEQ_LM"),
    "bart": Family(lambda: t.BartForConditionalGeneration(t.BartConfig(**BART)),
                   task="SEQ_2_SEQ_LM"),
    "bert": Family(lambda: t.BertForMaskedLM(t.BertConfig(**SIZES)), targets=["query", "dense"]),
    "roberta": Family(
        lambda: t.RobertaForSequenceClassification(t.RobertaConfig(**SIZES)),
        targets=["query", "value"], task="SEQ_CLS",
    ),
    "deberta": Family(
        lambda: t.DebertaV2ForSequenceClassification(t.DebertaV2Config(**SIZES)),
        targets=["query_proj", "value_proj"], task="SEQ_CLS",
    ),
    "vit": Family(
        lambda: t.ViTForImageClassification(t.ViTConfig(**VISION)),
        targets=r".*(query|value|q_proj|v_proj)",
    ),
    "gemma3": Family(_gemma3, targets=r".*language_model.*\.q_proj"),
    "gemma3-as-text": Family(_gemma3, load=t.AutoModelForCausalLM, targets=["q_proj"]),
    "llava": Family(_llava, targets=["q_proj", "down_proj"]),
    "qwen2-vl": Family(_qwen2_vl, targets=["q_proj", "qkv"]),
    "qwen3-vl-moe": Family(_qwen3_vl_moe, targets=["q_proj"],
                           adapter={"target_parameters": list(EXPERTS)}),
    "gte": Family(lambda: t.GteModel(t.GteConfig(**SIZES))),
    "molmo2-text": Family(lambda: t.Molmo2TextModel(t.Molmo2TextConfig(**HEADED))),
    "convbert": Family(
        lambda: t.ConvBertModel(t.ConvBertConfig(**SIZES, num_groups=2, embedding_size=32)),
        in_by_out=("layer.0.intermediate.dense.weight", "layer.0.output.dense.weight",
                   "layer.1.intermediate.dense.weight", "layer.1.output.dense.weight"),
        targets=["query", "value"],
    ),
    "qwen3.5-as-text": Family(_qwen3_5, load=t.AutoModelForCausalLM, targets=["q_proj"]),
    "vit-gpt2": Family(_captioner, in_by_out=CONV1D, targets=["c_attn", "c_fc", "c_proj"]),
    "bert-gpt2": Family(_bert_gpt2, in_by_out=CONV1D, targets=["c_attn", "query", "q_attn"],
                        adapter={"fan_in_fan_out": True}),
}  # fmt: skip
