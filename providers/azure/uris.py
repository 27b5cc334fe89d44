"""How a place of data is written: whole there, short here. Pure."""

from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.providers.azure.place import Place


@dataclass(frozen=True, slots=True)
class Uris:
    """A URI. A path in a datastore of the workspace is short here; the service gives it back in another casing."""

    def there(self, value: Any, place: Place) -> Any:
        """The whole URI."""
        return place.long_uri(value) if isinstance(value, str) else value

    def here(self, value: Any, place: Place) -> Any:
        """The short one."""
        return place.short_uri(value) if isinstance(value, str) else value


URIS: Final = Uris()
