"""ATN215 unused-mask."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from attnlint.attention import AttentionPath, AttentionSite
from attnlint.attention.arms import Arms, is_handed_in, unread_masks
from attnlint.attention.contexts import called
from attnlint.attention.future import is_causal
from attnlint.diagnostics import Severity
from attnlint.graph.module import ModuleContext
from attnlint.graph.values import Flash, Frame, MultiHead, Origin
from attnlint.graph.worlds import TooManyWorlds
from attnlint.rule import Finding, Rule
from attnlint.syntax.outline import ClassOutline, Definition
from attnlint.syntax.parse import parse_definition
from attnlint.syntax.walk import nodes
from attnlint.triggers import SITE

_MASKS = re.compile(r"(?:src_|tgt_|memory_|x_|context_)?(?:attn_|attention_|(?:key_)?padding_|key_)?mask")
"""Names that say mask: taken as such only where a tensor is accepted or handed in under them."""
_ON_PURPOSE = re.compile(r"(?i)unused|not used|ignored|not supported|ARG00[12]|for (?:API )?compat")


class UnusedMask(Rule):
    """The function computes attention and takes a mask, and never reads it.

    **What it finds.** A parameter that is a mask, by its name together with a tensor annotation, a default of None or a
    caller that hands one in, whose name does not occur in a body that computes attention. And a mask parameter that the
    fused or the hand-written arm of one setting hides positions with while the other arm never reads it.

    **Why it hurts.** What should be hidden is attended: with a padded batch the outputs of real tokens move by 0.39,
    and change with what the padding holds. Callers pass the mask and believe that it works.

    **Silent when** the signature comes from elsewhere: a function that stands in a table, an override of a method that
    is declared in the module or in a base class that is not torch's own, another method of that name and these
    parameters that reads it, a function that an interface may choose and that nobody hands a mask, a second mask that
    nobody in the module hands in where the first is read, padding that is said by ``cu_seqlens``, a method of an object
    that is no ``nn.Module`` and may be called without it, further parameters that are not read either, a comment that
    says so, ``del``, names that begin with an underscore. Also where the attention is causal by itself, or may be, and
    the mask is not one of padding.

    **Mend.** Apply the mask, or take the parameter away.
    """

    code = "ATN215"
    name = "unused-mask"
    severity = Severity.WARNING
    triggers = SITE

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        """Report mask parameters that no function on the way to a site reads."""
        seen: set[tuple[int, bool]] = set()
        for path in site.paths:
            if not _is_attention(path, site) or path.anchor.origin is None:
                continue
            frame = path.anchor.origin.frame
            while frame is not None:
                place = (id(frame.definition), frame.call is None)
                if frame.definition is not None and place not in seen:
                    seen.add(place)
                    yield from _never_read(frame, path)
                frame = frame.caller

    def check_arms(self, first: AttentionPath, second: AttentionPath, arms: Arms) -> Iterator[Finding]:
        """Report mask parameters that one arm reads and the other does not."""
        for one, two in ((first, second), (second, first)):
            for use, found in unread_masks(one, two):
                handed = next((source for source in found if is_handed_in(source)), None)
                if handed is None or one.anchor.origin is None or use.at.origin is None:
                    continue
                yield Finding(
                    one.anchor.origin,
                    f"this arm never reads {handed.text}, with which the other arm, chosen by {arms.switch.text}, "
                    "hides positions: here they are attended (Δ 0.39 on real tokens of a padded batch)",
                    related=((use.at.origin, f"the other arm applies {handed.text} here"),),
                )


def _is_attention(path: AttentionPath, site: AttentionSite) -> bool:
    if isinstance(path.anchor, Flash) and "varlen" in _called(path):
        return False  # the lengths of the sequences say what is padding
    if path.kind == "hand-written":
        return path.product is not None and site.output is not None
    return True


def _called(path: AttentionPath) -> str:
    """The function that computes the attention, empty where it is no call."""
    node = path.anchor.origin.node if path.anchor.origin is not None else None
    return called(node) or "" if isinstance(node, cst.Call) else ""


def _never_read(frame: Frame, path: AttentionPath) -> Iterator[Finding]:
    definition = frame.definition
    assert definition is not None
    slice_ = parse_definition(definition)
    function = slice_.node
    if not isinstance(function, cst.FunctionDef):
        return
    parameters = [p for p in _parameters(function) if p.name.value not in ("self", "cls")]
    if not any(_MASKS.fullmatch(parameter.name.value) for parameter in parameters):
        return
    read = _read_in(function, path)
    unread = [p for p in parameters if p.name.value not in read and not p.name.value.startswith("_")]
    module = path.graph.module
    named = [p for p in unread if _MASKS.fullmatch(p.name.value)]
    masks = [p for p in named if _is_tensor(p, frame) or _is_torch_layer(definition, module)]
    if _is_strategy(definition, module) and not _is_handed_masks(frame):
        masks = [p for p in masks if p.default is None]
    if any(_MASKS.fullmatch(p.name.value) and p.name.value in read for p in parameters):
        masks = [p for p in masks if _is_handed_in(p, module)]
    if masks and _may_be_causal(path):
        masks = [p for p in masks if "padding" in p.name.value]
    if not masks or len(unread) > len(masks) or "locals" in read or _takes_masks_it_ignores(masks, parameters):
        return
    if _ON_PURPOSE.search(definition.text) or _is_dictated(definition, [p.name.value for p in parameters], module):
        return
    for mask in masks:
        yield Finding(
            Origin(slice_, mask.name),
            f"{definition.name} computes attention{_over(path)} and never reads {mask.name.value}: what the mask "
            "should hide is attended (Δ 0.39 on real tokens of a padded batch)",
            related=((path.anchor.origin, "the attention is computed here"),) if path.anchor.origin else (),
        )


def _may_be_causal(path: AttentionPath) -> bool:
    """Whether the site hides the future on some path, is not known not to, or has too many paths to tell."""
    try:
        return any(answer is not False for answer in path.ask(is_causal))
    except TooManyWorlds:
        return True


def _over(path: AttentionPath) -> str:
    """Which keys a site attends to, as the code calls them."""
    anchor = path.anchor
    key = path.key.value if path.key is not None else anchor.key if isinstance(anchor, MultiHead) else None
    return f" over {key.text}" if key is not None else ""


def _takes_masks_it_ignores(unread: list[cst.Param], parameters: list[cst.Param]) -> bool:
    """Whether there are several masks and none is read: the signature of an interface that is called with all."""
    return len(unread) > 1 and all(p in unread for p in parameters if _MASKS.fullmatch(p.name.value))


def _parameters(function: cst.FunctionDef) -> list[cst.Param]:
    given = function.params
    return [*given.posonly_params, *given.params, *given.kwonly_params]


def _read_in(function: cst.FunctionDef, path: AttentionPath) -> frozenset[str]:
    """All names in the body of a function, which several sites may stand in."""
    memo = ("names in", function)
    known: frozenset[str] | None = path.graph.world.memo.get(memo)
    if known is None:
        known = path.graph.world.memo[memo] = _names(function.body)
    return known


def _names(node: cst.CSTNode) -> frozenset[str]:
    """All names inside a node, keyword arguments' own names among them."""
    return frozenset(inner.value for inner in nodes(node) if isinstance(inner, cst.Name))


