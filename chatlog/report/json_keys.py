"""The keys of the JSON that commands print: one type and one meaning each.

Every record of `json_records` takes its keys from here, so that a key has the same
meaning in each command. The constraints are part of the published schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
_SHA256 = "^[0-9a-f]{64}$"

# -- places ------------------------------------------------------------------------

Network = Annotated[str, Meta(description="Name of the network in the archive.")]
Target = Annotated[str, Meta(description="Channel, nick of a query, or `@server`.")]
Path = Annotated[
    str, Meta(description="File or directory, relative to the archive; names in it are escaped.")
]
Line = Annotated[int, Meta(ge=1, description="Line of the file in `path`, from 1.")]
BusWitness = Annotated[str, Meta(description="Name of the archive on the bus.")]
Archive = Annotated[str, Meta(description="Directory of the archive, as the run was told.")]
File = Annotated[str, Meta(description="File of the configuration, as it was named.")]
Server = Annotated[str, Meta(description="Server that welcomed the recorder.")]

# -- times, durations and shares ---------------------------------------------------

Time = Annotated[str, Meta(pattern=_TIME, description="Time of the event.")]
Since = Annotated[str, Meta(pattern=_TIME, description="Start of the range of the object.")]
Until = Annotated[str, Meta(pattern=_TIME, description="End of the range of the object.")]
At = Annotated[str, Meta(pattern=_TIME, description="Moment that the object describes.")]
LastHeard = Annotated[
    str, Meta(pattern=_TIME, description="Time of the last line from the server.")
]
LastEvent = Annotated[str, Meta(pattern=_TIME, description="Time of the last recorded event.")]
LastProof = Annotated[
    str, Meta(pattern=_TIME, description="Last time at which the run heard the target.")
]
Piped = Annotated[
    str, Meta(pattern=_TIME, description="Time at which the command of `--pipe` took lines last.")
]
Shipped = Annotated[
    str, Meta(pattern=_TIME, description="Time at which the bus had taken all but the last batch.")
]
Seconds = Annotated[float, Meta(ge=0, description="Length of the gap, in seconds.")]
LagSeconds = Annotated[
    float, Meta(ge=0, description="Time that the server took to answer the last PING, in seconds.")
]
LoopLagSeconds = Annotated[
    float, Meta(ge=0, description="Longest delay of the loop since the last report, in seconds.")
]
ClockOffsetSeconds = Annotated[
    float, Meta(description="Server's clock minus the recorder's clock, in seconds.")
]
Hour = Annotated[str, Meta(pattern=r"^\d\d$", description="Hour of the day: `00` to `23`.")]
Weekday = Annotated[str, Meta(description="Day of the week: `Mon` to `Sun`.")]
Period = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}(-\d\d){0,2}$",
        description="Year, month or day: `2026`, `2026-11` or `2026-11-23`.",
    ),
]
Share = Annotated[
    float, Meta(ge=0, le=1, description="Share of the planned time that was heard or fetched back.")
]
Lacking = Annotated[
    str, Meta(description="Archive that lacks the events; null is that of `--archive`.")
]

# -- numbers -----------------------------------------------------------------------

Events = Annotated[int, Meta(ge=0, description="Number of events.")]
Types = Annotated[dict[str, int], Meta(description="Number of events of each type.")]
Netsplits = Annotated[
    int, Meta(ge=0, description="Number of netsplits, each once, however many people left by it.")
]
Lines = Annotated[int, Meta(ge=0, description="Number of lines that people said.")]
People = Annotated[int, Meta(ge=0, description="Number of people who said something.")]
Words = Annotated[int, Meta(ge=0, description="Number of words, without formatting.")]
Letters = Annotated[int, Meta(ge=0, description="Number of characters, without formatting.")]
Questions = Annotated[int, Meta(ge=0, description="Number of lines that ask something.")]
Links = Annotated[int, Meta(ge=0, description="Number of links.")]
Fetched = Annotated[
    int, Meta(ge=0, description="Number of lines that were fetched from the server's history.")
]
Asked = Annotated[int, Meta(ge=0, description="Number of lines in the server's history.")]
Present = Annotated[
    int, Meta(ge=0, description="Number of lines of `asked` that the transcript has.")
]
Added = Annotated[int, Meta(ge=0, description="Number of lines that the archive gains.")]
Left = Annotated[
    int,
    Meta(
        ge=0,
        description="Number of lines of the last minute that are left to the next merge,"
        " as a recorder of the target runs.",
    ),
]
Known = Annotated[int, Meta(ge=0, description="Number of lines that the archive had before.")]
Shared = Annotated[int, Meta(ge=0, description="Number of lines that several archives have.")]
Reordered = Annotated[
    int, Meta(ge=0, description="Number of lines that two archives have in another order.")
]
ByClock = Annotated[
    int, Meta(ge=0, description="Number of lines that are placed by the clock alone.")
]
Conflicting = Annotated[
    int,
    Meta(ge=0, description="Number of lines that an archive lacks although it was listening."),
]
Bytes = Annotated[int, Meta(ge=0, description="Size of the segments on the disk, in bytes.")]
DiskFreeBytes = Annotated[
    int, Meta(ge=0, description="Free space of the disk with the archive, in bytes.")
]
Segments = Annotated[int, Meta(ge=0, description="Number of segments that were read.")]
LinesRead = Annotated[int, Meta(ge=0, description="Number of lines that were read.")]
BytesRead = Annotated[int, Meta(ge=0, description="Number of bytes that were read.")]
FindingCount = Annotated[int, Meta(ge=0, description="Number of findings.")]
RepairableFindings = Annotated[
    int, Meta(ge=0, description="Number of findings that `--repair` mends without loss.")
]
LaterEntries = Annotated[
    int,
    Meta(ge=0, description="Number of entries of LEDGER and MANIFEST by a later version."),
]
DamagedLines = Annotated[int, Meta(ge=0, description="Number of damaged lines of the ledger.")]
OpenGaps = Annotated[int, Meta(ge=0, description="Number of open gaps.")]
UnfillableGaps = Annotated[int, Meta(ge=0, description="Number of gaps that cannot be filled.")]
PlannedGaps = Annotated[int, Meta(ge=0, description="Number of planned gaps.")]
FilledGaps = Annotated[int, Meta(ge=0, description="Number of gaps that were fetched back.")]
Pid = Annotated[int, Meta(ge=1, description="Process of the recorder.")]
Errors = Annotated[int, Meta(ge=0, description="Number of errors since the run began.")]
WaitingLines = Annotated[
    int, Meta(ge=0, description="Number of lines that the disk has refused for now.")
]
WaitingBytes = Annotated[int, Meta(ge=0, description="The bytes of these lines.")]
GapsWaiting = Annotated[
    int, Meta(ge=0, description="Number of gaps that wait to be fetched from history.")
]
Reconnects = Annotated[int, Meta(ge=0, description="Number of connections after the first.")]
Heard = Annotated[bool, Meta(description="Whether the recorder hears the target.")]
Joined = Annotated[int, Meta(ge=0, description="Number of channels that the recorder is in.")]
Kicks = Annotated[int, Meta(ge=0, description="Number of kicks from the channel.")]
Wanted = Annotated[int, Meta(ge=0, description="Number of channels that are to be recorded.")]
OffRecord = Annotated[
    int, Meta(ge=0, description="Number of messages that their authors kept off the record.")
]
Ignored = Annotated[int, Meta(ge=0, description="Number of messages of ignored people.")]
NotUnderstood = Annotated[
    int, Meta(ge=0, description="Number of lines that could not be understood.")
]

# -- words -------------------------------------------------------------------------

Deed = Annotated[
    Literal[
        "sealed", "removed", "folded", "mended",
        "would_seal", "would_remove", "would_fold", "would_mend", "busy",
    ],
    Meta(description="Deed, or that of a run without `--dry-run`; `busy` is a target left alone."),
]  # fmt: skip
State = Annotated[
    Literal["open", "unfillable", "planned", "filled"], Meta(description="State of the gap.")
]
Cause = Annotated[str, Meta(description="Cause of the gap, one of those in gaps.md.")]
Why = Annotated[str, Meta(description="Reason, in words for people.")]
Via = Annotated[str, Meta(description="Source of the fetched lines, as `via` of an event.")]
Kinds = Annotated[
    str,
    Meta(
        description="Events that the history has: `all`, `messages` without joins, or the"
        " classes that are recorded, if it has all of those."
    ),
]
Rule = Annotated[
    int, Meta(description="Number of the rule that matches, from 1; null for none.", ge=1)
]
KeepSeconds = Annotated[
    dict[str, float],
    Meta(
        description="Seconds for which each class is kept; a class without a key is kept forever."
    ),
]
ApartClasses = Annotated[list[str], Meta(description="Classes that have segments of their own.")]
Classes = Annotated[
    list[str],
    Meta(description="Classes of events that are recorded; in `gaps`, during the whole range."),
]
Nick = Annotated[str, Meta(description="Nick of the speaker; the recorder's in `status`.")]
By = Annotated[str, Meta(description="Person who invited, as `nick!user@host`.")]
Nicks = Annotated[list[str], Meta(description="Nicks.")]
Platform = Annotated[str, Meta(description="Network behind a relay, as the relay names it.")]
Relay = Annotated[str, Meta(description="Nick of the relay.")]
Prefixes = Annotated[
    dict[str, str], Meta(description="Status of each nick that has one, as `@` or `@+`.")
]
Account = Annotated[str, Meta(description="Account of the person.")]
Match = Annotated[str, Meta(description="Part of the text that matches, without formatting.")]
Connection = Annotated[str, Meta(description="State of the connection, in words for people.")]
Version = Annotated[str, Meta(description="Version of chatlog.")]
Preset = Annotated[str, Meta(description="Preset of the network in the configuration.")]
Sha256 = Annotated[str, Meta(pattern=_SHA256, description="SHA-256 of the last line of MANIFEST.")]
Digest = Annotated[
    str, Meta(pattern=_SHA256, description="SHA-256 over the last lines of MANIFEST.")
]
Repairable = Annotated[bool, Meta(description="Whether `--repair` mends this without loss.")]
Recorded = Annotated[bool, Meta(description="Whether a recorder is at work.")]
Over = Annotated[bool, Meta(description="Whether the channel was left for good.")]
Alive = Annotated[bool, Meta(description="Whether the run goes on.")]
Connected = Annotated[bool, Meta(description="Whether a server has welcomed the recorder.")]

# -- lists -------------------------------------------------------------------------

Servers = Annotated[list[str], Meta(description="Servers, as `host` or `host:port`.")]
Channels = Annotated[list[str], Meta(description="Channels of the configuration.")]
Warnings = Annotated[list[str], Meta(description="Doubts about the configuration, for people.")]
Problems = Annotated[list[str], Meta(description="Problems of the network, for people.")]
