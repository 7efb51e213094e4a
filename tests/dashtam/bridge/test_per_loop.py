"""Values that belong to one event loop."""

import asyncio
import gc

import pytest

from dashtam.bridge.per_loop import PerLoop


class Value:
    """Something that a loop keeps."""


async def twice(values: PerLoop[Value]) -> tuple[Value, Value]:
    return values.get(), values.get()


def test_each_loop_has_one_value_of_its_own() -> None:
    values = PerLoop(Value)
    first, second = asyncio.run(twice(values)), asyncio.run(twice(values))
    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_a_value_goes_with_its_loop() -> None:
    values = PerLoop(Value)
    asyncio.run(twice(values))
    gc.collect()
    assert not values.values


async def test_after_pop_a_new_one_is_made() -> None:
    values = PerLoop(Value)
    assert values.pop() is None
    first = values.get()
    assert values.pop() is first
    assert values.get() is not first


def test_without_a_loop_there_is_no_value() -> None:
    with pytest.raises(RuntimeError):
        PerLoop(Value).get()
