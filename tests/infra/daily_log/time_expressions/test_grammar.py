from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from infra.daily_log.time_expressions.errors import TimeExpressionError
from infra.daily_log.time_expressions.grammar import when_of

BERLIN = ZoneInfo("Europe/Berlin")
# A Saturday.
NOW = datetime(2026, 11, 28, 14, 30, tzinfo=BERLIN)


def read(text: str, now: datetime = NOW) -> tuple[str, list[str]]:
    when, rest = when_of(text.replace(",", " ").split(), now)
    return when.text(BERLIN), rest


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        # A day.
        ("today", "Saturday 28 November 2026"),
        ("Yesterday", "Friday 27 November 2026"),
        ("the day before yesterday", "Thursday 26 November 2026"),
        ("3 days ago", "Wednesday 25 November 2026"),
        ("two days ago", "Thursday 26 November 2026"),
        ("a couple of days ago", "Thursday 26 November 2026"),
        ("last Tuesday", "Tuesday 24 November 2026"),
        ("last Saturday", "Saturday 21 November 2026"),
        ("last Sunday", "Sunday 22 November 2026"),
        ("this Tuesday", "Tuesday 24 November 2026"),
        ("this Saturday", "Saturday 28 November 2026"),
        ("25 November", "Wednesday 25 November 2026"),
        ("25 Nov.", "Wednesday 25 November 2026"),
        ("the 25th of November", "Wednesday 25 November 2026"),
        ("November 25", "Wednesday 25 November 2026"),
        ("Nov 25th, 2025", "Tuesday 25 November 2025"),
        ("2026-11-25", "Wednesday 25 November 2026"),
        ("25.11.", "Wednesday 25 November 2026"),
        ("25.11.2025", "Tuesday 25 November 2025"),
        ("25/11/2025", "Tuesday 25 November 2025"),
        ("11/25/2025", "Tuesday 25 November 2025"),
        ("5/5/2026", "Tuesday 5 May 2026"),
        # The latest until today.
        ("28 November", "Saturday 28 November 2026"),
        ("29 November", "Saturday 29 November 2025"),
        ("29 February", "Thursday 29 February 2024"),
        ("the 28th", "Saturday 28 November 2026"),
        ("the 30th", "Friday 30 October 2026"),
        ("the 31st", "Saturday 31 October 2026"),
        # Weekdays.
        ("Tuesday", "Tuesdays"),
        ("Tuesdays", "Tuesdays"),
        ("tues", "Tuesdays"),
        ("Monday and Wednesday", "Mondays or Wednesdays"),
        ("mon-wed", "Mondays or Tuesdays or Wednesdays"),
        ("Saturday to Monday", "Mondays or Saturdays or Sundays"),
        ("weekends", "Saturdays or Sundays"),
        ("weekdays", "Mondays or Tuesdays or Wednesdays or Thursdays or Fridays"),
        ("Tuesday 24 November", "Tuesdays, Tuesday 24 November 2026"),
        # Weeks, months and years.
        ("this week", "from 23 November 2026 to 29 November 2026"),
        ("last week", "from 16 November 2026 to 22 November 2026"),
        ("last week Tuesday", "Tuesdays, from 16 November 2026 to 22 November 2026"),
        ("a week ago", "from 16 November 2026 to 22 November 2026"),
        ("2 weeks ago", "from 9 November 2026 to 15 November 2026"),
        ("week 47", "from 16 November 2026 to 22 November 2026"),
        ("week 50", "from 8 December 2025 to 14 December 2025"),
        ("week 53", "from 28 December 2020 to 3 January 2021"),
        ("the week of 18 November", "from 16 November 2026 to 22 November 2026"),
        ("this weekend", "from 28 November 2026 to 29 November 2026"),
        ("last weekend", "from 21 November 2026 to 22 November 2026"),
        ("this month", "from 1 November 2026 to 30 November 2026"),
        ("last month", "from 1 October 2026 to 31 October 2026"),
        ("a month ago", "from 1 October 2026 to 31 October 2026"),
        ("November", "from 1 November 2026 to 30 November 2026"),
        ("December", "from 1 December 2025 to 31 December 2025"),
        ("last November", "from 1 November 2025 to 30 November 2025"),
        ("February 2024", "from 1 February 2024 to 29 February 2024"),
        ("2026-02", "from 1 February 2026 to 28 February 2026"),
        ("last year", "from 1 January 2025 to 31 December 2025"),
        ("2024", "from 1 January 2024 to 31 December 2024"),
        # Up to now.
        ("the past week", "from 21 November 2026 to 28 November 2026"),
        ("the last 3 days", "from 25 November 2026 to 28 November 2026"),
        ("past two months", "from 28 September 2026 to 28 November 2026"),
        ("the last 9 months", "from 28 February 2026 to 28 November 2026"),
        ("the last 2 hours", "from 28 November 2026 12:30 to 28 November 2026 14:30"),
        ("last hour", "from 28 November 2026 13:30 to 28 November 2026 14:30"),
        ("past 30 minutes", "from 28 November 2026 14:00 to 28 November 2026 14:30"),
        ("2 hours ago", "from 28 November 2026 12:00 to 28 November 2026 13:00"),
        ("10 minutes ago", "from 28 November 2026 14:15 to 28 November 2026 14:25"),
        ("since 2 hours ago", "from 28 November 2026 12:30"),
        # Parts of the day.
        ("morning", "06:00 to 12:00"),
        ("afternoons", "12:00 to 18:00"),
        ("mornings or evenings", "06:00 to 12:00 or 18:00 to 24:00"),
        ("night", "21:00 to 06:00"),
        ("this morning", "Saturday 28 November 2026, 06:00 to 12:00"),
        ("tonight", "Saturday 28 November 2026, 18:00 to 06:00"),
        ("last night", "Friday 27 November 2026, 18:00 to 06:00"),
        ("last evening", "Friday 27 November 2026, 18:00 to 24:00"),
        ("yesterday's evening", "Friday 27 November 2026, 18:00 to 24:00"),
        ("the morning of the 25th", "Wednesday 25 November 2026, 06:00 to 12:00"),
        ("Friday night", "Fridays, 21:00 to 06:00"),
        ("the night from Friday to Saturday", "Fridays, 21:00 to 06:00"),
        ("the night of 24 to 25 November", "Tuesday 24 November 2026, 21:00 to 06:00"),
        ("the night of the 24th to the 25th", "Tuesday 24 November 2026, 21:00 to 06:00"),
        ("nights from Friday to Saturday", "Fridays or Saturdays, 21:00 to 06:00"),
        ("lunchtime", "12:00 to 14:00"),
        ("yesterday at lunch time", "Friday 27 November 2026, 12:00 to 14:00"),
        ("this lunchtime", "Saturday 28 November 2026, 12:00 to 14:00"),
        # Times of the clock.
        ("at 8", "08:00 to 09:00"),
        ("at 8:30", "08:15 to 08:45"),
        ("at 0:05", "00:00 to 00:20"),
        ("8 pm", "20:00 to 21:00"),
        ("8:30pm", "20:15 to 20:45"),
        ("12 am", "00:00 to 01:00"),
        ("12 p.m.", "12:00 to 13:00"),
        ("8 o\u2019clock", "08:00 to 09:00"),
        ("half past 8", "08:15 to 08:45"),
        ("quarter to 9", "08:30 to 09:00"),
        ("around 8", "07:30 to 08:30"),
        ("about noon", "11:30 to 12:30"),
        ("at midnight", "23:30 to 00:30"),
        ("at 8 in the evening", "20:00 to 21:00"),
        ("at 10 at night", "22:00 to 23:00"),
        ("last night at 2", "Friday 27 November 2026, 02:00 to 03:00 of the day after"),
        ("2026-11-25T08:00", "Wednesday 25 November 2026, 07:45 to 08:15"),
        # From one time of the clock to another.
        ("between 8 and 10", "08:00 to 10:00"),
        ("8-10", "08:00 to 10:00"),
        ("8:15 \u2013 10:00", "08:15 to 10:00"),
        ("from 8 to 10 pm", "20:00 to 22:00"),
        ("10 to 2 am", "22:00 to 02:00"),
        ("11 to 1 pm", "11:00 to 13:00"),
        ("from 9 to 5", "09:00 to 17:00"),
        ("from 22 to 6", "22:00 to 06:00"),
        ("between 22 and 2", "22:00 to 02:00"),
        ("21:00 to 10:00", "21:00 to 10:00"),
        ("20 to 9", "20:00 to 09:00"),
        ("9 pm to 10", "21:00 to 22:00"),
        ("from noon to 5", "12:00 to 17:00"),
        ("Monday to Wednesday 8 to 10", "Mondays or Tuesdays or Wednesdays, 08:00 to 10:00"),
        ("between 8 and 10 in the evening", "20:00 to 22:00"),
        ("last night between 10 and 12", "Friday 27 November 2026, 22:00 to 24:00"),
        ("between 8 and 10 on Tuesday", "Tuesdays, 08:00 to 10:00"),
        ("from 8 to 10 yesterday", "Friday 27 November 2026, 08:00 to 10:00"),
        ("yesterday 22:00 to 2:00", "Friday 27 November 2026, 22:00 to 02:00"),
        ("from morning to afternoon", "06:00 to 18:00"),
        ("between midnight and 6", "00:00 to 06:00"),
        # With one end.
        ("after 18:00", "18:00 to 24:00"),
        ("after 6 in the evening", "18:00 to 24:00"),
        ("before 6 in the evening", "00:00 to 18:00"),
        ("before 10 in the evening", "18:00 to 22:00"),
        ("after 10 at night", "22:00 to 06:00"),
        ("last night after 2", "Friday 27 November 2026, 02:00 to 06:00 of the day after"),
        ("last night after 1 am", "Friday 27 November 2026, 01:00 to 06:00 of the day after"),
        ("last night before 11", "Friday 27 November 2026, 18:00 to 23:00"),
        ("yesterday morning after 10", "Friday 27 November 2026, 10:00 to 12:00"),
        ("morning after 18:00", "18:00 to 24:00"),
        ("until midnight", "00:00 to 24:00"),
        ("after midnight", "00:00 to 06:00"),
        ("before 9", "00:00 to 09:00"),
        ("until noon", "00:00 to 12:00"),
        ("after 18:00 yesterday", "Friday 27 November 2026, 18:00 to 24:00"),
        ("before 9 on Tuesday", "Tuesdays, 00:00 to 09:00"),
        ("since 18:00 yesterday", "from 27 November 2026 18:00"),
        ("after yesterday 18:00", "from 27 November 2026 18:00"),
        ("since 8", "from 28 November 2026 08:00"),
        ("since 18:00", "from 27 November 2026 18:00"),
        ("since midnight", "from 28 November 2026 00:00"),
        ("since yesterday", "from 27 November 2026"),
        ("since Tuesday", "from 24 November 2026"),
        ("since yesterday evening", "from 27 November 2026 18:00"),
        ("before yesterday at 8", "to 27 November 2026 08:00"),
        # With both.
        ("after 8 and before 10", "08:00 to 10:00"),
        ("after 8 before 10 pm", "20:00 to 22:00"),
        ("before 10 and after 8", "08:00 to 10:00"),
        ("from 8 onwards but before 10", "08:00 to 10:00"),
        ("after 10 pm and before 2 am", "22:00 to 02:00"),
        ("before 8 and after 10 pm", "00:00 to 08:00 or 22:00 to 24:00"),
        ("before 8 or after 10 pm", "00:00 to 08:00 or 22:00 to 24:00"),
        ("after 6 and before 8 in the evening", "18:00 to 20:00"),
        ("after 8 and before 10 yesterday", "Friday 27 November 2026, 08:00 to 10:00"),
        ("after morning and before evening", "12:00 to 18:00"),
        ("since 8 until 10", "from 28 November 2026 08:00 to 28 November 2026 10:00"),
        ("since 22:00 until 2:00", "from 27 November 2026 22:00 to 28 November 2026 02:00"),
        ("after 20 November and before 25 November", "from 21 November 2026 to 24 November 2026"),
        ("before 25 November and after 20 November", "from 21 November 2026 to 24 November 2026"),
        ("since Tuesday until Thursday", "from 24 November 2026 to 26 November 2026"),
        ("after October and before December", "from 1 November 2026 to 30 November 2026"),
        (
            "after 18:00 yesterday and before 8:00 today",
            "from 27 November 2026 18:00 to 28 November 2026 08:00",
        ),
        (
            "after Friday 18:00 and before Monday 8:00",
            "from 20 November 2026 18:00 to 23 November 2026 08:00",
        ),
        ("from Monday to now", "from 23 November 2026"),
        ("from 22:00 yesterday until now", "from 27 November 2026 22:00"),
        ("8 until now", "from 28 November 2026 08:00"),
        ("until now", ""),
        ("after 25 November", "from 26 November 2026"),
        ("before 25 November", "to 24 November 2026"),
        ("until last Tuesday", "to 24 November 2026"),
        # From one day to another.
        ("20-25 November", "from 20 November 2026 to 25 November 2026"),
        ("between 20 and 25 November", "from 20 November 2026 to 25 November 2026"),
        ("Nov 20 to 25, 2025", "from 20 November 2025 to 25 November 2025"),
        ("from the 20th to the 25th", "from 20 November 2026 to 25 November 2026"),
        ("2026-11-20 to 2026-11-25", "from 20 November 2026 to 25 November 2026"),
        ("20.11.-25.11.", "from 20 November 2026 to 25 November 2026"),
        ("25 December to 3 January", "from 25 December 2025 to 3 January 2026"),
        # Of a span the latest that began, though it may not be over.
        ("20 to 30 November", "from 20 November 2026 to 30 November 2026"),
        ("29 to 30 November", "from 29 November 2025 to 30 November 2025"),
        ("20 November to 2 December", "from 20 November 2026 to 2 December 2026"),
        ("from the 20th to the 3rd", "from 20 November 2026 to 3 December 2026"),
        ("27.11. 22:00 to 1.12. 8:00", "from 27 November 2026 22:00 to 1 December 2026 08:00"),
        ("October to January", "from 1 October 2026 to 31 January 2027"),
        ("from Tuesday to yesterday", "from 24 November 2026 to 27 November 2026"),
        (
            "from Friday 18:00 to Monday 8:00",
            "from 20 November 2026 18:00 to 23 November 2026 08:00",
        ),
        (
            "from yesterday 22:00 to today 6:00",
            "from 27 November 2026 22:00 to 28 November 2026 06:00",
        ),
        ("today or yesterday", "Saturday 28 November 2026 or Friday 27 November 2026"),
        # Other ways to say it.
        ("half an hour ago", "from 28 November 2026 13:55 to 28 November 2026 14:05"),
        ("a half hour ago", "from 28 November 2026 13:55 to 28 November 2026 14:05"),
        ("an hour and a half ago", "from 28 November 2026 12:55 to 28 November 2026 13:05"),
        ("one and a half hours ago", "from 28 November 2026 12:55 to 28 November 2026 13:05"),
        ("1.5 hours ago", "from 28 November 2026 12:55 to 28 November 2026 13:05"),
        ("2 hours and 30 minutes ago", "from 28 November 2026 11:55 to 28 November 2026 12:05"),
        ("2 h 30 min ago", "from 28 November 2026 11:55 to 28 November 2026 12:05"),
        ("2h ago", "from 28 November 2026 12:00 to 28 November 2026 13:00"),
        ("30m ago", "from 28 November 2026 13:55 to 28 November 2026 14:05"),
        ("2 hrs ago", "from 28 November 2026 12:00 to 28 November 2026 13:00"),
        ("three quarters of an hour ago", "from 28 November 2026 13:40 to 28 November 2026 13:50"),
        ("half a day ago", "from 28 November 2026 02:00 to 28 November 2026 03:00"),
        ("2 days and 3 hours ago", "from 26 November 2026 11:00 to 26 November 2026 12:00"),
        ("half a year ago", "from 1 May 2026 to 31 May 2026"),
        ("a year and a half ago", "from 1 May 2025 to 31 May 2025"),
        ("2 weeks and 3 days ago", "Wednesday 11 November 2026"),
        ("forty-five minutes ago", "from 28 November 2026 13:40 to 28 November 2026 13:50"),
        ("a few hours ago", "from 28 November 2026 09:30 to 28 November 2026 12:30"),
        ("since a few hours ago", "from 28 November 2026 09:30"),
        ("a few days ago", "from 23 November 2026 to 26 November 2026"),
        ("2 to 3 days ago", "from 25 November 2026 to 26 November 2026"),
        ("two or three days ago", "from 25 November 2026 to 26 November 2026"),
        ("between 2 and 3 hours ago", "from 28 November 2026 11:30 to 28 November 2026 12:30"),
        ("from 2 hours ago to now", "from 28 November 2026 12:30 to 28 November 2026 14:30"),
        ("until 2 hours ago", "to 28 November 2026 12:30"),
        ("last half hour", "from 28 November 2026 14:00 to 28 November 2026 14:30"),
        ("the last hour and a half", "from 28 November 2026 13:00 to 28 November 2026 14:30"),
        (
            "the last 2 hours and 30 minutes",
            "from 28 November 2026 12:00 to 28 November 2026 14:30",
        ),
        ("the last few days", "from 25 November 2026 to 28 November 2026"),
        ("the past day", "from 27 November 2026 to 28 November 2026"),
        ("last 24h", "from 27 November 2026 14:30 to 28 November 2026 14:30"),
        ("last fortnight", "from 14 November 2026 to 28 November 2026"),
        ("the 1st of last month", "Thursday 1 October 2026"),
        ("the first of last month", "Thursday 1 October 2026"),
        ("last month on the 25th", "Sunday 25 October 2026"),
        ("the 3rd of the month", "Tuesday 3 November 2026"),
        ("the last day of last month", "Saturday 31 October 2026"),
        ("the last day of November", "Sunday 30 November 2025"),
        ("the first of October", "Thursday 1 October 2026"),
        ("the 29th of November", "Saturday 29 November 2025"),
        ("the 25th and 26th", "Wednesday 25 November 2026 or Thursday 26 November 2026"),
        ("a week ago today", "Saturday 21 November 2026"),
        ("today a week ago", "Saturday 21 November 2026"),
        ("a week ago yesterday", "Friday 20 November 2026"),
        ("a year ago today", "Friday 28 November 2025"),
        ("a month ago today", "Wednesday 28 October 2026"),
        ("two weeks ago on Tuesday", "Tuesday 10 November 2026"),
        ("Tuesday a week ago", "Tuesday 17 November 2026"),
        ("last week's Tuesday", "Tuesdays, from 16 November 2026 to 22 November 2026"),
        ("two Tuesdays ago", "Tuesday 17 November 2026"),
        ("since two Tuesdays ago", "from 17 November 2026"),
        ("the Tuesday before last", "Tuesday 17 November 2026"),
        ("the week before last", "from 9 November 2026 to 15 November 2026"),
        ("the weekend before last", "from 14 November 2026 to 15 November 2026"),
        ("the month before last", "from 1 September 2026 to 30 September 2026"),
        ("two weekends ago", "from 14 November 2026 to 15 November 2026"),
        ("this past Tuesday", "Tuesday 24 November 2026"),
        ("this past weekend", "from 21 November 2026 to 22 November 2026"),
        ("the weekend", "from 28 November 2026 to 29 November 2026"),
        ("since the weekend", "from 28 November 2026"),
        ("two nights ago", "Thursday 26 November 2026, 18:00 to 06:00"),
        ("the night before last", "Thursday 26 November 2026, 18:00 to 06:00"),
        ("3 mornings ago", "Wednesday 25 November 2026, 06:00 to 12:00"),
        ("the last 3 nights", "from 25 November 2026 to 27 November 2026, 18:00 to 06:00"),
        ("this night", "Saturday 28 November 2026, 18:00 to 06:00"),
        ("overnight on Tuesday", "Tuesdays, 21:00 to 06:00"),
        ("weeknights", "Mondays or Tuesdays or Wednesdays or Thursdays or Fridays, 21:00 to 06:00"),
        ("every day", ""),
        ("at two", "02:00 to 03:00"),
        ("at half past eight", "08:15 to 08:45"),
        ("ten past nine", "08:55 to 09:25"),
        ("twenty to 9", "08:25 to 08:55"),
        ("at ten to nine", "08:35 to 09:05"),
        ("eight pm", "20:00 to 21:00"),
        ("noon till two", "12:00 to 14:00"),
        ("from nine to five", "09:00 to 17:00"),
        ("at 8 to 10", "08:00 to 10:00"),
        ("since eight", "from 28 November 2026 08:00"),
        ("at 8.30", "08:15 to 08:45"),
        ("8.30 pm", "20:15 to 20:45"),
        ("8 in the morning", "08:00 to 09:00"),
        ("8 at night", "20:00 to 21:00"),
        ("at 8ish", "07:30 to 08:30"),
        ("8-ish", "07:30 to 08:30"),
        ("8:30ish", "08:00 to 09:00"),
        ("noonish", "11:30 to 12:30"),
        ("between 8ish and 10ish", "08:00 to 10:00"),
        ("~8", "07:30 to 08:30"),
        ("approximately 8", "07:30 to 08:30"),
        ("yesterday at around 8", "Friday 27 November 2026, 07:30 to 08:30"),
        ("up to 8", "00:00 to 08:00"),
        ("later than 8 pm", "20:00 to 24:00"),
        ("from Monday onwards", "from 23 November 2026"),
        ("25-11-2025", "Tuesday 25 November 2025"),
        ("25.11.25", "Tuesday 25 November 2025"),
        ("25/11/25", "Tuesday 25 November 2025"),
        ("2026/11/25", "Wednesday 25 November 2026"),
        ("Nov-25", "Wednesday 25 November 2026"),
        ("2026-W47", "from 16 November 2026 to 22 November 2026"),
        ("kw47", "from 16 November 2026 to 22 November 2026"),
        # Alternatives that share a word.
        ("at 8 or 9", "08:00 to 09:00 or 09:00 to 10:00"),
        ("at 8 and 10", "08:00 to 09:00 or 10:00 to 11:00"),
        ("at 8, 10 or 12", "08:00 to 09:00 or 10:00 to 11:00 or 12:00 to 13:00"),
        ("around 8 or 9", "07:30 to 08:30 or 08:30 to 09:30"),
        ("at 8 or 9 pm", "20:00 to 21:00 or 21:00 to 22:00"),
        ("8 or 9 pm", "20:00 to 21:00 or 21:00 to 22:00"),
        ("at 11 or 1 pm", "11:00 to 12:00 or 13:00 to 14:00"),
        ("11 or 1 am", "23:00 to 24:00 or 01:00 to 02:00"),
        ("two or three o'clock", "02:00 to 03:00 or 03:00 to 04:00"),
        ("8 or 8:30", "08:00 to 09:00 or 08:15 to 08:45"),
        ("at 8.30 or 9.30", "08:15 to 08:45 or 09:15 to 09:45"),
        ("at 8 or 9 in the evening", "20:00 to 21:00 or 21:00 to 22:00"),
        ("yesterday at 8 or 9", "Friday 27 November 2026, 08:00 to 09:00 or 09:00 to 10:00"),
        ("between yesterday at 8 and 10", "Friday 27 November 2026, 08:00 to 10:00"),
        ("between 10 and 2 am", "22:00 to 02:00"),
        ("8 to 10 or 12 to 14", "08:00 to 10:00 or 12:00 to 14:00"),
        ("24 or 25 November", "Tuesday 24 November 2026 or Wednesday 25 November 2026"),
        ("November 24 or 25", "Tuesday 24 November 2026 or Wednesday 25 November 2026"),
        ("20 and 25 November 2025", "Thursday 20 November 2025 or Tuesday 25 November 2025"),
        (
            "November or December 2024",
            "from 1 November 2024 to 30 November 2024 or from 1 December 2024 to 31 December 2024",
        ),
        (
            "weeks 45 and 47",
            "from 2 November 2026 to 8 November 2026 or from 16 November 2026 to 22 November 2026",
        ),
        ("last Monday or Tuesday", "Monday 23 November 2026 or Tuesday 24 November 2026"),
        # A time with a zone.
        ("2026-11-25T09:00:00Z", "Wednesday 25 November 2026, 09:45 to 10:15"),
        ("2026-11-25T09:00:30.5+02:00", "Wednesday 25 November 2026, 07:45 to 08:15"),
        ("2026-11-25T09:00-0500", "Wednesday 25 November 2026, 14:45 to 15:15"),
        ("2026-11-25T23:30Z", "Thursday 26 November 2026, 00:15 to 00:45"),
        ("25 November at 9:00 UTC", "Wednesday 25 November 2026, 09:45 to 10:15"),
        ("25 June 9:00 UTC", "Thursday 25 June 2026, 10:45 to 11:15"),
        ("since 2026-11-25T09:00Z", "from 25 November 2026 10:00"),
        (
            "between 2026-11-25T09:00Z and 2026-11-25T10:30Z",
            "from 25 November 2026 10:00 to 25 November 2026 11:30",
        ),
    ],
)
def test_an_expression_of_time_is_understood(text: str, meant: str) -> None:
    understood, rest = read(text)
    assert (understood, set(rest) - {"in", "the", "on", "at", "of", "and", "or"}) == (meant, set())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("30 February", "time is '30 february'; expected a day of the calendar"),
        ("2026-11-31", "time is '2026-11-31'; expected a day of the calendar"),
        ("2026-13", "time is '2026-13'; expected a month from 01 to 12"),
        ("31.6.", "time is '31.6.'; expected a day of the calendar"),
        ("the 32nd", "time is 'the 32nd'; expected a day of the calendar"),
        ("3/4/2026", "time is '3/4/2026'; expected the name of the month"),
        ("week 54", "time is 'week 54'; expected a week from 1 to 52, in some years 53"),
        ("week 53 2025", "time is 'week 53 2025'; expected a week from 1 to 52"),
        ("at 25", "time is '25'; expected an hour from 0:00 to 24:00"),
        ("8:75", "time is '8:75'; expected an hour from 0:00 to 24:00"),
        ("24:01", "time is '24:01'; expected an hour from 0:00 to 24:00"),
        ("13 pm", "time is '13 pm'; expected an hour from 0:00 to 24:00"),
        ("tomorrow", "time is 'tomorrow'; expected a time that is over"),
        ("next Tuesday", "time is 'next tuesday'; expected a time that is over"),
        ("next 3 weeks", "time is 'next 3 weeks'; expected a time that is over"),
        ("next weekend", "time is 'next weekend'; expected a time that is over"),
        ("in 2 days", "time is 'in 2 days'; expected a time that is over"),
        ("from today to yesterday", "time is 'from today to yesterday'; expected an end after"),
        ("from today to 25 November", "time is 'from today to 25 november'; expected an end after"),
        ("25 to 20 Nov.", "time is '25 to 20 nov'; expected an end after its start"),
        ("25 Nov to 20 Nov", "time is '25 nov to 20 nov'; expected an end after its start"),
        ("25-20 November", "time is '25 - 20 november'; expected an end after its start"),
        ("Tuesday, 25 November 2026", "time is 'Tuesday 2026-11-25'; expected the weekday of that"),
        ("Friday to 0001-01-01", "time is 'friday to 0001-01-01'; expected a time within this cal"),
        ("31.12.9999 to 3 January", "time is '31.12.9999 to 3 january'; expected a time within th"),
        ("in half an hour", "time is 'in half an hour'; expected a time that is over"),
        ("coming Monday", "time is 'coming monday'; expected a time that is over"),
        ("the 31st of last February", "time is 'the 31st of last february'; expected a day of"),
        (
            "from 2 hours ago to 2 hours ago",
            "time is 'from 2 hours ago to 2 hours ago'; expected an",
        ),
        ("after 25 Nov and before 20 Nov", "time is 'after 25 nov and before 20 nov'; expected an"),
        ("after 24 Nov and before 25 Nov", "time is 'after 24 nov and before 25 nov'; expected an"),
        ("09:00Z", "time is '09:00z'; expected a date beside it, as 2026-11-28 09:00z, or a time"),
        ("09:00+01:00", "time is '09:00+01:00'; expected a date beside it, as 2026-11-28 09:00+01"),
        ("2026-11-25T09:00+15:00", "time is '2026-11-25 09:00+15:00'; expected a zone from -14:00"),
        ("9999-12-31T23:00-05:00", "time is '9999-12-31 23:00-05:00'; expected a time within this"),
        ("9999 years ago", "time is '9999 years ago'; expected a time within this calendar"),
    ],
)
def test_a_time_that_cannot_be_is_refused(text: str, error: str) -> None:
    with pytest.raises(TimeExpressionError) as caught:
        read(text)
    assert str(caught.value).startswith(error)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2nd floor",
            "5th avenue",
            "the 3rd time",
            "8",
            "since lunch",
            "the other day",
            "cooking",
            "between meals",
            "12345",
            "-",
        ),
        *("next to me", "next door", "half", "a quarter", "a few", "one and two", "an hour"),
        "2026-w47-2",
    ],
)
def test_words_without_a_time_are_left(text: str) -> None:
    assert read(text) == ("", [word for word in text.split() if word != "-"])


