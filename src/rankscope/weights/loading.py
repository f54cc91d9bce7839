"""The one place where configurations, tokenizers and models of others are read.

Guarantees: no code of a model folder runs and nobody is asked whether it may: remote code is
refused at every load (`trust_remote_code=False`), weights are read from safetensors and never from
pickles, and an attention kernel that a configuration names is not fetched. Whatever a library
raises on what it reads becomes a `ModelError` that says what could not be read and why (`foreign`).
Not here: whether what was read is good for anything (`study.checks`, `evaluate`).
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rankscope.errors import ModelError
from rankscope.foreign import doing, read_json_object, reading

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

NOTHING: Mapping[str, Any] = MappingProxyType({})
_NO_CODE = (
    "rankscope runs no code that comes with a model; take a base whose architecture transformers"
    " knows, or save it as one of those"
)


def read_config(folder: Path) -> "PreTrainedConfig":
    """Read the configuration of a model folder.

    Raises:
        ModelError: it is missing, malformed, of an unknown type, or needs code of its own.
    """
    from transformers import AutoConfig

    content = read_json_object(folder / "config.json", ModelError)
    refuse_kernels(folder, content)
    _refuse_unknown(folder, content)
    with reading(folder, "its configuration", "is it a model of transformers?", ModelError):
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def read_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """Read the tokenizer of a model folder.

    Raises:
        ModelError: there is none, it is malformed, or it needs code of its own.
    """
    import transformers

    settings = folder / "tokenizer_config.json"
    if settings.exists():
        content = read_json_object(settings, ModelError)
        if not hasattr(transformers, str(content.get("tokenizer_class"))):
            _refuse_code(folder, content, "AutoTokenizer")
    with reading(folder, "its tokenizer", "is it the tokenizer of this model?", ModelError):
        return transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )


def read_model(
    folder: Path, kind: str, settings: Mapping[str, Any] = NOTHING, **options: Any
) -> tuple["PreTrainedModel", frozenset[str]]:
    """Read the model of a folder, and say which of its weights transformers drew at random.

    Args:
        folder: in the Hugging Face layout, with safetensors.
        kind: name of the class of transformers that reads it, `AutoModel…` or a model's own.
        settings: values of its configuration that are to be others.
        options: handed to its `from_pretrained`, such as `dtype`.

    Raises:
        ModelError: there is no such model, it is malformed, or it needs code of its own.
    """
    config = read_config(folder)
    refuse_adapter(folder)
    known = _class(folder, kind, config)
    for name, value in settings.items():
        setattr(config, name, value)
    with reading(folder, "its model", "are its files whole, and of one model?", ModelError):
        model, loaded = known.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **options,
        )
    # with ignore_mismatched_sizes, what is of another shape is drawn as well
    mismatched = (each[0] for each in loaded["mismatched_keys"])
    return model, frozenset([*loaded["missing_keys"], *mismatched])


def make_config(content: dict[str, Any]) -> "PreTrainedConfig":
    """Make the configuration of which `content` would be the `config.json`.

    Raises:
        ModelError: transformers knows no such type, or refuses a value.
    """
    from transformers import AutoConfig

    _refuse_unknown(Path("config"), content)
    with doing("config", "no model can be built from it", "correct its values", ModelError):
        return AutoConfig.for_model(**content)


def build_model(config: "PreTrainedConfig", kind: str) -> "PreTrainedModel":
    """Build a model without its weights: random ones, or none on torch's meta device.

    Raises:
        ModelError: transformers knows no such model for the configuration.
    """
    folder = Path(config.name_or_path or "config")
    known = _class(folder, kind, config)
    with doing(folder, "the model cannot be built", "correct its config.json", ModelError):
        if hasattr(known, "from_config"):
            return known.from_config(config, trust_remote_code=False)
        return known(config)  # a model's own class, which has no code but transformers'


def refuse_adapter(folder: Path) -> None:
    """Refuse a model folder that holds an adapter, too.

    Raises:
        ModelError: transformers would take the adapter's base in place of the folder's model.
    """
    if (folder / "adapter_config.json").exists():
        raise ModelError(
            f"{folder}: there is an adapter_config.json beside the model, for which transformers"
            " would read another base and put the adapter on it; keep the two in different folders"
        )


def _class(folder: Path, kind: str, config: "PreTrainedConfig") -> Any:
    """Return a class of transformers by name.

    Raises:
        ModelError: there is none, or it is an automatic one that knows the configuration's class
            only by code of the folder.
    """
    import transformers

    known = getattr(transformers, kind, None)
    if known is None:
        raise ModelError(f"{folder}: transformers {transformers.__version__} has no class {kind}")
    mapping = getattr(known, "_model_mapping", None)
    if mapping is not None and type(config) not in mapping:
        _refuse_code(folder, {"auto_map": getattr(config, "auto_map", None)}, kind)
    return known


def _refuse_unknown(folder: Path, content: dict[str, Any]) -> None:
    """Refuse a configuration of a type that transformers does not know."""
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = content.get("model_type")
    if isinstance(kind, str) and kind in CONFIG_MAPPING:
        return
    _refuse_code(folder, content, "AutoConfig")
    raise ModelError(
        f"{folder}: transformers {transformers.__version__} knows no model of `model_type:"
        f" {kind}`; take one that it knows, or a newer transformers"
    )


def _refuse_code(folder: Path, content: dict[str, Any], kind: str) -> None:
    """Refuse what only code of the folder could read."""
    named = content.get("auto_map")
    code = named.get(kind) if isinstance(named, dict) else None
    if code:
        raise ModelError(f"{folder}: its {kind} is code of its own ({code}), and {_NO_CODE}")


def refuse_kernels(folder: Path, config: dict[str, Any]) -> None:
    """Refuse a configuration that names an attention kernel of the hub, which is code.

    Raises:
        ModelError: it names one.
    """
    for part in (config, *(value for value in config.values() if isinstance(value, dict))):
        for key in ("attn_implementation", "_attn_implementation"):
            if "/" in str(part.get(key)):
                raise ModelError(
                    f"{folder}: config.json asks for the attention kernel {part[key]} of the hub,"
                    f" and rankscope runs no code that comes with a model; remove `{key}`"
                )
