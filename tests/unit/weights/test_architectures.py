"""Which types transformers knows, read off its source, against the library itself."""

from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from rankscope.weights.architectures import CAUSAL, NEED_IS_DECODER, known_types, types_in


def test_the_tables_are_those_of_the_library() -> None:
    assert types_in(CAUSAL) == set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    known = known_types()
    assert known is not None and set(CONFIG_MAPPING) <= known
    assert types_in(CAUSAL) >= NEED_IS_DECODER
