"""ATN602 rope-cache-offset."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.caches import cached, is_handed_on
from attnlint.attention.rotary import positions_from_zero, rotation_behind
from attnlint.rule import Finding, Rule
from attnlint.triggers import SITE


class RopeCacheOffset(Rule):
    """Positions begin at zero in every call, while the keys come from a cache.

    **What it finds.** A rotary embedding of the new keys with angles from ``torch.arange(T)``, where T is the length of
    what is new, on a path on which the keys are then joined with a cache.

    **Why it hurts.** The first new token takes position 0 again, which the first token of the cache has already: with a
    past of 6 tokens every relative position is wrong by 6. A prompt in one piece is right, so that only generation is
    off, and more so the longer it gets.

    **Silent when** the positions are counted from the length of the past, come in from the caller, or are not
    understood, and where what the keys are joined with is kept for no later call (a learned prefix).

    **Mend.** Begin at the length of the cache: ``torch.arange(past, past + T)``.
    """

    code = "ATN602"
    name = "rope-cache-offset"
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report positions that begin at zero behind a cache."""
        joined = cached(path.key, path.facts)
        if joined is None or joined.new is None or joined.is_reversed or path.query is None:
            return
        if not is_handed_on(joined, path):
            return
        keys = rotation_behind(joined.new, path.facts)
        queries = rotation_behind(path.query.value, path.facts)
        if keys is None or queries is None:
            return
        positions = positions_from_zero(keys, path.facts)
        if positions is None or positions.origin is None or positions is not positions_from_zero(queries, path.facts):
            return
        places = ((keys.at.origin, "the new keys are rotated here"), (joined.at.origin, "and joined with the cache"))
        yield Finding(
            positions.origin,
            f"{positions.text} counts the positions of {joined.new.text} from 0 although {joined.cache.text} holds "
            "earlier tokens: new tokens take positions that are taken; begin at the length of the cache",
            related=tuple((at, what) for at, what in places if at is not None),
        )
