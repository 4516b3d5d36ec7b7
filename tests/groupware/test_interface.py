"""The app's interface for other programs: one at a time, and 429 for a crowd."""

from __future__ import annotations

import threading

from tests.groupware.running import Groupware
from tests.groupware.staff import Desk, as_json

ADDRESS = "/cgi-bin/dneo/appsr.cgi"
KEY = "access_key=demo-access-key"


def test_a_key_in_the_query(groupware: Groupware) -> None:
    """The key may stand in the address."""
    answer = Desk(groupware.port).get(f"{ADDRESS}?action=staff&{KEY}")

    assert as_json(answer)["items"][0]["name"] == "佐藤 花子"


def test_a_key_in_the_header(groupware: Groupware) -> None:
    """Or in a header of its own."""
    answer = Desk(groupware.port).get(
        "/cgi-bin/dneo/zrconst.cgi?action=schedule", "X-Desknets-Auth: demo-access-key"
    )

    assert as_json(answer)["items"][0]["title"] == "全体朝礼"


def test_without_a_key_nothing(groupware: Groupware) -> None:
    """The refusal is JSON."""
    answer = Desk(groupware.port).get(ADDRESS)

    assert (answer.status, as_json(answer)["status"]) == (401, "ng")


def test_a_crowd_is_refused_by_429() -> None:
    """Of many callers at once some are refused, and for a while everybody is."""
    with Groupware("--api-call-seconds", "0.05", "--api-penalty-seconds", "60") as app:
        statuses: list[int] = []

        def call() -> None:
            statuses.append(Desk(app.port).get(f"{ADDRESS}?{KEY}").status)

        crowd = [threading.Thread(target=call) for _ in range(40)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        call()

    assert 11 <= statuses.count(200) < 40
    assert statuses[-1] == 429
