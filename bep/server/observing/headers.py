"""What a browser is told with every answer: to trust nothing but us, and to keep nothing. Pure."""

from typing import Final

from starlette.datastructures import MutableHeaders

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from another host, nothing written into a page itself."""

ALWAYS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not no-referrer: a browser would then say `Origin: null` where a form of ours is sent
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Unless the route itself says something about the same."""


def guard(headers: MutableHeaders) -> None:
    """Add what the route left unsaid."""
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
