"""The protocols that this gateway speaks."""

from collections.abc import Callable

from qipan.kernel.sensing.gateway.codecs import Codec, KeySettings
from qipan.kernel.sensing.gateway.hj212 import Hj212Codec

FACTORIES: tuple[Callable[[KeySettings], Codec], ...] = (Hj212Codec,)


def make_codecs(keys: KeySettings) -> dict[str, Codec]:
    """A codec of each protocol by its name."""
    made = [factory(keys) for factory in FACTORIES]
    return {codec.name: codec for codec in made}
