"""Settings of the registered keys, as the gateway last read them."""

from collections.abc import Mapping
from typing import Any

from qipan.kernel.sensing.models import DeviceKey

_NOTHING: Mapping[str, Any] = {}


class KeyBook:
    """A copy of the device keys' settings; looked up by the event loop, replaced by a thread."""

    def __init__(self) -> None:
        self._settings: dict[tuple[str, str], Mapping[str, Any]] = {}

    def settings(self, protocol: str, key: str) -> Mapping[str, Any]:
        """Settings of a key; empty for one that nobody registered."""
        return self._settings.get((protocol, key), _NOTHING)

    def known(self, protocol: str, key: str) -> bool:
        """Whether the key is registered with settings or without."""
        return (protocol, key) in self._settings

    def load(self) -> None:
        """Read all keys in force; an unchanged key keeps its mapping, so that codecs may cache by it."""
        rows = DeviceKey.objects.filter(valid_to=None).values_list("protocol", "key", "settings")
        held = self._settings
        fresh: dict[tuple[str, str], Mapping[str, Any]] = {}
        for protocol, key, settings in rows.iterator(chunk_size=2_000):
            before = held.get((protocol, key))
            fresh[protocol, key] = before if before is not None and before == settings else settings
        self._settings = fresh
