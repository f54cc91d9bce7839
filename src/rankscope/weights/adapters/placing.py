"""Where the modules of an adapter are in a base: which matrices each of them changes.

Guarantees: modules are found as the class of model spells them that the adapter was made for, as
the files do, or under another prefix; what is not there is refused. Factors on a stack of experts
are told apart by the order in which peft wraps them.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.weights.layouts import library
from rankscope.weights.layouts.layout import Parameter, Piece, is_plain, is_token_embedding
from rankscope.weights.matrices import Matrix, Model

_NESTED = ".base_layer"  # what a wrapper around another one adds to a module's name


@dataclass
class Placed:
    """Where the modules of an adapter are in a base.

    Attributes:
        base: held as the class of model that the adapter was made for.
        modules: the module of each matrix, by the matrix's name.
        stacks: the stack of experts that each module adapts, where it adapts one.
        unknown: modules that the base does not have.
        no_matrix: modules that it has, and that hold no matrix: kernels, norms.
    """

    base: Model
    modules: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, Parameter] = field(default_factory=dict)
    matrices: list[Matrix] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    no_matrix: list[str] = field(default_factory=list)


def place(
    folder: Path,
    base: Model,
    config: dict[str, Any],
    factors: Mapping[str, object],
    wholes: Mapping[str, object],
) -> Placed:
    """Find the modules in the base, held as the class of model that the adapter was made for.

    Raises:
        ModelError: no class has them all, or two of them are one weight.
    """
    first = _place(folder, base, config, factors, wholes)
    if not first.unknown:
        return first
    for candidate in base.held_by(config):
        placed = _place(folder, candidate, config, factors, wholes)
        if not placed.unknown:
            return placed
    raise ModelError(
        f"{folder}: the adapter targets {len(first.unknown)} modules that the base "
        f"{base.folder} does not have, {first.unknown[0]!r} first; {_advice(base)}"
    )


def _advice(base: Model) -> str:
    """Say what to do where modules are not found."""
    if is_plain(base.config) or library.is_installed():
        return "is it the adapter's base?"
    return (
        "install transformers, which knows the names that this kind of model has in memory, or "
        "give the adapter's base"
    )


def _place(
    folder: Path,
    base: Model,
    config: dict[str, Any],
    factors: Mapping[str, object],
    wholes: Mapping[str, object],
) -> Placed:
    """Return the module of each matrix name, and the matrices in the order of the base."""
    placed = Placed(base)
    linear = {matrix.name: matrix for matrix in base.matrices}
    found: dict[str, list[tuple[str, Piece]]] = defaultdict(list)
    outside: dict[str, Piece] = {}
    for module in (*factors, *wholes):
        stack = _stack_of(base, module, config)
        if stack is not None:
            placed.stacks[module] = stack
        own = base.layout.parameters.get(module)
        if stack is None and own is not None and own.is_stack:
            stack = own  # trained whole: it is named itself
        pieces = base.layout.held(stack.name) if stack else base.of_module(module)
        if pieces is None and module in factors:
            placed.unknown.append(module)
            continue
        matrices = base.describe(pieces or ())
        if module in wholes and module not in factors:
            matrices = tuple(matrix for matrix in matrices if matrix.name in linear)
        elif not matrices:
            placed.no_matrix.append(module)
        for matrix in matrices:
            found[matrix.name].append((module, matrix.piece))
            if matrix.name not in linear:
                outside[matrix.tensor] = matrix.piece
    rest = base.describe(outside[tensor] for tensor in sorted(outside))
    for matrix in (*linear.values(), *rest):
        for module, piece in found.get(matrix.name, ()):
            # the module may be that of the file, not of memory, and its factors as well
            named = _named_after(module, replace(matrix, piece=piece))
            if named.name in placed.modules:
                raise ModelError(
                    f"{folder}: {placed.modules[named.name]!r} and {module!r} are both "
                    f"{matrix.tensor!r} in the base {base.folder}; is it the adapter's base?"
                )
            placed.modules[named.name] = module
            placed.matrices.append(named)
    return placed


def _stack_of(base: Model, module: str, config: Mapping[str, Any]) -> Parameter | None:
    """Return the stack that a module's factors adapt.

    Where peft adapts several parameters of a module, each wraps the one before, in the order in
    which the module registered them: the innermost has the longest name.
    """
    own, depth = module, 0
    while own.endswith(_NESTED):
        own, depth = own.removesuffix(_NESTED), depth + 1
    stacks = base.layout.stacks.get(own, [])
    targeted = [stack for stack in stacks if is_targeted(stack.name, config)]
    if len(targeted) <= depth:
        return None
    return targeted[len(targeted) - 1 - depth]


def is_targeted(parameter: str, config: Mapping[str, Any]) -> bool:
    """Say whether an adapter targets a parameter itself, rather than its module."""
    targets = config.get("target_parameters") or ()
    return any(parameter == target or parameter.endswith(f".{target}") for target in targets)


def _named_after(module: str, matrix: Matrix) -> Matrix:
    """Name the matrix after a head that shares the embedding's tensor: it has its own update."""
    own = module.rsplit(".", 1)[-1]
    if not is_token_embedding(matrix.tensor) or own == matrix.module.rsplit(".", 1)[-1]:
        return matrix
    return replace(matrix, name=module, module_type=own)
