"""A small Japanese company and one week of its appointments: all made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account at SOGo."""

    login: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """An entry of the week, in Tokyo's time."""

    weekday: int
    """0 is Monday."""
    begins: time
    minutes: int
    title: str
    place: str = ""


PEOPLE = (
    Person(login="hanako", name="山田 花子"),
    Person(login="taro", name="佐藤 太郎"),
    Person(login="ichiro", name="表 一郎"),
)

WEEK = (
    Appointment(weekday=0, begins=time(9, 30), minutes=30, title="朝礼"),
    Appointment(weekday=0, begins=time(13), minutes=90, title="予算編成会議", place="第一会議室"),
    Appointment(weekday=1, begins=time(10), minutes=60, title="採用面接(二次)", place="応接室"),
    Appointment(weekday=2, begins=time(9), minutes=120, title="週次定例", place="大会議室"),
    Appointment(weekday=2, begins=time(15), minutes=60, title="表計算研修", place="研修室"),
    Appointment(weekday=3, begins=time(11), minutes=60, title="歯科健診"),
    Appointment(
        weekday=4, begins=time(14), minutes=90, title="お客様来訪 ㈱サンプル", place="応接室"
    ),
    Appointment(weekday=4, begins=time(17), minutes=60, title="週報の締め切り"),
)


def icalendar(appointment: Appointment, *, today: date, uid: str) -> str:
    """The appointment in the week of `today`, from Sunday on, as iCalendar (RFC 5545)."""
    sunday = today - timedelta(days=today.isoweekday() % 7)
    day = sunday + timedelta(days=1 + appointment.weekday)
    begin = datetime.combine(day, appointment.begins, tzinfo=TOKYO)
    end = begin + timedelta(minutes=appointment.minutes)
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Passkey Gateway//tests//JA",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_utc(begin)}",
        f"DTSTART:{_utc(begin)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:{appointment.title}",
        f"LOCATION:{appointment.place}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "\r\n".join(lines) + "\r\n"


def letter(today: date) -> bytes:
    """A letter that waits in Hanako's inbox (RFC 5322)."""
    message = EmailMessage()
    message["From"] = "佐藤 太郎 <taro@example.test>"
    message["To"] = "山田 花子 <hanako@example.test>"
    message["Subject"] = "週次定例の議題について"
    message["Date"] = format_datetime(datetime.combine(today, time(9), tzinfo=TOKYO))
    message["Message-ID"] = "<welcome@example.test>"
    message.set_content("山田さん\n\n表計算研修の資料を共有フォルダに置きました。\n\n佐藤\n")
    return message.as_bytes()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
