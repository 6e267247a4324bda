"""Work that runs on the loop piece by piece."""

from __future__ import annotations

import asyncio
import math

from chatlog.record.steps import Steps


class Scene:
    """Steps whose `log` tells what happened, in order."""

    def __init__(self):
        self.log = []
        self.loop = asyncio.get_running_loop()
        self.steps = Steps(
            self.loop,
            on_begin=lambda: self.log.append("begin"),
            on_end=lambda: self.log.append("end"),
            on_failure=lambda error: self.log.append(f"failed: {error}"),
        )

    def work(self, name, pieces, *, then=None):
        for piece in range(pieces):
            self.log.append(f"{name}{piece}")
            self.steps._until = -math.inf  # as if this piece had taken long
            yield
        if then is not None:
            raise then


def test_work_that_takes_no_time_is_done_at_once():
    async def scenario():
        scene = Scene()
        scene.steps.run(iter(()), math.inf)
        scene.steps.run(iter([None] * 3), math.inf)
        await scene.steps.finish()
        assert scene.log == []

    asyncio.run(scenario())


def test_the_loop_turns_after_each_piece_that_takes_long_and_work_stays_in_order():
    async def scenario():
        scene = Scene()
        scene.loop.call_soon(scene.log.append, "turn")
        scene.steps.run(scene.work("a", 2), math.inf)
        scene.steps.run(scene.work("b", 1), math.inf)
        await scene.steps.finish()
        assert scene.log == ["a0", "begin", "turn", "a1", "b0", "end"]

    asyncio.run(scenario())


def test_a_failure_in_a_later_turn_is_reported_and_costs_no_other_work():
    async def scenario():
        scene = Scene()
        scene.steps.run(scene.work("a", 1, then=ValueError("no")), math.inf)
        scene.steps.run(scene.work("b", 1), math.inf)
        await scene.steps.finish()
        assert scene.log == ["a0", "begin", "failed: no", "b0", "end"]

    asyncio.run(scenario())
