"""What training keeps: every number is felt, tables stay tables, dropout changes no expectation."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from attnlint.invariants.attention import _SEED, Attention, Inputs, Invariant, _is_floating, _output, _replace


def everything_used() -> Invariant:
    """A module's output feels each of its parameters, a function's each of its floating-point arguments.

    Unit: the share of their numbers whose gradient is exactly 0.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        given = _replace(inputs, range(len(inputs)), lambda tensor: tensor.detach())
        parameters = attention.parameters() if isinstance(attention, nn.Module) else ()
        trained: list[Tensor] = [parameter for parameter in parameters if parameter.requires_grad]
        felt = trained or [tensor.requires_grad_() for tensor in given if _is_floating(tensor)]
        with torch.enable_grad():
            output = _output(attention, given)
            seeded = torch.randn(output.shape, generator=torch.Generator().manual_seed(_SEED)).to(output)
            gradients = torch.autograd.grad((output * seeded).sum(), felt, allow_unused=True)
        unfelt = sum(
            tensor.numel() if gradient is None else int((gradient == 0).sum())
            for tensor, gradient in zip(felt, gradients, strict=True)
        )
        return unfelt / sum(tensor.numel() for tensor in felt)

    return Invariant("everything used", "share of numbers not felt", measure)


def tables_kept() -> Invariant:
    """One step down the gradient of the squared output changes no table of a triangle.

    A table is a trained parameter whose last two axes are a matrix, square and triangular: one number on and below, or
    on and above, some diagonal, another one elsewhere. Unit: the largest change of an entry that is finite.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        model = copy.deepcopy(attention)
        tables = [p for p in model.parameters() if _is_triangle(p)] if isinstance(model, nn.Module) else []
        with torch.enable_grad():
            loss = _output(model, inputs).square().sum()
            gradients = torch.autograd.grad(loss, tables, allow_unused=True) if tables else ()
        changes = (
            gradient[table.isfinite()]
            for table, gradient in zip(tables, gradients, strict=True)
            if gradient is not None
        )
        return max((change.abs().max().item() for change in changes), default=0.0)

    return Invariant("tables kept", "change of a triangle's entry", measure)


def _is_triangle(table: Tensor) -> bool:
    if not table.requires_grad or table.ndim < 2 or table.shape[-1] != table.shape[-2] or table.shape[-1] < 2:
        return False
    lower = torch.ones(table.shape[-2:], dtype=torch.bool, device=table.device).tril()
    for half in (lower, lower.tril(-1)):
        one, two = table[..., half], table[..., ~half]
        first, second = one.flatten()[0], two.flatten()[0]
        if bool((one == first).all() and (two == second).all() and first != second):
            return True
    return False


def copied_after_training() -> Invariant:
    """After a call in training mode, ``copy.deepcopy`` still copies the module: it holds no tensor of the graph.

    For modules. Unit: the number of bytes of the tensors with a history that ``copy.deepcopy`` comes upon in the
    attributes of the module, of its submodules and in lists, tuples and dicts there; 0 where the copy succeeds.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        if not isinstance(attention, nn.Module):
            raise TypeError(f"{type(attention).__name__} is no module and keeps nothing")
        model = copy.deepcopy(attention)
        with torch.enable_grad(), torch.random.fork_rng(devices=[]), _training(model):
            model(*inputs)
        try:
            copy.deepcopy(model)
        except RuntimeError:
            held = [tensor for module in model.modules() for tensor in tree_leaves(dict(vars(module)))]
            graph = [tensor for tensor in held if isinstance(tensor, Tensor) and tensor.grad_fn is not None]
            if not graph:
                raise
            return float(sum(tensor.numel() * tensor.element_size() for tensor in graph))
        return 0.0

    return Invariant("copied after training", "bytes of the graph held", measure)


def dropout_unbiased(draws: int = 256) -> Invariant:
    """In training mode, the mean of many runs is the output of eval mode: dropout of weights changes no expectation.

    A function has no modes and measures 0 unless it is random. Unit: the RMS of the difference between the mean of
    ``draws`` runs and the output in eval mode, relative to the RMS of the latter; 256 runs at p = 0.1 leave about 0.01.
    """

    def measure(attention: Attention, inputs: Inputs) -> float:
        expected = _output(attention, inputs).double()
        with torch.random.fork_rng(devices=[]), _training(attention):
            torch.manual_seed(_SEED)
            mean = torch.stack([_output(attention, inputs).double() for _ in range(draws)]).mean(0)
        return ((mean - expected).square().mean() / expected.square().mean()).sqrt().item()

    return Invariant("dropout unbiased", "relative RMS of the mean", measure)


@contextmanager
def _training(attention: Attention) -> Iterator[None]:
    """Training mode for a module, inside `_evaluating`, which restores what was before."""
    if isinstance(attention, nn.Module):
        attention.train()
    yield
    if isinstance(attention, nn.Module):
        attention.eval()
