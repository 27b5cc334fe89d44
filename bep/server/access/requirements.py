"""What each route needs: found out once from what its functions ask for. A route that asks for nobody is refused."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from bep.app.access.roles import Permission
from bep.lazy_dataclasses import dataclass
from bep.server.access.callers import SAFE

PUBLIC: Final = frozenset(
    {
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/login/{code}"),
        ("GET", "/studio/assets/{name}"),
    }
)
"""What anybody may ask for; every other route needs somebody."""


@dataclass(frozen=True)
class Requirement:
    """What a route needs: of each group in `permissions` one. By `signed_by`, a parameter of the query, it finds out by
    itself who asks; empty where there is none."""

    route: APIRoute
    permissions: tuple[tuple[Permission, ...], ...]
    is_public: bool
    signed_by: str
    is_streamed: bool
    looks_only: bool

    @property
    def path(self) -> str:
        """Its path as it is written, with names in place of what varies."""
        return self.route.path


class Unguarded(TypeError):
    """A route that anybody could ask for: a fault in bep, found when the application is made."""


def requirements_of(routes: Iterable[BaseRoute]) -> list[Requirement]:
    """What each route needs, in their order. Raises `Unguarded`."""
    return [_requirement(route) for route in routes]


def flattened(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """The routes, those of included routers in their place."""
    for route in routes:
        inner: Any = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from flattened(inner.routes)


def matching(requirements: Sequence[Requirement], scope: Scope) -> Requirement | None:
    """What the route of a request needs; None where there is no such route."""
    for one in requirements:
        if one.route.matches(scope)[0] is Match.FULL:
            return one
    return None


def _requirement(route: BaseRoute) -> Requirement:
    if not isinstance(route, APIRoute):
        raise Unguarded(f"{route}: only routes with functions of their own are looked after")
    methods = route.methods or set()
    functions = [*_functions(route.dependant)]
    permissions = tuple(function.permissions for function in functions if hasattr(function, "permissions"))
    signed_by = next((str(function.tells_caller) for function in functions if hasattr(function, "tells_caller")), "")
    is_public = all((method, route.path) in PUBLIC for method in methods)
    if not (permissions or signed_by or is_public):
        raise Unguarded(f"{'/'.join(sorted(methods))} {route.path}: it needs no permission, and is not PUBLIC")
    return Requirement(
        route,
        permissions,
        is_public,
        signed_by,
        is_streamed=hasattr(route.endpoint, "is_streamed"),
        looks_only=methods <= SAFE or hasattr(route.endpoint, "looks_only") or _only_looks(permissions),
    )


def _only_looks(permissions: tuple[tuple[Permission, ...], ...]) -> bool:
    return bool(permissions) and all(group == (Permission.LOOK,) for group in permissions)


def _functions(dependant: Dependant) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _functions(one)