def _is_tensor(parameter: cst.Param, frame: Frame) -> bool:
    """Whether a parameter takes a tensor: by annotation, by a default of None, or because a caller hands it one."""
    if parameter.annotation is not None:
        return any("Tensor" in name for name in _names(parameter.annotation))
    if parameter.default is not None:
        return isinstance(parameter.default, cst.Name) and parameter.default.value == "None"
    return _is_handed_masks(frame)


def _is_handed_in(parameter: cst.Param, module: ModuleContext) -> bool:
    """Whether a mask beside another one has to be given, or is given by its name somewhere in the module."""
    given = rf"[(,]\s*{parameter.name.value}\s*=\s*(?!None\b)"
    return parameter.default is None or module.mentions(given)


def _is_handed_masks(frame: Frame) -> bool:
    """Whether a caller in the module is seen to hand in a mask."""
    call = frame.call.node if frame.call is not None else None
    return isinstance(call, cst.Call) and any(_mask_like(argument.value) for argument in call.args)


def _is_strategy(definition: Definition, module: ModuleContext) -> bool:
    """Whether a method belongs to an object that others call through an interface of theirs: a class that is no
    ``nn.Module``."""
    parent = definition.parent
    return isinstance(parent, ClassOutline) and not module.is_torch_module(parent)


def _mask_like(node: cst.BaseExpression) -> bool:
    names = [node.value if isinstance(node, cst.Name) else node.attr.value if isinstance(node, cst.Attribute) else ""]
    return any(_MASKS.fullmatch(name) for name in names)


def _is_torch_layer(definition: Definition, module: ModuleContext) -> bool:
    """Whether a method may override one of torch's own layers, which hands it masks."""
    parent = definition.parent
    bases = module.foreign_bases(parent) if isinstance(parent, ClassOutline) else ()
    return any(re.fullmatch(r"torch\.nn\.(Transformer\w*Layer|MultiheadAttention)", base) for base in bases)


def _is_handed_around(function: Definition, module: ModuleContext) -> bool:
    """Whether a function stands in a table or a list: it is one of several behind one interface."""
    return module.mentions(rf"[:\[{{,]\s*{function.name}\s*[,\]}}]")


def _is_chosen_for_no_mask(module: ModuleContext, name: str) -> bool:
    """Whether a function of that name is one of those that an interface chooses from, and nobody in the module hands
    that a mask."""
    tree = module.outline.body.tree
    chosen = [
        target.id
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Call)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and any(_reads(given, name) for given in node.value.args)
    ]
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and any(_reads(node.func, one) for one in chosen)
    ]
    given = [value for call in calls for value in (*call.args, *(keyword.value for keyword in call.keywords))]
    return bool(calls) and not any(_MASKS.fullmatch(ast.unparse(value).rpartition(".")[2]) for value in given)


def _reads(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_dictated(definition: Definition, names: list[str], module: ModuleContext) -> bool:
    """Whether a signature is given from elsewhere: by a base class, or by methods of the same name and parameters."""
    parent = definition.parent
    if not isinstance(parent, ClassOutline):
        return _is_handed_around(definition, module) or module.ask(_is_chosen_for_no_mask, definition.name)
    if any(not base.startswith("torch.nn.") for base in module.foreign_bases(parent) if base != "object"):
        return True
    for other in module.outline.all_classes():
        method = other.methods.get(definition.name)
        if method is None or method is definition:
            continue
        function = parse_definition(method).node
        if isinstance(function, cst.FunctionDef):
            theirs = {p.name.value for p in _parameters(function)} - {"self", "cls"}
            if set(names) & theirs and {n for n in names if _MASKS.fullmatch(n)} <= theirs:
                return True
    return False
