"""Which types of models transformers knows, and which heads it has for them.

Guarantees: read from the tables in the source of the installed transformers, without importing it,
which takes seconds; None where they are not found there, so that nothing is refused that is not
known to be wrong. Not here: whether a model of such a type can be loaded (`loading`).
"""

import ast
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

AUTO = "models/auto"
CAUSAL = "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES"
MASKED = "MODEL_FOR_MASKED_LM_MAPPING_NAMES"
CLASSIFIERS = "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES"
NEED_IS_DECODER = frozenset(
    {"bert", "bert-generation", "big_bird", "camembert", "data2vec-text", "electra", "ernie",
     "megatron-bert", "rembert", "roberta", "roberta-prelayernorm", "roc_bert", "roformer",
     "xlm-roberta", "xlm-roberta-xl", "xmod"}
)  # fmt: skip
"""Types that look at later tokens unless their configuration says `is_decoder: true`."""


def types_in(mapping: str) -> frozenset[str] | None:
    """Return the types with a model in a table of transformers, such as `CAUSAL`."""
    tree = _source("modeling_auto.py")
    for statement in tree.body if tree else []:
        named = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
        if isinstance(statement, ast.Assign | ast.AnnAssign) and mapping in named:
            first = [
                node.elts[0]
                for node in ast.walk(statement)
                if isinstance(node, ast.Tuple) and len(node.elts) == 2
            ]
            return _texts(first) or None
    return None


def known_types() -> frozenset[str] | None:
    """Return all types that transformers knows, among other words of its tables."""
    trees = [_source("configuration_auto.py"), _source("auto_mappings.py")]
    return _texts(node for tree in trees if tree for node in ast.walk(tree)) or None


@cache
def _source(file: str) -> ast.Module | None:
    """Return a module of transformers' tables, parsed."""
    package = find_spec("transformers")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / AUTO / file
    return ast.parse(path.read_text("utf-8")) if path.is_file() else None


def _texts(nodes: Iterable[ast.AST]) -> frozenset[str]:
    words = (node.value for node in nodes if isinstance(node, ast.Constant))
    return frozenset(word for word in words if isinstance(word, str))
