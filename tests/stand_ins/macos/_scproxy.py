"""The module of macOS's Python that asks the system for proxies: there are none."""


def _get_proxy_settings() -> dict[str, str]:
    return {}


def _get_proxies() -> dict[str, str]:
    return {}
