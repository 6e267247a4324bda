"""Verifying: whatever was altered, cut, taken away or left over is found, with its place."""

from __future__ import annotations

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.locks import Locks
from chatlog.archive.rules import Rules
from chatlog.archive.storage import Storage
from chatlog.archive.version import CONTENT
from chatlog.formats import jsonl
from chatlog.upkeep.tending import tender_of
from chatlog.upkeep.verify import Verifier, digest_of
from tests.support.archive import UNSYNCED, event_at, manifest_of, record
from tests.support.crashing import Fragile, Stopped, texts_in
from tests.support.examples import examples_times
from tests.support.tending import DAY, tend

each_way = pytest.mark.parametrize("compress", list(COMPRESSIONS))


def verify(root, *, held=False):
    """Return all findings, and what was looked at."""
    verifier = Verifier(root, lambda _more: None)
    findings = list(verifier.around())
    for directory in sorted(path for path in root.glob("*/*") if path.is_dir()):
        findings += verifier.target(directory, held=held)
    return findings, verifier.checked


def found(root, **settings):
    return [(item.path, item.line, item.reason) for item in verify(root, **settings)[0]]


def repair(root):
    locks = Locks(root)
    tender = tender_of(Storage(root=root), UNSYNCED, locks)
    mended = [path for directory in tender.all() for path in tender.repair(directory)]
    locks.close()
    return mended


def archive_in(root, **storage):
    """Make an archive of sealed and live segments, in both formats."""
    formats = ("jsonl", "text")
    for day in range(2):
        record(root, *(event_at(day * DAY + at, f"{at}") for at in range(5)), formats=formats)
    record(root, event_at(2, "fetched", via="playback"), formats=formats)
    tend(root, **storage)
    record(root, event_at(3 * DAY, "live"), formats=formats)
    record(root, event_at(1, "by the server", target="@server"))
    return root


@each_way
def test_an_archive_that_is_well_gives_no_finding_and_is_counted(tmp_path, compress):
    findings, checked = verify(archive_in(tmp_path, compress=compress))
    assert findings == []
    assert (len(checked.targets), checked.segments) == (2, 8)
    assert checked.lines == 2 * (5 + 5 + 1 + 1) + 1
    assert set(checked.heads) == {"net/#c", "net/@server"} - {"net/@server"}


@pytest.fixture(scope="module")
def wells(tmp_path_factory):
    """An archive for each compression, to be copied and harmed."""
    return {way: archive_in(tmp_path_factory.mktemp(way), compress=way) for way in COMPRESSIONS}


@examples_times(1.5)
@given(data=st.data(), compress=st.sampled_from(list(COMPRESSIONS)))
def test_a_changed_byte_anywhere_in_a_sealed_segment_or_the_manifest_is_found(
    wells, tmp_path_factory, data, compress
):
    root = tmp_path_factory.mktemp("harmed") / "archive"
    shutil.copytree(wells[compress], root)
    directory = root / "net" / "#c"
    entries = manifest_of(directory)
    sealed = [entry["segment"] for entry in entries if entry["entry"] == "sealed"]
    path = directory / data.draw(st.sampled_from([*sealed, "MANIFEST", "SHA256SUMS"]))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    harm = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
    if harm == "flip":
        content[at] ^= data.draw(st.integers(1, 255))
    elif harm == "cut":
        del content[at:]
    elif harm == "insert":
        content[at:at] = data.draw(st.binary(min_size=1, max_size=3))
    else:
        del content[at]
    changed = bytes(content) != path.read_bytes()
    path.write_bytes(content)
    findings, checked = verify(root)
    # The end of the chain may be cut off unnoticed but for what it sealed: the digest tells.
    before = digest_of(verify(wells[compress])[1].heads)
    assert findings or not changed or digest_of(checked.heads) != before
    if path.name != "MANIFEST" and changed:
        assert f"net/#c/{path.name}" in {finding.path for finding in findings}


@each_way
def test_a_sealed_segment_that_is_gone_or_another_is_found(tmp_path, compress):
    archive_in(tmp_path, compress=compress)
    directory = tmp_path / "net" / "#c"
    first, second = sorted(path for path in directory.glob("2026-11-2[34]*jsonl*"))
    second.write_bytes(first.read_bytes())
    first.unlink()
    reasons = {path: reason for path, _, reason in found(tmp_path)}
    assert reasons[f"net/#c/{first.name}"] == "it was sealed, and is gone"
    assert (
        "altered" in reasons[f"net/#c/{second.name}"]
        or "period" in (reasons[f"net/#c/{second.name}"])
    )


