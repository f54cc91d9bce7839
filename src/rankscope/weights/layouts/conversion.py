"""Following transformers' conversion of a checkpoint, without the weights.

The library loads a checkpoint by renaming tensors and by operations on them: lists of experts are
stacked, projections concatenated, chunked, transposed, permuted. Each operation is repeated here on
`Sheet`s, which say from which rows and columns of which tensors of the file a matrix is made.

Guarantees: names are those that transformers' own functions give; an operation that is not known
here is not guessed (`UnfollowedError`). Written for transformers 5 (`core_model_loading`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

Axis = int


class UnfollowedError(Exception):
    """An operation of the library that is not repeated here."""


@dataclass(frozen=True)
class Strip:
    """Rows and columns of one matrix of the file, transposed first where `flipped`."""

    tensor: str
    expert: int | None
    flipped: bool
    rows: range
    columns: range

    def along(self, axis: Axis) -> range:
        """Its rows (axis 0) or columns (axis 1)."""
        return self.columns if axis else self.rows

    def cut(self, axis: Axis, part: slice) -> "Strip":
        """Keep a part of its rows or columns."""
        if axis:
            return replace(self, columns=self.columns[part])
        return replace(self, rows=self.rows[part])

    def transposed(self) -> "Strip":
        """Return its transpose."""
        return Strip(self.tensor, self.expert, not self.flipped, self.columns, self.rows)


@dataclass(frozen=True)
class Sheet:
    """A matrix: strips of the file side by side along `axis`."""

    axis: Axis
    strips: tuple[Strip, ...]

    def size(self, axis: Axis) -> int:
        """Number of rows (axis 0) or columns (axis 1)."""
        if axis != self.axis:
            return len(self.strips[0].along(axis))
        return sum(len(strip.along(axis)) for strip in self.strips)

    def transposed(self) -> "Sheet":
        """Return its transpose."""
        return Sheet(1 - self.axis, tuple(strip.transposed() for strip in self.strips))

    def cut(self, axis: Axis, start: int, stop: int, step: int = 1) -> "Sheet":
        """Keep some of its rows or columns."""
        if len(self.strips) == 1 or axis != self.axis:
            cut = tuple(strip.cut(axis, slice(start, stop, step)) for strip in self.strips)
            return Sheet(axis if len(cut) == 1 else self.axis, cut)
        if step != 1:
            raise UnfollowedError("a permutation across joined tensors")
        kept, offset = [], 0
        for strip in self.strips:
            length = len(strip.along(axis))
            first, last = max(start - offset, 0), min(stop - offset, length)
            if first < last:
                kept.append(strip.cut(axis, slice(first, last)))
            offset += length
        return Sheet(axis, tuple(kept))


def joined(sheets: Sequence[Sheet], axis: Axis) -> Sheet:
    """Concatenate along an axis."""
    if any(len(sheet.strips) > 1 and sheet.axis != axis for sheet in sheets):
        raise UnfollowedError("a concatenation along both axes")
    return Sheet(axis, tuple(chain.from_iterable(sheet.strips for sheet in sheets)))


# a matrix, or one per expert
Held = Sheet | tuple[Sheet, ...]


def from_file(tensor: str, shape: Sequence[int]) -> Held:
    """Return a tensor of the file as it is stored.

    Raises:
        UnfollowedError: it has neither two nor three dimensions.
    """
    if len(shape) not in (2, 3):
        raise UnfollowedError(f"a tensor of {len(shape)} dimensions")
    rows, columns = range(shape[-2]), range(shape[-1])
    if len(shape) == 2:
        return Sheet(0, (Strip(tensor, None, False, rows, columns),))
    return tuple(Sheet(0, (Strip(tensor, e, False, rows, columns),)) for e in range(shape[0]))


@dataclass(frozen=True)
class Followed:
    """What a conversion makes: weights in memory by name, and the tensors it did not place."""

    made: Mapping[str, Held]
    whole: Mapping[str, str]
    unplaced: frozenset[str]


def follow(model: Any, shapes: Mapping[str, tuple[int, ...]]) -> Followed:
    """Follow the loading of tensors of these `shapes` into `model`, on the meta device.

    `whole` of the result has the tensors that are held as they are stored: weight -> tensor.
    """
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import (
        WeightConverter,
        WeightRenaming,
        dot_natural_key,
        rename_source_key,
    )

    mapping = get_model_conversion_mapping(model)
    renamings = [each for each in mapping if isinstance(each, WeightRenaming)]
    converters = [each for each in mapping if isinstance(each, WeightConverter)]
    by_pattern = {pattern: each for each in converters for pattern in each.source_patterns}
    known, prefix = model.state_dict(), model.base_model_prefix
    whole: dict[str, str] = {}
    collected: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    used: dict[str, Any] = {}
    unplaced = set()
    for key in sorted(shapes, key=dot_natural_key):
        name, pattern = rename_source_key(key, renamings, converters, prefix, known)
        if name not in known and key in known:
            name, pattern = rename_source_key(key, [], [], prefix, known)
        if name not in known:
            unplaced.add(key)
        elif pattern is None:
            whole[name] = key
        else:
            collected[name][pattern].append(key)
            used[name] = by_pattern[pattern]
    made: dict[str, Held] = {}
    for name, sources in collected.items():
        try:
            found = _converted(deepcopy(used[name]), name, sources, shapes, model)
        except UnfollowedError:
            unplaced.update(chain.from_iterable(sources.values()))
        else:
            made |= found
    return Followed(made, whole, frozenset(unplaced))


def _converted(
    converter: Any,
    name: str,
    sources: Mapping[str, list[str]],
    shapes: Mapping[str, tuple[int, ...]],
    model: Any,
) -> dict[str, Held]:
    """Repeat a converter's operations; return what it makes, by full name."""
    # the order of the patterns is that of the parts
    current: dict[str, list[Held]] = {
        pattern: [from_file(key, shapes[key]) for key in sources[pattern]]
        for pattern in converter.source_patterns
        if pattern in sources
    }
    targets = list(converter.target_patterns)
    for operation in converter.operations:
        current = _applied(operation, current, targets, name, model)
    if len(targets) == 1 and len(current) == 1:
        current = {targets[0]: next(iter(current.values()))}
    # a single target keeps the full name; several share what surrounds the first
    full = name.replace("*.", "0.")
    around = next((full.partition(key) for key in current if key in full), None)
    if around is None:
        raise UnfollowedError("names that cannot be completed")
    return {f"{around[0]}{key}{around[2]}": _only(held) for key, held in current.items()}


