"""What a setup.py does before it calls `setup()`, followed without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst

from uvlint.migrate.values import UNKNOWN, Expressions, Undecided, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Evaluator:
    """Runs through a module's statements.

    `setups` are the calls of `setup()`: their nodes and keyword arguments.
    """

    def __init__(self, root: str, tree: cst.Module) -> None:
        self.tree = tree
        self.see = Expressions(root, self._own)
        self.setups: list[tuple[cst.Call, dict[str, Any]]] = []
        self.body(tree.body)

    # Statements

    def body(self, statements: Sequence[cst.CSTNode]) -> None:
        for one in statements:
            self._statement(one)

    def _statement(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.SimpleStatementLine):
            self.body(node.body)
        elif isinstance(node, cst.Import | cst.ImportFrom):
            self._import(node)
        elif isinstance(node, cst.Assign):
            value = self.see.value(node.value)
            for target in node.targets:
                self.see.assign(target.target, value)
        elif isinstance(node, cst.AnnAssign) and node.value is not None:
            self.see.assign(node.target, self.see.value(node.value))
        elif isinstance(node, cst.AugAssign):
            value = self.see.value(cst.BinaryOperation(node.target, cst.Add(), node.value))
            self.see.assign(node.target, value if isinstance(node.operator, cst.AddAssign) else UNKNOWN)
        elif isinstance(node, cst.FunctionDef):
            self.see.names[node.name.value] = node
        elif isinstance(node, cst.Expr):
            self._expression(node.value)
        else:
            self._compound(node)

    def _compound(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.With):
            for item in node.items:
                if item.asname is not None:
                    self.see.assign(item.asname.name, self.see.value(item.item))
            self.body(node.body.body)
        elif isinstance(node, cst.Try):
            self.body(node.body.body)
            if node.orelse is not None:
                self.body(node.orelse.body.body)
        elif isinstance(node, cst.If):
            self._if(node)
        else:
            self._forget(node)

    def _if(self, node: cst.If) -> None:
        try:
            chosen = bool(self.see.known(node.test))
        except Undecided:
            self._forget(node)
            return
        if chosen:
            self.body(node.body.body)
        elif isinstance(node.orelse, cst.If):
            self._if(node.orelse)
        elif node.orelse is not None:
            self.body(node.orelse.body.body)

    def _forget(self, node: cst.CSTNode) -> None:
        """Makes unknown whatever a statement may change that can't be followed."""
        for one in _all(node):
            if isinstance(one, cst.Assign):
                for target in one.targets:
                    self.see.assign(target.target, UNKNOWN)
            elif isinstance(one, cst.AugAssign | cst.AnnAssign | cst.For):
                self.see.assign(one.target, UNKNOWN)
            elif isinstance(one, cst.Call):
                if isinstance(one.func, cst.Attribute):
                    self.see.assign(one.func.value, UNKNOWN)
                if self.see.full_name(one.func).rpartition(".")[2] == "setup":
                    self.setups.append((one, self.see.keywords(one)))

    def _import(self, node: cst.Import | cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar):
            return
        owner = dotted(node.module) + "." if isinstance(node, cst.ImportFrom) and node.module is not None else ""
        for alias in node.names:
            full = owner + dotted(alias.name)
            known = alias.evaluated_alias or (full if not owner else dotted(alias.name))
            self.see.modules[known.partition(".")[0] if not owner else known] = (
                full if owner or alias.evaluated_alias else known.partition(".")[0]
            )
            if owner.startswith("."):
                self.see.names[known] = UNKNOWN

    def _expression(self, node: cst.CSTNode) -> None:
        if not isinstance(node, cst.Call):
            return
        if self.see.full_name(node.func).rpartition(".")[2] == "setup":
            self.setups.append((node, self.see.keywords(node)))
            return
        owner, name, verb = None, "", ""
        if isinstance(node.func, cst.Attribute) and isinstance(node.func.value, cst.Name):
            name, verb = node.func.value.value, node.func.attr.value
            owner = self.see.names.get(name)
        if not isinstance(owner, list | dict):
            for one in node.args:
                if isinstance(one.value, cst.Name) and isinstance(self.see.names.get(one.value.value), list | dict):
                    self.see.names[one.value.value] = UNKNOWN  # what is called may change it
            return
        given = [self.see.value(one.value) for one in node.args]
        if verb == "append" and isinstance(owner, list):
            owner.extend(given)
        elif verb == "extend" and isinstance(owner, list) and len(given) == 1 and isinstance(given[0], list | tuple):
            owner.extend(given[0])
        elif verb == "update" and isinstance(owner, dict) and len(given) == 1 and isinstance(given[0], dict):
            owner.update(given[0])
        else:
            self.see.names[name] = UNKNOWN

    def _own(self, function: cst.FunctionDef, node: cst.Call) -> Any:
        """What a function of the file returns: its statements are read as if they stood here."""
        parameters = function.params
        star = parameters.star_arg
        if parameters.star_kwarg is not None or parameters.kwonly_params:
            raise Undecided
        bound: dict[str, Any] = {}
        for one in parameters.params:
            bound[one.name.value] = self.see.value(one.default) if one.default is not None else UNKNOWN
        free = [one.name.value for one in parameters.params]
        for value in self.see.positional(node):
            if free:
                bound[free.pop(0)] = value
            elif isinstance(star, cst.Param):
                bound.setdefault(star.name.value, []).append(value)
            else:
                raise Undecided
        for given in node.args:
            if given.keyword is not None:
                bound[given.keyword.value] = self.see.value(given.value)
        kept, self.see.names = self.see.names, {**self.see.names, **bound}
        try:
            return self._returned(function.body.body)
        finally:
            self.see.names = kept

    def _returned(self, statements: Sequence[cst.CSTNode]) -> Any:
        for one in statements:
            if isinstance(one, cst.SimpleStatementLine) and isinstance(one.body[-1], cst.Return):
                value = one.body[-1].value
                return self.see.known(value) if value is not None else None
            if isinstance(one, cst.With) and any(isinstance(inner, cst.Return) for inner in _all(one)):
                for item in one.items:
                    if item.asname is not None:
                        self.see.assign(item.asname.name, self.see.value(item.item))
                return self._returned(one.body.body)
            if any(isinstance(inner, cst.Return | cst.Raise) for inner in _all(one)):
                raise Undecided
            self._statement(one)
        raise Undecided


def _all(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _all(child)
