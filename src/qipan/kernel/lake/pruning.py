"""Which part of a table an expression can touch at all: the filters that stand directly upon it.

Only comparisons of a column with a constant are read; whatever is not understood widens the answer, never
narrows it. The query engine applies the full filter again.
"""

from datetime import UTC, datetime
from typing import Any

import ibis.expr.operations as ops
from ibis.expr.types import Expr
from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
    Or,
)

from .filters import among

_COMPARISONS: dict[type[ops.Node], tuple[Any, Any]] = {
    # The second one holds when the constant stands on the left.
    ops.Equals: (EqualTo, EqualTo),
    ops.Greater: (GreaterThan, LessThan),
    ops.GreaterEqual: (GreaterThanOrEqual, LessThanOrEqual),
    ops.Less: (LessThan, GreaterThan),
    ops.LessEqual: (LessThanOrEqual, GreaterThanOrEqual),
}


def tables_of(expression: Expr) -> dict[str, BooleanExpression]:
    """Unbound tables of an expression by name, each with the filter its rows must pass."""
    found: dict[str, BooleanExpression] = {}
    for node in expression.op().find(ops.UnboundTable):
        found[node.name] = _reach(expression.op(), node)
    return found


def _reach(root: ops.Node, table: ops.UnboundTable) -> BooleanExpression:
    """Union of the filters of every use of the table; everything when one use has none."""
    uses = [
        node
        for node in root.find(ops.Relation)
        if any(child is table or child == table for child in _parents(node))
    ]
    if root is table or not uses:
        return AlwaysTrue()
    reach: BooleanExpression | None = None
    for use in uses:
        if not isinstance(use, ops.Filter):
            return AlwaysTrue()
        own: BooleanExpression = AlwaysTrue()
        for predicate in use.predicates:
            own = And(own, _read(predicate))
        reach = own if reach is None else Or(reach, own)
    return reach if reach is not None else AlwaysTrue()


def _parents(node: ops.Node) -> list[ops.Node]:
    """The relations a relation is directly made from."""
    return [child for child in node.__args__ if isinstance(child, ops.Relation)] + [
        part
        for child in node.__args__
        if isinstance(child, tuple)
        for part in child
        if isinstance(part, ops.Relation)
    ]


def _read(predicate: ops.Node) -> BooleanExpression:
    if isinstance(predicate, ops.And):
        return And(_read(predicate.left), _read(predicate.right))
    if isinstance(predicate, ops.Or):
        return Or(_read(predicate.left), _read(predicate.right))
    if isinstance(predicate, ops.Between):
        return And(
            _compare(predicate.arg, predicate.lower_bound, ops.GreaterEqual),
            _compare(predicate.arg, predicate.upper_bound, ops.LessEqual),
        )
    if isinstance(predicate, ops.InValues):
        return _among(predicate)
    if type(predicate) in _COMPARISONS:
        return _compare(predicate.left, predicate.right, type(predicate))
    return AlwaysTrue()


def _compare(left: ops.Node, right: ops.Node, kind: type[ops.Node]) -> BooleanExpression:
    straight, turned = _COMPARISONS[kind]
    name, value = _column(left), _constant(right)
    if name is None or value is None:
        name, value, straight = _column(right), _constant(left), turned
    if name is None or value is None:
        return AlwaysTrue()
    result: BooleanExpression = straight(name, value)
    return result


def _among(predicate: ops.InValues) -> BooleanExpression:
    name = _column(predicate.value)
    values = [_constant(option) for option in predicate.options]
    if name is None or any(value is None for value in values):
        return AlwaysTrue()
    return among(name, values)


def _column(node: ops.Node) -> str | None:
    return node.name if isinstance(node, ops.Field) and isinstance(node.rel, ops.UnboundTable) else None


def _constant(node: ops.Node) -> Any:
    if isinstance(node, ops.Cast):
        node = node.arg
    if not isinstance(node, ops.Literal):
        return None
    value = node.value
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return value.isoformat() if hasattr(value, "isoformat") else value
