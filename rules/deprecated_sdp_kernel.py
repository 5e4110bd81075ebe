"""ATN407 deprecated-sdp-kernel."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.diagnostics import Severity, Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import External, KernelChoice, Origin, Pure, Sdpa, Value, literal, strip
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.syntax.walk import holds, nodes

_NEW = "torch.nn.attention.sdpa_kernel"


class DeprecatedSdpKernel(Rule):
    """``torch.backends.cuda.sdp_kernel`` chooses the kernels of SDPA, and is to be removed.

    **What it finds.** A call of ``torch.backends.cuda.sdp_kernel``, whatever it was imported as.

    **Why it hurts.** Since torch 2.3 every call gives a FutureWarning; the function is to go.

    **Silent when** the code knows ``torch.nn.attention.sdpa_kernel`` as well, or asks for the version before it calls,
    or the setting ``torch-version`` has releases before 2.3.

    **Mend.** ``torch.nn.attention.sdpa_kernel([…])`` with all the backends that the flags left on, cuDNN among them
    unless it was switched off, where the flags are literals. It needs torch 2.3 or later.
    """

    code = "ATN407"
    name = "deprecated-sdp-kernel"
    severity = Severity.WARNING
    tiers = frozenset({Tier.SAFE, Tier.MANUAL})
    triggers = ("sdp_kernel",)
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.attention.sdpa_kernel.html",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report calls of the old context manager."""
        if self.torch.may_be_before("2.3"):
            return
        imports = graph.module.outline.imports
        known = _NEW in imports.values() or any(value.path == _NEW for value in graph.all(External))
        for choice in graph.all(KernelChoice):
            if known or choice.origin is None or any(_asks_for_version(c) for c in choice.origin.guard):
                continue
            calls = _chosen_for(choice.origin, graph)
            what = f"attention over {calls[0].query.text}" if calls else "attention"
            places = [(call.origin, "the kernels are chosen for this call") for call in calls]
            yield Finding(
                choice.origin,
                f"the kernels for {what} are chosen by torch.backends.cuda.sdp_kernel, which is deprecated since torch "
                f"2.3 and is to be removed; give {_NEW} a list of the backends that are left on",
                related=tuple((at, text) for at, text in places if at is not None),
                mend=_mend(choice, choice.origin, imports),
            )


def _asks_for_version(condition: Value, depth: int = 8) -> bool:
    value = strip(condition)
    if isinstance(value, External):
        return value.path.endswith("__version__")
    if isinstance(value, Pure) and value.function == "hasattr":
        return True
    return depth > 0 and any(_asks_for_version(operand, depth - 1) for operand in value.operands())


def _chosen_for(call: Origin, graph: DefinitionGraph) -> list[Sdpa]:
    """The calls that run under the choice, as far as it is one of a ``with``; else any of the definition."""
    found = [sdpa for sdpa in graph.all(Sdpa) if sdpa.origin is not None]
    for node in nodes(call.slice.module):
        if isinstance(node, cst.With) and any(holds(item, call.node) for item in node.items):
            return [sdpa for sdpa in found if sdpa.origin is not None and holds(node.body, sdpa.origin.node)]
    return found


def _mend(choice: KernelChoice, at: Origin, imports: dict[str, str]) -> Mend | None:
    """The list of backends, named by way of ``torch``, which brings ``torch.nn.attention`` with it."""
    flags = {
        "FLASH_ATTENTION": choice.flash, "EFFICIENT_ATTENTION": choice.efficient, "MATH": choice.math,
        "CUDNN_ATTENTION": choice.cudnn,
    }  # fmt: skip
    settings = [literal(flag) for flag in flags.values()]
    torch = next((name for name, path in imports.items() if path == "torch"), None)
    if torch is None or not all(isinstance(setting, bool) for setting in settings) or not any(settings):
        return None
    space = f"{torch}.nn.attention"
    listed = ", ".join(f"{space}.SDPBackend.{name}" for name, on in zip(flags, settings, strict=True) if on)
    return Mend("List the backends", Tier.SAFE, (Replacement(at, f"{space}.sdpa_kernel([{listed}])"),))
