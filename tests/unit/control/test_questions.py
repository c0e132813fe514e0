"""Questions over the control socket: observers may ask, each gets one answer, a flood is told to wait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.control.factories import EngineStub
from veloz_tui.control.client import ask_question
from veloz_tui.control.connection import Greeting, open_connection
from veloz_tui.control.messages import Question, Reply
from veloz_tui.control.questions import MAX_OPEN
from veloz_tui.domain.errors import JournalError, OperatorError
from veloz_tui.domain.performance import PerformanceView
from veloz_tui.domain.queries import (
    AskPerformance,
    AskStrategy,
    AskWhy,
    AskWire,
    Chain,
    NotKnown,
    Query,
    Step,
    Told,
)
from veloz_tui.domain.types import Nanos, StrategyId

CHAIN = Chain("7F3K BUY 1", "vz7F3K", (Step(None, "asked", "ASKED"),))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EngineStub]:
    stub = EngineStub(tmp_path)
    async with stub.server:
        yield stub


def answering(engine: EngineStub, told: Told | Exception) -> list[Query]:
    asked: list[Query] = []

    async def answer(query: Query) -> Told:
        asked.append(query)
        if isinstance(told, Exception):
            raise told
        return told

    engine.server._questions._on_query = answer
    return asked


async def test_a_script_asks_and_is_told_without_touching_the_lease(engine: EngineStub) -> None:
    asked = answering(engine, CHAIN)
    assert await ask_question(engine, AskWhy("7F3K")) == CHAIN
    assert asked == [AskWhy("7F3K")]
    assert engine.commands == []


async def test_an_error_of_ours_becomes_the_answer_and_the_engine_goes_on(engine: EngineStub) -> None:
    answering(engine, JournalError("the journal can't be read"))
    assert await ask_question(engine, AskWhy("7F3K")) == NotKnown("the journal can't be read")
    answering(engine, RuntimeError("a bug"))
    told = await ask_question(engine, AskWire())
    assert isinstance(told, NotKnown) and "see its log" in told.text


async def test_the_days_performance_and_why_a_strategy_cant_be_shown_come_the_same_way(
    engine: EngineStub,
) -> None:
    day = PerformanceView(since=Nanos(1), at=Nanos(2))
    asked = answering(engine, day)
    assert await ask_question(engine, AskPerformance()) == day
    assert asked == [AskPerformance()]
    answering(engine, OperatorError("no strategy x: configured are none"))
    told = await ask_question(engine, AskStrategy(StrategyId("x")))
    assert told == NotKnown("no strategy x: configured are none")
    assert engine.commands == []


async def test_more_questions_than_can_be_worked_at_are_told_to_ask_again(engine: EngineStub) -> None:
    go_on = asyncio.Event()

    async def slow(_query: Query) -> Told:
        await go_on.wait()
        return CHAIN

    engine.server._questions._on_query = slow
    connection = await open_connection(
        engine_path=engine.engine_socket,
        token_path=engine.session_token,
        greeting=Greeting(name="pid 1", wants_control=False, wants_views=False),
    )
    async with connection:
        for number in range(MAX_OPEN + 1):
            await connection.send(Question(number, AskWhy("7F3K")))
        first = await _reply(connection.receive)
        assert first.question_id == MAX_OPEN and isinstance(first.told, NotKnown)
        go_on.set()
        rest = [await _reply(connection.receive) for _ in range(MAX_OPEN)]
        assert sorted(each.question_id for each in rest) == list(range(MAX_OPEN))
    assert {each.told for each in rest} == {CHAIN}


async def _reply(receive: object) -> Reply:
    async with asyncio.timeout(5):
        while True:
            message = await receive()  # type: ignore[operator]
            if isinstance(message, Reply):
                return message
