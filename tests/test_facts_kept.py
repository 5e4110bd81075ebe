"""What one question derives is kept for others, in every world in which it holds and in no other."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.interpreter import Interpreter
from attnlint.graph.module import ModuleContext
from attnlint.graph.values import Value
from attnlint.graph.worlds import Atom, TooManyWorlds, World, worlds_of
from attnlint.syntax.outline import outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceText

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "fixtures").glob("*.py")) + sorted((ROOT / "tests" / "right_code").glob("*.py"))
DOMAINS = ("scalar", "shape", "layout", "dtype", "mask")


def ask(domain: str, value: Value, facts: Facts) -> object:
    answer: object = getattr(facts, domain)(value)
    return answer


def asked_in_turn(graph: DefinitionGraph, random: Random) -> list[tuple[str, Value, dict[Atom, bool], object]]:
    """Answers of worlds that many questions were asked in before, each with the assumptions it was given under."""
    questions = [(domain, value) for value in graph.values for domain in DOMAINS]
    found: list[tuple[str, Value, dict[Atom, bool], object]] = []
    for domain, value in random.sample(questions, min(len(questions), 60)):

        def question(world: World, domain: str = domain, value: Value = value) -> object:
            return ask(domain, value, Facts(world, graph.observations))

        with suppress(TooManyWorlds):
            answers = worlds_of((), question, graph.world)
            found.extend((domain, value, world.assumed, answer) for world, answer in answers)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_answer_is_that_of_a_world_in_which_nothing_else_was_asked(path: Path) -> None:
    module = outline(SourceText.from_bytes(path.name, path.read_bytes()))
    random = Random(path.name)

    def compare() -> None:
        interpreter = Interpreter(ModuleContext(module))
        for definition in module.definitions():
            graph = interpreter.graph_of(definition)
            for domain, value, assumed, answer in asked_in_turn(graph, random):
                world = World()
                for atom, truth in assumed.items():
                    world = world.assume(atom, truth)
                assert ask(domain, value, Facts(world, graph.observations)) == answer, (domain, value, assumed)

    on_big_stack(compare)
