"""The schedule: a group's week as a table on a PC, as a list of days on a phone."""

from __future__ import annotations

from datetime import date, timedelta
from html import escape

from people import GROUPS, STAFF, Person
from stories import APPOINTMENTS, Appointment
from visit import Visit, icon

WEEKDAYS = "月火水木金土日"
KINDS = {"meeting": "会議", "visit": "来客・訪問", "trip": "出張", "task": "作業", "leave": "休暇"}


def monday_of(day: date) -> date:
    """The first day of a day's week."""
    return day - timedelta(days=day.weekday())


def japanese(day: date) -> str:
    """A date as people read it, such as 11月24日（火）."""
    return f"{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"


def appointments_of(person: Person, weekday: int) -> list[Appointment]:
    """One person's entries of one weekday, earliest first."""
    mine = [
        entry
        for entry in APPOINTMENTS
        if entry.weekday == weekday and person.number in entry.people
    ]
    return sorted(mine, key=lambda entry: entry.start if entry.end else "")


def badge(person: Person) -> str:
    """The round sign of a person."""
    return f'<span class="face" style="--hue:{person.hue}">{escape(person.name[0])}</span>'


class Calendar:
    """The acts of the schedule."""

    async def week(self, visit: Visit) -> None:
        """A group's week; ``gid`` 0 = everybody, ``date`` = any day of the week."""
        today = visit.settings.today()
        monday = monday_of(_day(visit.asked.get("date", ""), today))
        group = visit.asked.get("gid", "0")
        staff = _group(group)
        html = (
            _toolbar(monday, today, group)
            + f'<div class="week wide">{_table(monday, today, staff)}</div>'
            + f'<div class="week narrow">{_days(monday, today, staff)}</div>'
            + _legend()
        )
        await visit.view("スケジュール", html)

    async def appointment(self, visit: Visit) -> None:
        """One entry."""
        wanted = visit.asked.get("id", "")
        entry = next((one for one in APPOINTMENTS if str(one.number) == wanted), None)
        if entry is None:
            await visit.refuse("その予定は見つかりません。", 404)
            return
        day = entry.day(monday_of(visit.settings.today()))
        faces = "".join(
            f"<li>{badge(person)} {person.name}<small>{person.group}</small></li>"
            for person in STAFF
            if person.number in entry.people
        )
        html = f"""
<p class="back"><a href="#cmd=schweekgrp&amp;gid=0">{icon("back")} スケジュールへ戻る</a></p>
<article class="card detail kind-{entry.kind}">
 <p class="tag">{KINDS[entry.kind]}</p><h2>{escape(entry.title)}</h2>
 <dl><dt>日時</dt><dd>{japanese(day)} {_hours(entry)}</dd>
 <dt>場所</dt><dd>{escape(entry.place) or "（なし）"}</dd>
 <dt>メモ</dt><dd>{escape(entry.memo) or "（なし）"}</dd>
 <dt>参加者</dt><dd><ul class="faces">{faces}</ul></dd></dl>
</article>"""
        await visit.view(entry.title, html)


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _group(number: str) -> list[Person]:
    if number.isdigit() and 1 <= int(number) <= len(GROUPS):
        return [person for person in STAFF if person.group == GROUPS[int(number) - 1]]
    return list(STAFF)


def _hours(entry: Appointment) -> str:
    return f"{entry.start} - {entry.end}" if entry.end else entry.start


def _toolbar(monday: date, today: date, group: str) -> str:
    def link(day: date, text: str, name: str) -> str:
        return f'<a class="button" href="#cmd=schweekgrp&amp;gid={group}&amp;date={day}" aria-label="{name}">{text}</a>'  # noqa: E501

    choices = "".join(
        f'<a class="pill{" on" if str(number) == group else ""}" '
        f'href="#cmd=schweekgrp&amp;gid={number}&amp;date={monday}">{name}</a>'
        for number, name in enumerate(("全員", *GROUPS))
    )
    sunday = monday + timedelta(days=6)
    return (
        f'<div class="toolbar"><h2>{monday.year}年 {japanese(monday)} から {japanese(sunday)}</h2>'
        f'<nav class="steps">{link(monday - timedelta(days=7), icon("back"), "前の週")}'
        f"{link(today, '今週', '今週')}"
        f"{link(monday + timedelta(days=7), icon('next'), '次の週')}</nav>"
        f'<nav class="pills" aria-label="グループ">{choices}</nav></div>'
    )


def _table(monday: date, today: date, staff: list[Person]) -> str:
    days = [monday + timedelta(days=number) for number in range(7)]
    heads = "".join(
        f'<th scope="col" class="{_day_class(day, today)}">'
        f"<b>{day.day}</b>{WEEKDAYS[day.weekday()]}</th>"
        for day in days
    )
    rows = "".join(
        f'<tr><th scope="row"><div class="name">{badge(person)}<span>{person.name}'
        f"<small>{person.group}</small></span></div></th>"
        + "".join(
            f'<td class="{_day_class(day, today)}">{_chips(person, day.weekday())}</td>'
            for day in days
        )
        + "</tr>"
        for person in staff
    )
    return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _days(monday: date, today: date, staff: list[Person]) -> str:
    parts = []
    for number in range(7):
        day = monday + timedelta(days=number)
        rows = "".join(
            f"<li>{badge(person)}<div><span>{person.name}</span>"
            f"{_chips(person, number)}</div></li>"
            for person in staff
            if appointments_of(person, number)
        )
        mark = '<span class="tag">今日</span>' if day == today else ""
        rest = '<li class="none">予定はありません</li>'
        parts.append(
            f'<section class="card day"><h3>{japanese(day)}{mark}</h3>'
            f"<ul>{rows or rest}</ul></section>"
        )
    return "".join(parts)


def _chips(person: Person, weekday: int) -> str:
    return "".join(
        f'<a class="chip kind-{entry.kind}" href="#cmd=schshow&amp;id={entry.number}">'
        f"<time>{_hours(entry)}</time>{escape(entry.title)}</a>"
        for entry in appointments_of(person, weekday)
    )


def _day_class(day: date, today: date) -> str:
    names = {5: "saturday", 6: "sunday"}
    return names.get(day.weekday(), "") + (" today" if day == today else "")


def _legend() -> str:
    signs = "".join(f'<li class="kind-{kind}">{name}</li>' for kind, name in KINDS.items())
    return f'<ul class="legend">{signs}</ul>'
