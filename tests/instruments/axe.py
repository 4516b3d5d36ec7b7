"""
axe-core, which judges whether a page can be used by everybody: the real one, from npm.

Our pages allow no foreign script, and stay as they are: axe runs in an isolated world beside
the page's own scripts, sees the same document, and is bound by no policy of the page's.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from tests.instruments.devtools import BrowserError
from tests.instruments.page import Page
from tests.instruments.record import exception_text

ROOT = Path(__file__).parents[2]
PACKAGE = "node_modules/axe-core/axe.min.js"
PLACES = (ROOT / ".venv" / "npm" / PACKAGE, ROOT / PACKAGE)
"""Where `make test`, or `npm ci` by hand, puts what package-lock.json names."""

STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""WCAG 2.2 at level AA, and what axe's makers recommend beyond it."""

JUDGE = """
async (options) => {
    if (!window.axe) return null;
    const {violations, passes} = await axe.run(document, options);
    const where = (node) => `${node.target.join(' ')} ${node.html.slice(0, 160)}`;
    return {
        passed: passes.length,
        found: violations.flatMap((rule) =>
            rule.nodes.map((node) => `${rule.id} (${rule.help}): ${where(node)}`)),
    };
}
"""


def find_axe() -> Path | None:
    """The script of axe-core, or None where npm has not fetched it."""
    named = [Path(os.environ["AXE"])] if os.environ.get("AXE") else []
    return next((path for path in (*named, *PLACES) if path.is_file()), None)


@cache
def _source(path: Path) -> str:
    return path.read_text("utf-8")


async def violations(page: Page, axe: Path, *, only: str = "") -> list[str]:
    """
    What axe finds wrong with the page as it is shown now.

    Args:
        page: the page, with its phone or PC and its colours set.
        axe: where the script is.
        only: the one rule to ask for, else all of `STANDARDS`.
    """
    run_only = {"type": "rule", "values": [only]} if only else {"type": "tag", "values": STANDARDS}
    options = {
        "runOnly": run_only,
        "rules": {} if only else {"target-size": {"enabled": True}},
        "resultTypes": ["violations"],
    }
    world = await _world(page)
    verdict = await _apply(page, world, JUDGE, options)
    if verdict is None:
        await _apply(page, world, f"() => {{ {_source(axe)} }}")
        verdict = await _apply(page, world, JUDGE, options)
    assert verdict["passed"], "axe looked at nothing"
    found: list[str] = verdict["found"]
    return found


async def _world(page: Page) -> int:
    """The world beside the page's own scripts; one for each document."""
    frame = (await page.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = await page.send("Page.createIsolatedWorld", frameId=frame, worldName="axe")
    return int(world["executionContextId"])


async def _apply(page: Page, world: int, function: str, *arguments: object) -> Any:
    answer = await page.send(
        "Runtime.callFunctionOn",
        functionDeclaration=function,
        executionContextId=world,
        arguments=[{"value": argument} for argument in arguments],
        awaitPromise=True,
        returnByValue=True,
    )
    if "exceptionDetails" in answer:
        raise BrowserError(exception_text(answer["exceptionDetails"]))
    return answer["result"].get("value")
