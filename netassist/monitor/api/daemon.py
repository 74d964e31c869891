"""``/v1/status``, ``/v1/reload``, ``/v1/stop``, ``/v1/test-alert``, ``/v1/ask``: the daemon itself."""

from __future__ import annotations

from netassist.configuration import BadConfiguration
from netassist.monitor.api.asked import Asked
from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.values import Asked as Answered
from netassist.monitor.api.values import Done, Question, Reloaded, Status, TestAlert, Tests
from netassist.monitor.api.ways import Unasked, Ways


async def status(ways: Ways, asked: Asked) -> Status:
    return await ways.status()


async def reload(ways: Ways, asked: Asked) -> Reloaded:
    try:
        return await ways.reload()
    except BadConfiguration as error:
        raise Trouble(422, f"{error}; what was watched before is still watched") from None


async def stop(ways: Ways, asked: Asked) -> Done:
    ways.stop()
    return Done()


async def test_alert(ways: Ways, asked: Asked) -> Tests:
    channel = asked.body_as(TestAlert).channel
    try:
        tried = await ways.test_alert(channel)
    except KeyError:
        raise Trouble(404, f"there is no channel {channel!r}; monitor.toml lists them as [[channel]]") from None
    if not tried:
        raise Trouble(409, "there is no channel to try; monitor.toml lists them as [[channel]]")
    return Tests(tried)


async def ask(ways: Ways, asked: Asked) -> Answered:
    try:
        return await ways.ask(asked.body_as(Question).question)
    except Unasked as error:
        raise Trouble(503, str(error)) from None
    except ValueError as error:
        raise Trouble(422, str(error)) from None
