"""
`python -m benchmarks.proxy`: our proxy beside others, in one run on one machine.

Prints tables of ratios against the goals, and writes every reading with machine, versions
and date to benchmarks/results/. Absolute figures are this machine's and this hour's: compare
ratios. With `--page` it also renews the tables and the chart of docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import load, machine, page, report
from benchmarks.child import Child, Command, NotHereError, free_port
from benchmarks.crowd import gather
from benchmarks.programme import HTTP, HTTPS, NAMES, Programme, Wish
from benchmarks.readings import Readings
from benchmarks.stage import Stage, make_certificate
from benchmarks.subjects import catalogue
from benchmarks.subjects.nginx import nginx_version, static_app
from benchmarks.subjects.pythons import ROOT, examine, usual
from benchmarks.subjects.subject import Subject

RESULTS = Path(__file__).parent / "results"
QUICK = Wish(slices=("1k", "latency", "100m", "handshake"), rounds=3, seconds=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code says whether it could run, not whether goals are met."""
    options = _parser().parse_args(arguments)
    wish = _wish(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended
    try:
        versions = {"app": nginx_version(), "load": load.version()}
        pythons = [examine(each) for each in options.python] or usual()
    except NotHereError as error:
        _say(f"nothing can be measured: {error}")
        return 1
    readings = Readings(left_out=dict(catalogue.WITHOUT_FIGURES))
    subjects = list(_found(catalogue.subjects(pythons), options.only, versions, readings))
    machine.raise_descriptor_limit()
    begun = datetime.now(UTC)
    with _stage() as stage, machine.running_on(machine.cores().load):
        Programme(stage=stage, subjects=subjects, wish=wish, say=_say, readings=readings).play()
    names = {each.key: each.name for each in subjects}
    print(report.tables(readings, names))
    about = {
        "begun": begun.isoformat(timespec="seconds"),
        "machine": machine.description(),
        "cores_apart": machine.cores().are_apart,
        "rounds": wish.rounds,
        "seconds": wish.seconds,
        "names": names,
    }
    record = report.record(readings, about=about, versions=versions)
    file = options.results / f"{begun:%Y-%m-%dT%H%M}.json"
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    _say(f"written: {file}")
    if options.page:
        page.renew(file)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="what matters most, in 3 minutes")
    parser.add_argument("--only", type=_words, help="subjects, for example ours,nginx,haproxy")
    parser.add_argument("--slices", type=_words, help=f"of {', '.join(NAMES)}")
    parser.add_argument("--schemes", type=_words, help="http, https or both")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int, help="of each slice")
    parser.add_argument("--connections", type=int, help="idle ones (10,000)")
    parser.add_argument(
        "--python", action="append", default=[], help="that runs ours; may be repeated"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="directory for the JSON")
    parser.add_argument("--page", action="store_true", help="renew docs/performance.md too")
    return parser


def _words(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _wish(options: argparse.Namespace) -> Wish:
    base = QUICK if options.quick else Wish()
    unknown = {*(options.slices or ())} - {*NAMES} | {*(options.schemes or ())} - {HTTP, HTTPS}
    if unknown:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}")
    return Wish(
        slices=options.slices or base.slices,
        schemes=options.schemes or base.schemes,
        rounds=options.rounds or base.rounds,
        seconds=options.seconds or base.seconds,
        connections=options.connections or base.connections,
    )


def _found(
    subjects: Sequence[Subject],
    only: Sequence[str] | None,
    versions: dict[str, str],
    readings: Readings,
) -> Iterator[Subject]:
    """Those that are wanted and here; the others are left out by name."""
    for subject in subjects:
        if only and subject.key not in only and subject.key.partition("-2")[0] not in only:
            continue
        try:
            versions[subject.key] = subject.version()
        except NotHereError as error:
            _say(f"left out: {subject.name}: {error}")
            readings.left_out[subject.key] = str(error)
        else:
            yield subject


@contextlib.contextmanager
def _stage() -> Iterator[Stage]:
    directory = Path(tempfile.mkdtemp(prefix="gateway-benchmark-"))
    started: list[Child] = []
    try:
        certificate, private_key = make_certificate(directory)
        app_port, far_end_port = free_port(), free_port()
        far_end = Command(
            arguments=[sys.executable, "-m", "benchmarks.far_end", str(far_end_port)],
            port=far_end_port,
            directory=directory,
            environment={"PYTHONPATH": str(ROOT)},
        )
        with machine.running_on(machine.cores().load):
            for command in (static_app(directory, app_port), far_end):
                started.append(Child(command))
                started[-1].wait_until_there()
        _say("making 1,000 people who are signed in")
        yield Stage(
            directory=directory,
            certificate=certificate,
            private_key=private_key,
            crowd=gather(directory / "crowd"),
            app_port=app_port,
            far_end_port=far_end_port,
        )
    finally:
        for child in started:
            child.end()
        shutil.rmtree(directory, ignore_errors=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
