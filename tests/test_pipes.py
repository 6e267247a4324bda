"""Pipes of workers: messages of any length arrive whole, and an end is told."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog import pipes


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_messages_come_out_as_they_went_in(messages):
    receiving, sending = pipes.pair()
    for message in messages:
        sending.send(message)
    sending.close()
    assert [receiving.receive() for _ in messages] == messages
    with pytest.raises(EOFError):
        receiving.receive()
    receiving.close()


def test_a_message_that_no_pipe_holds_at_once_arrives_whole():
    receiving, sending = pipes.pair()
    message = bytes(range(256)) * 20_000
    writer = threading.Thread(target=sending.send, args=(message,))
    writer.start()
    assert receiving.receive() == message
    writer.join()
    receiving.close()
    with pytest.raises(BrokenPipeError):
        sending.send(b"")
    sending.close()


def test_pipes_with_a_message_or_an_end_are_ready_and_no_other():
    ends = [pipes.pair() for _ in range(3)]
    ends[0][1].send(b"x")
    ends[2][1].close()
    assert pipes.ready(receiving for receiving, _ in ends) == [ends[0][0], ends[2][0]]
    for end in (*(receiving for receiving, _ in ends), ends[0][1], ends[1][1]):
        end.close()


def test_an_end_within_a_message_is_an_end():
    receiving, sending = pipes.pair()
    os.write(sending.fd, b"\x05\0\0\0\0\0\0\0ab")
    sending.close()
    with pytest.raises(EOFError):
        receiving.receive()
    receiving.close()