def test_a_time_of_the_zone_of_the_log_needs_no_date() -> None:
    now = datetime(2026, 11, 28, 14, 30, tzinfo=ZoneInfo("UTC"))
    assert when_of(["at", "09:00Z"], now)[0].text(BERLIN) == "08:45 to 09:15"
    assert when_of(["9", "am", "GMT"], now)[0].text(BERLIN) == "09:00 to 10:00"
    india = now.astimezone(ZoneInfo("Asia/Kolkata"))
    assert when_of(["09:00+05:30"], india)[0].text(BERLIN) == "08:45 to 09:15"


def test_other_words_may_stand_among_those_of_a_time() -> None:
    assert read("clapping near Tuesday in the afternoon") == (
        "Tuesdays, 12:00 to 18:00",
        ["clapping", "near", "in", "the"],
    )


def test_a_date_is_the_day_of_its_zone_and_a_year_begins_with_january() -> None:
    new_year = datetime(2027, 1, 1, 0, 10, tzinfo=BERLIN)
    assert read("yesterday", new_year)[0] == "Thursday 31 December 2026"
    assert read("December", new_year)[0] == "from 1 December 2026 to 31 December 2026"
    assert read("last month", new_year)[0] == "from 1 December 2026 to 31 December 2026"
    assert read("this week", new_year)[0] == "from 28 December 2026 to 3 January 2027"
    assert read("week 53", new_year)[0] == "from 28 December 2026 to 3 January 2027"
    assert read("past month", datetime(2026, 3, 31, tzinfo=BERLIN))[0] == (
        "from 28 February 2026 to 31 March 2026"
    )


@pytest.mark.parametrize(
    "now",
    [
        # The second 2:30, when clocks were put back an hour before, and 3:30 after they were put
        # forward.
        "2026-10-25T01:30+00:00",
        "2026-10-25T02:30+00:00",
        "2026-03-29T01:30+00:00",
    ],
)
def test_hours_that_have_passed_are_counted_where_clocks_change(now: str) -> None:
    present = datetime.fromisoformat(now)
    for text in ("the last 2 hours", "2 hours ago", "since 90 minutes ago", "last 24 hours"):
        # UTC has no such changes.
        assert when_of(text.split(), present.astimezone(BERLIN)) == when_of(text.split(), present)


def test_days_are_dates_and_not_ends_of_hours() -> None:
    [days] = when_of(["last", "year"], NOW)[0].days
    assert days == (date(2025, 1, 1), date(2025, 12, 31))
