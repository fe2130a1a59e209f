"""An import-linter contract that says what a room may import, instead of what it may not."""

import sys
from typing import cast

import grimp
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils
from importlinter.application.contract_utils import AlertLevel
from importlinter.domain.imports import ImportExpression, Module


class MayImport(Contract):
    """The modules under `modules` import each other, `allowed` (with all below), and nothing else.

    The standard library is always allowed; every other package only when `other_packages` is true
    or the package is in `allowed`. Modules that do not exist yet keep the contract.
    """

    type_name = "may_import"

    modules = fields.ListField(subfield=fields.ModuleField())
    allowed = fields.SetField(subfield=fields.StringField())
    other_packages = fields.BooleanField(required=False, default=False)
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        ignored = contract_utils.remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=sorted(
                cast(set[ImportExpression], self.ignore_imports or set()), key=str
            ),
            unmatched_alerting=AlertLevel.NONE,
        )
        roots = [module.name for module in cast(list[Module], self.modules)]
        inside = {
            module
            for root in roots
            if root in graph.modules
            for module in {root, *graph.find_descendants(root)}
        }
        broken = [
            f"{module} imports {imported}"
            for module in sorted(inside)
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if not self._is_allowed(imported, {*roots, *cast(set[str], self.allowed)})
        ]
        return ContractCheck(
            kept=not broken,
            metadata={"broken": broken},
            ignored_import_count=ignored.ignored_import_count,
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(f"- {line}")
        output.new_line()

    def _is_allowed(self, imported: str, allowed: set[str]) -> bool:
        package = imported.split(".", 1)[0]
        if package in sys.stdlib_module_names:
            return True
        if self.other_packages and not package.startswith("windlass"):
            return True
        return any(imported == name or imported.startswith(f"{name}.") for name in allowed)