def test_an_entry_taken_out_of_the_manifest_breaks_its_chain_where_it_was(tmp_path):
    archive_in(tmp_path)
    path = tmp_path / "net" / "#c" / "MANIFEST"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert (
        "net/#c/MANIFEST",
        3,
        "it does not follow from the line before it: one was altered or taken out",
    ) in found(tmp_path)


def harmed(root, line, *, file="2026-11-26_001.jsonl"):
    with (root / "net" / "#c" / file).open("ab") as opened:
        opened.write(line)


GOOD = {"time": "2026-11-26T00:00:05.000Z", "network": "net", "target": "#c", "type": "message"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"time": "2026-11-27T00:00:00.000Z"}, "it is of 2026-11-27T00:00:00.000Z, which is not"),
        ({"target": "#other"}, "it is of '#other' in 'net', whose place is another"),
        ({"network": "elsewhere"}, "it is of '#c' in 'elsewhere', whose place is another"),
        ({"type": 7}, "not an event"),
        ({"time": "yesterday"}, "its time is 'yesterday', which is none"),
        ({"time": "2026-11-26T24:00:00.000Z"}, "its time is"),
    ],
)
def test_a_line_that_does_not_belong_where_it_is_is_found(tmp_path, change, reason):
    archive_in(tmp_path)
    harmed(tmp_path, json.dumps(GOOD | change).encode() + b"\n")
    [(path, line, said)] = found(tmp_path)
    assert (path, line) == ("net/#c/2026-11-26_001.jsonl", 2)
    assert said.startswith(reason)


def test_live_lines_out_of_order_are_found_and_fetched_ones_may_be_of_any_time(tmp_path):
    archive_in(tmp_path)
    for hour, via in (("12", ""), ("03", "playback"), ("11", "")):
        event = GOOD | {"time": f"2026-11-26T{hour}:00:00.000Z"} | ({"via": via} if via else {})
        harmed(tmp_path, json.dumps(event).encode() + b"\n")
    [(_, line, reason)] = found(tmp_path)
    assert line == 4
    assert reason.startswith("out of order: it is of 2026-11-26T11:00:00.000Z")


def test_many_bad_lines_of_a_file_are_counted_and_not_all_listed(tmp_path):
    archive_in(tmp_path)
    harmed(tmp_path, b"nonsense\n" * 500)
    findings = found(tmp_path)
    assert len(findings) == 11
    assert findings[-1] == ("net/#c/2026-11-26_001.jsonl", 0, "and 490 more lines")


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (b'{"time":"2026', "13 bytes of a torn line at its end"),
        (bytes(5000), "5000 zero bytes, as a power cut leaves them at its end"),
    ],
)
def test_a_torn_end_is_found_and_repaired_but_not_where_a_recorder_may_be_writing(
    tmp_path, end, reason
):
    archive_in(tmp_path)
    harmed(tmp_path, end)
    assert found(tmp_path, held=True) == []
    assert found(tmp_path) == [("net/#c/2026-11-26_001.jsonl", 2, reason)]
    assert repair(tmp_path) == [tmp_path / "net" / "#c" / "2026-11-26_001.jsonl"]
    assert found(tmp_path) == []


def test_files_that_are_none_of_ours_are_found_wherever_they_are(tmp_path):
    archive_in(tmp_path)
    for place in (tmp_path, tmp_path / "net", tmp_path / "net" / "#c"):
        (place / "notes.txt").write_text("buy milk")
    (tmp_path / "net" / "#c" / "2026-11-23_001.jsonl.bz2").write_text("")
    reason = "unknown file: chatlog did not write it"
    assert sorted(found(tmp_path)) == [
        ("net/#c/2026-11-23_001.jsonl.bz2", 0, reason),
        ("net/#c/notes.txt", 0, reason),
        ("net/notes.txt", 0, reason),
        ("notes.txt", 0, reason),
    ]


def test_a_compressed_file_that_nothing_is_said_of_is_found(tmp_path):
    archive_in(tmp_path)
    packed = b"".join(COMPRESSIONS["gzip"].compressed([json.dumps(GOOD).encode() + b"\n"]))
    (tmp_path / "net" / "#c" / "2026-11-26_002.jsonl.gz").write_bytes(packed)
    [(path, _, reason)] = found(tmp_path)
    assert path.endswith("2026-11-26_002.jsonl.gz")
    assert reason.startswith("no manifest entry says what it is")


def test_what_cannot_be_read_is_a_finding_and_the_rest_is_looked_at(tmp_path):
    archive_in(tmp_path)
    (tmp_path / "net" / "#c" / "2026-11-20_001.jsonl").mkdir()
    harmed(tmp_path, b"nonsense\n")
    findings = found(tmp_path)
    assert len(findings) == 2
    assert "Is a directory" in findings[0][2]


