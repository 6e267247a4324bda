"""Coverage that the logs of one import prove, file by file and over the ends of days."""

import pytest

from chatlog.archive.storage import Storage
from chatlog.coverage import ledger
from chatlog.coverage.entries import CoveredEntry
from chatlog.ingest.daily_files import series_of
from chatlog.ingest.log_files import find_logs
from chatlog.ingest.log_import import LogImport
from chatlog.ingest.options import ImportOptions

NOW = "2026-12-01T00:00:00.000Z"
JOIN = "[10:00:00] *** Joins: ann (a@h)\n"
TALK = "[12:00:00] <bob> hi\n"
PART = "[20:00:00] *** Parts: ann (a@h) ()\n"
NICK = "[21:00:00] *** ann is now known as eve\n"


def covered(tmp_path, days, own_nick="ann", of="#c", **options):
    """Import daily files; return the stretches that the ledger claims, joined where they meet."""
    for name, content in days.items():
        path = tmp_path / "moddata/log" / (name if "/" in name else f"net/#c/{name}")
        path = path.with_name(f"{path.name}.log")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    root = tmp_path / "archive"
    work = LogImport(
        ImportOptions(own_nick=own_nick, **options), Storage(root=root), NOW, writes=True, workers=1
    )
    work.run([*find_logs([str(tmp_path / "moddata")])], lambda _what, _done: None)
    assert not any(each.problem for each in work.logs)
    [directory] = root.glob(f"*/{of}")
    entries = [*ledger.each(directory)]
    claims = sorted((each.since, each.until) for each in entries if isinstance(each, CoveredEntry))
    met = []
    for since, until in claims:
        if met and met[-1][1] >= since:
            met[-1][1] = max(met[-1][1], until)
        else:
            met.append([since, until])
    return [(since[8:16], until[8:16]) for since, until in met]


def test_a_program_that_listens_at_the_end_of_a_day_goes_on_in_the_file_of_the_next(tmp_path):
    days = {"2026-11-23": JOIN + TALK, "2026-11-24": TALK, "2026-11-25": TALK + PART}
    assert covered(tmp_path, days) == [("23T10:00", "25T20:00")]


def test_a_day_without_a_file_is_not_claimed(tmp_path):
    days = {"2026-11-23": JOIN + TALK, "2026-11-25": TALK + PART}
    assert covered(tmp_path, days) == [("23T10:00", "23T12:00")]


@pytest.mark.parametrize(
    ("first", "second", "claimed"),
    [
        (TALK, TALK + PART, []),
        (JOIN + PART, TALK + PART, [("23T10:00", "23T20:00")]),
        (JOIN + TALK, JOIN + PART, [("23T10:00", "23T12:00"), ("24T10:00", "24T20:00")]),
        (JOIN + NICK, TALK + PART, [("23T10:00", "23T21:00")]),
        (JOIN + TALK, "[09:00:00] <bob> hi\n" + JOIN, [("23T10:00", "24T09:00")]),
    ],
)
def test_the_night_between_two_files_is_claimed_only_if_both_prove_it(
    tmp_path, first, second, claimed
):
    assert covered(tmp_path, {"2026-11-23": first, "2026-11-24": second}) == claimed


def test_coverage_is_of_the_network_under_its_name_in_the_archive(tmp_path):
    days = {"2026-11-23": JOIN + TALK}
    assert covered(tmp_path, days, into_network="new") == [("23T10:00", "23T12:00")]


def test_another_import_with_the_other_nick_claims_the_time_under_it(tmp_path):
    days = {"2026-11-23": JOIN + NICK, "2026-11-24": "[09:00:00] <bob> hi\n"}
    assert covered(tmp_path, days) == [("23T10:00", "23T21:00")]
    found = covered(tmp_path, days, own_nick="eve")
    assert found == [("23T10:00", "24T09:00")]


def test_no_time_is_claimed_that_had_not_come_when_the_log_was_imported(tmp_path):
    """Lines of the next hours are imported: another zone than that of the log may be given."""
    days = {"2026-11-30": JOIN + TALK, "2026-12-01": TALK + PART}
    assert covered(tmp_path, days) == [("30T10:00", "01T00:00")]
    days = {"2026-11-30": JOIN + TALK, "2026-12-01": TALK, "2026-12-02": TALK + PART}
    assert covered(tmp_path / "later", days) == [("30T10:00", "01T00:00")]
    assert covered(tmp_path / "only", {"2026-12-01": JOIN + TALK + PART}) == []


@pytest.mark.parametrize(
    ("first", "second"), [("net/#c1", "net/#c2"), ("u1/net/#c2", "u2/net/#c2")], ids=str
)
def test_files_of_another_channel_or_user_with_another_number_are_no_next_day(
    tmp_path, first, second
):
    days = {f"{first}/2026-11-23": JOIN + TALK, f"{second}/2026-11-24": TALK}
    claimed = covered(tmp_path, days, of="#c2")
    assert claimed == ([("23T10:00", "23T12:00")] if first.endswith("#c2") else [])


@pytest.mark.parametrize("places", ["u1/net/#c11", "u23/net/#c"])
def test_numbers_in_names_do_not_part_the_files_of_a_series(tmp_path, places):
    days = {f"{places}/2026-11-23": JOIN + TALK, f"{places}/2026-11-24": TALK + PART}
    found = covered(tmp_path, days, of=places.rpartition("/")[2])
    assert found == [("23T10:00", "24T20:00")]


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        ("/u11/2026-11/30.log", "/u11/2026-12/01.log", True),
        ("/u11/2026/11/30.log", "/u11/2026/12/01.log", True),
        ("/u11/202611/#c.20261130.log.gz", "/u11/202612/#c.20261201.log.gz", True),
        ("/u1/2026-11-30.log", "/u2/2026-12-01.log", False),
    ],
)
def test_directories_are_of_one_series_if_they_differ_by_a_part_of_the_day(first, second, are_one):
    assert (series_of(first, "2026-11-30") == series_of(second, "2026-12-01")) is are_one
