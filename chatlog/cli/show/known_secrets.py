"""The secrets of the networks of this process, hidden in every log line and message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatlog.secret import SecretMask

_masks: dict[str, SecretMask] = {}


def hide_secrets(network: str, mask: SecretMask) -> None:
    """Hide the secrets of a network from now on, in place of those it had before."""
    _masks[network] = mask


def without_secrets(text: str) -> str:
    """Return a text with the secrets of all networks replaced by `***`."""
    for mask in _masks.values():
        text = mask(text)
    return text
