"""Which bytes are an image that a browser may be given: told from the bytes themselves, never from a name. Pure."""

from typing import Final

IMAGES: Final = ("png", "jpg", "jpeg", "gif", "webp")
"""Endings of names that may be images. An SVG is a program to a browser, and none of them."""
LARGEST: Final = 20 << 20
"""Bytes of an image that is shown; a larger one is there to be downloaded."""
HEAD: Final = 24
"""Bytes that it takes to tell."""

SMALL: Final = 64
"""Pixels of an edge up to which an image is shown larger, pixel by pixel."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"


def image_type_of(head: bytes) -> str | None:
    """The type of content that begins so; None for what is no image, or none that is shown."""
    if head.startswith(_PNG):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def is_small(head: bytes) -> bool:
    """Whether an image of which this is the head is so small that each of its pixels matters; of a JPEG or a WebP,
    which do not say it there, no."""
    if head.startswith(_PNG):
        sides = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    elif head.startswith(b"GIF8"):
        sides = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    else:
        return False
    return max(sides) <= SMALL
