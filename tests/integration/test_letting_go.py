"""A moderator that is closed holds no model any more, whoever still holds the moderator."""

from __future__ import annotations

import asyncio
import gc

import onnxruntime

from evenhand.api.application import create_app
from evenhand.app import AsyncModerator
from evenhand.settings import Settings


def _sessions() -> int:
    """Count models that are open, but for the one of voice activity, which its library keeps for the process."""
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, onnxruntime.InferenceSession)]
    return sum("silero" not in str(one._model_path) for one in found)


def test_a_closed_moderator_has_let_go_of_its_models() -> None:
    before = _sessions()
    moderator = AsyncModerator(Settings(plugins=False))
    assert moderator.warm() == {}
    assert _sessions() > before
    moderator.close()
    assert _sessions() <= before
    assert all(slot.get() is None for slot in moderator.registry.slots())


def test_a_server_that_ended_has_let_go_of_its_models() -> None:
    """What it took out of full collections is given back to them, too."""
    before = _sessions()
    app = create_app(Settings(plugins=False))

    async def life() -> None:
        async with app.router.lifespan_context(app):
            while not app.state.evenhand.warm:  # noqa: ASYNC110 (there is no event to wait for)
                await asyncio.sleep(0.05)
            assert gc.get_freeze_count() > 0

    asyncio.run(life())
    assert gc.get_freeze_count() == 0
    assert _sessions() <= before
