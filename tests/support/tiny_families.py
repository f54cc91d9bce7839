"""Random models of many families, some thousand weights each: decoders, recurrent ones, hybrids."""

from typing import Any

SIZE = {
    "vocab_size": 320,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": None,
    # tied ones say the last token again, whatever stands before it
    "tie_word_embeddings": False,
}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4}
EXPERTS = {"num_local_experts": 2, "num_experts_per_tok": 1}
MAMBA = {
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_n_groups": 1,
    "mamba_d_state": 8,
    "mamba_chunk_size": 8,
}
DELTA = {
    "head_dim": 8,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
}
ATTENTION: dict[str, dict[str, Any]] = {
    "llama": {},
    "gpt2": GPT,
    "gptj": GPT | {"rotary_dim": 4},
    "bloom": {"n_layer": 2, "n_head": 4},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 64},
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "falcon": {},
    "mistral": {"sliding_window": 8},
    "gemma2": {"head_dim": 8, "sliding_window": 8},
    "gemma3_text": {
        "head_dim": 8,
        "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "mixtral": EXPERTS,
    "roberta": {"is_decoder": True, "pad_token_id": 1, "max_position_embeddings": 66},
    "bert": {"is_decoder": True, "pad_token_id": 0},
}
RECURRENT: dict[str, dict[str, Any]] = {
    "rwkv": {"attention_hidden_size": 32},
    "mamba": {"state_size": 8},
    "falcon_mamba": {"state_size": 8},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 1, "state_size": 8, "chunk_size": 8},
    "xlstm": {
        "num_blocks": 2,
        "num_heads": 4,
        "chunkwise_kernel": "chunkwise--native_autograd",
        "sequence_kernel": "native_sequence__native",
        "step_kernel": "native",
    },
    "minimax": EXPERTS
    | {"head_dim": 8, "layer_types": ["linear_attention", "full_attention"], "block_size": 8},
    "recurrent_gemma": {
        "lru_width": 32,
        "attention_window_size": 16,
        "head_dim": 8,
        "num_hidden_layers": 3,
        "conv1d_width": 4,
    },
    "jamba": {
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "expert_layer_period": 2,
        "expert_layer_offset": 1,
        "num_experts": 2,
        "num_experts_per_tok": 1,
        "mamba_d_state": 8,
        "mamba_dt_rank": 4,
        "use_mamba_kernels": False,
    },
    "zamba2": {
        "num_hidden_layers": 3,
        "layers_block_type": ["mamba", "hybrid", "mamba"],
        "hybrid_layer_ids": [1],
        "num_mem_blocks": 1,
        "n_mamba_heads": 8,
        "mamba_headdim": 8,
        "mamba_ngroups": 1,
        "mamba_d_state": 8,
        "chunk_size": 8,
    },
    "bamba": MAMBA | {"attn_layer_indices": [1]},
    "falcon_h1": MAMBA | {"mamba_d_ssm": 64, "head_dim": 8},
    "qwen3_next": DELTA
    | {
        "num_experts": 2,
        "num_experts_per_tok": 1,
        "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 16,
    },
    "lfm2": {"layer_types": ["conv", "full_attention"], "conv_L_cache": 3},
}


def random_family(kind: str, spread: float = 0.15, **changes: object) -> Any:
    """A causal language model of the family, with logits of several units."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    size = SIZE | (ATTENTION | RECURRENT)[kind] | changes
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **size)).eval().float()
    for name, weight in model.named_parameters():
        if weight.ndim == 2 and "A_log" not in name:
            torch.nn.init.normal_(weight, std=spread)
    return model