def test_repair_takes_no_digest_out_of_the_sums_whose_manifest_line_is_damaged(tmp_path):
    archive_in(tmp_path)
    directory = tmp_path / "net" / "#c"
    manifest, sums = directory / "MANIFEST", directory / "SHA256SUMS"
    before = sums.read_bytes()
    manifest.write_bytes(manifest.read_bytes().replace(b'"sealed"', b'"sealed', 1))
    repair(tmp_path)
    assert sums.read_bytes() == before
    assert "net/#c/MANIFEST" in {path for path, _, _ in found(tmp_path)}


def test_sums_that_are_not_those_of_the_manifest_are_found_and_repaired(tmp_path):
    archive_in(tmp_path)
    sums = tmp_path / "net" / "#c" / "SHA256SUMS"
    before = sums.read_bytes()
    sums.write_text("")
    assert found(tmp_path) == [("net/#c/SHA256SUMS", 0, "it is not what the manifest says")]
    repair(tmp_path)
    assert (found(tmp_path), sums.read_bytes()) == ([], before)


@pytest.mark.parametrize(
    "name", [".FORMAT.4711", "net/.network.json.4711", "net/..rooms.json.4711"]
)
def test_a_small_file_that_a_crash_left_beside_the_targets_is_found_and_not_repaired(
    tmp_path, name
):
    archive_in(tmp_path)
    (tmp_path / name).touch()
    (finding,) = verify(tmp_path)[0]
    assert (finding.path, finding.repairable) == (name, False)
    assert finding.reason == "left over from a crash; remove it when no recorder runs"


def test_the_file_that_states_the_version_belongs_to_an_archive(tmp_path):
    archive_in(tmp_path)
    (tmp_path / "FORMAT").write_bytes(CONTENT)
    assert found(tmp_path) == []


def test_a_damaged_network_json_is_found_and_a_missing_one_as_well(tmp_path):
    archive_in(tmp_path)
    path = tmp_path / "net" / "network.json"
    path.write_text("{}")
    assert "is damaged" in found(tmp_path)[0][2]
    path.unlink()
    assert "it is missing" in found(tmp_path)[0][2]


def test_the_list_of_renamed_channels_belongs_to_an_archive_and_its_damage_is_found(tmp_path):
    archive_in(tmp_path)
    path = tmp_path / "net" / ".rooms.json"
    path.write_text('{"77": ["#old", "#c"]}')
    assert found(tmp_path) == []
    path.write_text('{"77": "#old"}')
    ((name, _, reason),) = found(tmp_path)
    assert name == "net/.rooms.json"
    assert "is damaged; restore it, or remove it" in reason


@each_way
@pytest.mark.parametrize("mode", ["stop before", "stop after"])
def test_wherever_a_seal_or_removal_stops_all_findings_are_repairable_and_repaired(
    tmp_path, compress, mode
):
    def archive(root):
        record(root, event_at(0, "one"), event_at(2, "three"))
        record(root, event_at(1, "two", via="playback"))
        record(root, event_at(DAY, "four"))
        return root

    def tended(root, system):
        tend(root, compress=compress, system=system)
        tend(root, compress=compress, system=system, keep=188 * DAY + 3600)

    counting = Fragile()
    tended(archive(tmp_path / "count"), counting.system)
    assert found(tmp_path / "count") == []
    for nth in range(1, counting.count + 1):
        root = archive(tmp_path / str(nth))
        fragile = Fragile(nth, mode)
        with pytest.raises(Stopped):
            tended(root, fragile.system)
        fragile.bury()
        findings, _ = verify(root)
        assert all(finding.repairable for finding in findings), (nth, findings)
        before = texts_in(root) if not findings else None
        repair(root)
        assert found(root) == [], nth
        assert before is None or texts_in(root) == before


def test_a_line_of_another_class_is_found_in_a_segment_of_one_class(tmp_path):
    record(
        tmp_path,
        *(event_at(1, type="join"), event_at(2, type="recovered", text="torn")),
        rules=Rules(keep={"presence": DAY}),
    )
    path = tmp_path / "net/#c/2026-11-23_001.presence.jsonl"
    with path.open("ab") as file:
        file.write(jsonl.encode([event_at(3, type="recovered"), event_at(4, "hello")]))
    assert found(tmp_path) == [
        (
            "net/#c/2026-11-23_001.presence.jsonl", 3,
            "it is a 'message', and this segment is for presence alone",
        )
    ]  # fmt: skip
