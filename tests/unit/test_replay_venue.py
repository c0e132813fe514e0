"""The venue process that plays a recording, as the replay tool uses it."""

import gzip
import json
from pathlib import Path

from tests.replay.venue import venue_process
from veloz_tui.sim.settings import MarketSettings, ReplaySettings, SimSettings


def recording(path: Path) -> Path:
    frames = [
        {"lastUpdateId": 5, "bids": [["10.00", "5.0"]], "asks": [["10.02", "4.0"]]},
        {
            "stream": "tinusdt@depth@100ms",
            "data": {
                "e": "depthUpdate",
                "E": 1,
                "s": "TINUSDT",
                "U": 6,
                "u": 7,
                "b": [["9.0", "1"]],
                "a": [],
            },
        },
    ]
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(f"{1_700_000_000_000_000_000 + n} {json.dumps(frame, separators=(',', ':'))}\n"
                       for n, frame in enumerate(frames))  # fmt: skip
    return path


async def test_the_venue_stays_when_its_recording_has_ended(tmp_path: Path) -> None:
    replay = ReplaySettings(path=str(recording(tmp_path / "tiny.gz")), speed=0, start="now")
    async with venue_process(SimSettings(market=MarketSettings(replay=replay))) as venue:
        for _ in range(20):
            status = json.loads(await venue.ask("GET", "/sim/replay/status"))
        assert status["finished"]
        assert json.loads(await venue.ask("GET", "/sim/status"))["markets"]["TINUSDT"]["update_id"] == 7
