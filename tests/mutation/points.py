# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place of a file where a small bug can be put, and the text of the file with that bug."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
WORDS = ("note", "text")
"""Calls and names that only make sentences for people: a bug there decides nothing."""


@dataclass(frozen=True)
class Point:
    """One bug. start, end: bytes of the file that new replaces."""

    file: str
    function: str
    line: int
    kind: str
    old: str
    new: str
    start: int
    end: int
    number: int = 0
    """Which one, of those with the same function and words."""

    @property
    def name(self) -> str:
        """The same for as long as the function says the same here, in whatever file and line."""
        again = f" (#{self.number + 1})" if self.number else ""
        old, new = " ".join(self.old.split()), " ".join(self.new.split())
        return f"{self.function}: {old} -> {new}{again}"

    def __str__(self) -> str:
        shown = " ".join(self.old.split())[:60]
        new = " ".join(self.new.split())[:60]
        return f"{self.file}:{self.line} {self.function}: {shown} -> {new}"

    def applied(self, source: bytes) -> bytes:
        """The file with this bug."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def points(file: str, source: str) -> list[Point]:
    """All of them, in the order of the file. The file with each is a program that can be loaded."""
    tree = ast.parse(source)
    finder = _Finder(file, source)
    finder.visit(tree)
    found = []
    for point in sorted(finder.found, key=lambda point: (point.start, point.end, point.kind)):
        try:
            compile(point.applied(source.encode()), file, "exec")
        except SyntaxError:
            continue
        found.append(point)
    return found


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, source: str) -> None:
        self.file, self.source = file, source.encode()
        self.found: list[Point] = []
        self._function: list[str] = []
        self._lines = [0]
        for line in self.source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self._function.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        # Not its decorators: frozen or not, nothing decides by it.
        self._function.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self._function.pop()

    def visit(self, node: ast.AST) -> None:
        if not self._sentence(node):
            super().visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if self._function and len(node.ops) == 1:
            new = COMPARISONS[type(node.ops[0])]
            left, right = self._text(node.left), self._text(node.comparators[0])
            self._add("comparison", node, f"{left} {new} {right}")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        if self._function:
            word = " or " if isinstance(node.op, ast.And) else " and "
            new = word.join(f"({self._text(value)})" for value in node.values)
            self._add("boolean", node, f"({new})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if self._function and isinstance(node.op, ast.Not):
            self._add("negation", node, f"bool({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if not self._function:
            return
        if isinstance(node.value, bool):
            self._add("constant", node, str(not node.value))
        elif isinstance(node.value, int | float) and node.value not in (0, 1):
            self._add("constant", node, repr(node.value * 2))

    def visit_If(self, node: ast.If) -> None:
        if self._function:
            self._add("condition", node.test, "True")
            self._add("condition", node.test, "False")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if self._function and isinstance(node.value, ast.Call):
            self._add("dropped", node, "None")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        plain = [arg for arg in node.args if not isinstance(arg, ast.Starred)]
        if self._function and len(plain) >= 2 and self._text(plain[-2]) != self._text(plain[-1]):
            one, other = plain[-2], plain[-1]
            between = self.source[self._at(one)[1] : self._at(other)[0]].decode()
            new = f"{self._text(other)}{between}{self._text(one)}"
            self._span("swapped", self._at(one)[0], self._at(other)[1], one.lineno, new)
        self.generic_visit(node)

    def _sentence(self, node: ast.AST) -> bool:
        """It only makes words for people: a note, a text, a docstring."""
        if isinstance(node, ast.JoinedStr):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return True
        called = node.value if isinstance(node, ast.Expr) else node
        if isinstance(called, ast.Call):
            name = called.func
            return isinstance(name, ast.Attribute) and name.attr in WORDS
        return (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in WORDS
        )

    def _add(self, kind: str, node: ast.expr | ast.stmt, new: str) -> None:
        start, end = self._at(node)
        self._span(kind, start, end, node.lineno, new)

    def _span(self, kind: str, start: int, end: int, line: int, new: str) -> None:
        old = self.source[start:end].decode()
        if old != new:
            function = ".".join(self._function)
            self.found.append(Point(self.file, function, line, kind, old, new, start, end))

    def _at(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self._lines[node.lineno - 1] + node.col_offset
        return start, self._lines[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr) -> str:
        start, end = self._at(node)
        return self.source[start:end].decode()


def of_files(files: dict[str, str]) -> Iterator[Point]:
    """Those of several files, each with a name of its own."""
    seen: Counter[str] = Counter()
    for file, source in sorted(files.items()):
        for point in points(file, source):
            yield replace(point, number=seen[point.name])
            seen[point.name] += 1
