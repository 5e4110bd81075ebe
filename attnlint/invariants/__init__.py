"""What any right attention keeps, measured on any attention callable.

Every function here returns an `Invariant`. Called with an attention and its positional arguments, an invariant returns
a `Measurement`: 0 where it is held, larger the more it is broken, infinity where the callable raises or gives numbers
that are not finite.

    >>> causal()(model, hidden_states)                      # a module over hidden states (B, T, C)
    >>> causal(tokens=(0, 1, 2))(attend, query, key, value)  # a function over heads (B, H, T, D)

The attention is an `nn.Module` or a function; where it returns a tuple, its first element is the output. Modules are
measured in eval mode and without gradients, and get their mode back. ``tokens`` names the positional arguments that
carry tokens, ``axis`` their sequence axis (and that of the output); the batch is axis 0. So every rank will do.

Loss is no invariant: the bugs that these find train to almost the same loss.
"""

from attnlint.invariants.attention import (
    Attention,
    Inputs,
    Invariant,
    Measurement,
    Weights,
    attention_weights,
    batch_independent,
    causal,
    describe_error,
    dtype_kept,
    equals_reference,
    eval_deterministic,
    exact_attention,
    no_future_weight,
    padding_ignored,
    permutation_equivariant,
    rank_agnostic,
    rows_sum_to_one,
    runs,
    scale_entropy,
    scale_gradient,
    shift_invariant,
    tokens_mix,
)
from attnlint.invariants.cost import aligned_heads, economical, not_deprecated, weights_not_made
from attnlint.invariants.modules import (
    equals_with_weights,
    heads_distinct,
    moves_with_module,
    parameters_read_once,
    parameters_registered,
)
from attnlint.invariants.training import copied_after_training, dropout_unbiased, everything_used, tables_kept

__all__ = [
    "Attention",
    "Inputs",
    "Invariant",
    "Measurement",
    "Weights",
    "aligned_heads",
    "attention_weights",
    "batch_independent",
    "causal",
    "copied_after_training",
    "describe_error",
    "dropout_unbiased",
    "dtype_kept",
    "economical",
    "equals_reference",
    "equals_with_weights",
    "eval_deterministic",
    "everything_used",
    "exact_attention",
    "heads_distinct",
    "moves_with_module",
    "no_future_weight",
    "not_deprecated",
    "padding_ignored",
    "parameters_read_once",
    "parameters_registered",
    "permutation_equivariant",
    "rank_agnostic",
    "rows_sum_to_one",
    "runs",
    "scale_entropy",
    "scale_gradient",
    "shift_invariant",
    "tables_kept",
    "tokens_mix",
    "weights_not_made",
]
