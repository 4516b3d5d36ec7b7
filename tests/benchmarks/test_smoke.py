"""The benchmark itself runs: ours beside nginx, for a second each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.child import NotHereError
from benchmarks.subjects.nginx import nginx_version

ROOT = Path(__file__).parents[2]
LIMIT_S = 120.0


@pytest.fixture
def record(tmp_path: Path) -> dict[str, list[dict[str, object]]]:
    """What a very short run writes."""
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    try:
        nginx_version()
    except NotHereError as error:
        pytest.skip(str(error))
    short = ["--only=ours,nginx", "--slices=1k", "--schemes=https", "--rounds=1", "--seconds=1"]
    place = [f"--python={sys.executable}", f"--results={tmp_path}"]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.proxy", *short, *place],
        cwd=ROOT,
        check=True,
        timeout=LIMIT_S,
        stdout=subprocess.DEVNULL,
    )
    (written,) = tmp_path.glob("*.json")
    told: dict[str, list[dict[str, object]]] = json.loads(written.read_text())
    return told


def test_a_short_run_measures_both_with_a_session_each(
    record: dict[str, list[dict[str, object]]],
) -> None:
    """In one run both deliver, ours to people who are signed in, and a goal is judged."""
    rates = {each["subject"]: each["requests_per_s"] for each in record["readings"]}

    assert {"ours", "nginx"} == set(rates)
    assert all(isinstance(rate, float | int) and rate > 100 for rate in rates.values())
    assert "1 KiB TLS: requests/s against nginx" in [each["goal"] for each in record["goals"]]
