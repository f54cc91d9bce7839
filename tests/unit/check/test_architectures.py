"""Which types transformers knows, read off its source, against the library itself."""

from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from rankscope.check.architectures import NEED_IS_DECODER, causal_types, known_types


def test_the_tables_are_those_of_the_library() -> None:
    assert causal_types() == set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    known = known_types()
    assert known is not None and set(CONFIG_MAPPING) <= known
    assert causal_types() >= NEED_IS_DECODER
