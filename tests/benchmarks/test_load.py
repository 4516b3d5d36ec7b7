"""What the load generator prints, and when it is no measurement."""

from __future__ import annotations

import pytest

from benchmarks.load import LoadError, read

LINE = (
    '{"requests": 1000, "seconds": 2.0, "bytes": 1300000, "p50_ms": 1.5, "p99_ms": 9.0,'
    ' "refused": %d, "broken": %d}'
)


def test_the_json_line_is_found() -> None:
    """The words that wrk prints around it do not matter."""
    outcome = read(f"Running 2s test @ http://localhost:1\n{LINE % (0, 0)}\n")

    assert (1000, 2.0, 9.0) == (outcome.requests, outcome.seconds, outcome.p99_ms)


@pytest.mark.parametrize(("refused", "broken"), [(1, 0), (0, 1)])
def test_a_proxy_that_refuses_is_not_fast(refused: int, broken: int) -> None:
    """One refused or broken request makes the slice worthless: refusing is cheap."""
    with pytest.raises(LoadError):
        read(LINE % (refused, broken))


def test_no_line_is_no_measurement() -> None:
    """When wrk could not connect, that is told in its words."""
    with pytest.raises(LoadError, match="unable to connect"):
        read("unable to connect to localhost:1 Connection refused")
