"""The handlers of the mask domain, by class of value."""

from __future__ import annotations

from attnlint.graph.domains import Handlers
from attnlint.graph.masks.fact import MaskFact

MASKS: Handlers[MaskFact] = Handlers()
