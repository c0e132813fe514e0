"""A secret backend whose entries end with the test."""


class MemoryBackend:
    """Implements secrets.SecretBackend."""

    label = "memory"

    def __init__(self) -> None:
        self._entries: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._entries.get(name)

    def set(self, name: str, value: str) -> None:
        self._entries[name] = value

    def delete(self, name: str) -> None:
        self._entries.pop(name, None)