def _only(held: list[Held]) -> Held:
    if len(held) != 1:
        raise UnfollowedError("several tensors where one is expected")
    return held[0]


def _applied(
    operation: Any,
    current: dict[str, list[Held]],
    targets: list[str],
    name: str,
    model: Any,
) -> dict[str, list[Held]]:
    kind = type(operation).__name__
    if kind == "MergeModulelist" and operation.dim == 0:
        return {key: [_stacked(held)] for key, held in current.items()}
    if kind == "Concatenate":
        parts = list(chain.from_iterable(current.values()))
        return {targets[0]: [_concatenated(parts, operation.dim)]}
    if kind == "Transpose":
        key, held = _single(current)
        if operation.check_dims and _shape(held) == tuple(model.get_parameter(name).shape):
            return {key: [held]}
        return {key: [_transposed(held, {operation.dim0, operation.dim1})]}
    if kind in ("Chunk", "Split"):
        _, held = _single(current)
        if "*" in targets[0]:
            raise UnfollowedError("chunks that are numbered")
        length = _length(held, operation.dim)
        sizes = [length // len(targets)] * len(targets)
        if kind == "Split":
            sizes = [
                model.get_parameter(name.replace(targets[0], target)).shape[operation.dim]
                for target in targets
            ]
        if sum(sizes) != length:
            raise UnfollowedError("chunks of unequal size")
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        return {
            target: [_cut(held, operation.dim, start, start + size)]
            for target, start, size in zip(targets, starts, sizes, strict=True)
        }
    if kind == "Interleave" and not operation.inverse:
        key, held = _single(current)
        length = _length(held, operation.dim)
        halves = [_cut(held, operation.dim, start, length, 2) for start in (0, 1)]
        return {key: [_concatenated(halves, operation.dim)]}
    if kind == "PermuteForRope" and not operation.inverse:
        return {
            key: [_permuted(_only(held), operation, model)]
            if operation.permute_layer_names is None
            or any(each in key for each in operation.permute_layer_names)
            else held
            for key, held in current.items()
        }
    raise UnfollowedError(kind)


def _single(current: dict[str, list[Held]]) -> tuple[str, Held]:
    if len(current) != 1:
        raise UnfollowedError("several tensors where one is expected")
    key, held = next(iter(current.items()))
    return key, _only(held)


def _stacked(held: list[Held]) -> tuple[Sheet, ...]:
    sheets = tuple(each for each in held if isinstance(each, Sheet))
    if len(sheets) != len(held):
        raise UnfollowedError("a stack of stacks")
    return sheets


def _concatenated(parts: list[Held], dim: int) -> Held:
    flat = [each for each in parts if isinstance(each, Sheet)]
    stacks = [each for each in parts if not isinstance(each, Sheet)]
    if flat and stacks:
        raise UnfollowedError("a stack joined with a matrix")
    if flat:
        return joined(flat, dim)
    if dim == 0:
        return tuple(chain.from_iterable(stacks))
    return tuple(joined(sheets, dim - 1) for sheets in zip(*stacks, strict=True))


def _transposed(held: Held, dims: set[int]) -> Held:
    if isinstance(held, Sheet) and dims == {0, 1}:
        return held.transposed()
    if not isinstance(held, Sheet) and dims == {1, 2}:
        return tuple(sheet.transposed() for sheet in held)
    raise UnfollowedError("a transposition of experts")


def _shape(held: Held) -> tuple[int, ...]:
    if isinstance(held, Sheet):
        return held.size(0), held.size(1)
    return len(held), held[0].size(0), held[0].size(1)


def _length(held: Held, dim: int) -> int:
    return _shape(held)[dim]


def _cut(held: Held, dim: int, start: int, stop: int, step: int = 1) -> Held:
    if isinstance(held, Sheet):
        return held.cut(dim, start, stop, step)
    if dim == 0:
        return held[start:stop:step]
    return tuple(sheet.cut(dim - 1, start, stop, step) for sheet in held)


def _permuted(held: Held, operation: Any, model: Any) -> Held:
    """Bring pairs of rotary dimensions, neighbours in the file, into two halves per head."""
    if not isinstance(held, Sheet):
        raise UnfollowedError("a rotary permutation of a stack")
    config = getattr(model.config, operation.subconfig_key or "", model.config)
    heads = getattr(config, "num_attention_heads", 1)
    size = held.size(0) // heads
    halves = [
        held.cut(0, head * size + start, (head + 1) * size, 2)
        for head in range(heads)
        for start in (0, 1)
    ]
    return joined(halves, 0)
