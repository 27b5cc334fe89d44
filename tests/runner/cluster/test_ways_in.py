"""Where the driver of a job is, by what its compute names and by what runs on this machine."""

from pathlib import Path

import pytest

from bep.runner.cluster import ways_in
from bep.runner.cluster.ways_in import has_driver_here, runs_a_node
from bep.runner.request import RayCluster

AUTO, BOTH = {"address": "auto"}, {"address": "auto", "dashboard": "http://head:8265"}


@pytest.mark.parametrize(
    ("named", "has_ray", "is_node", "here"),
    [
        (AUTO, True, False, True),
        (AUTO, False, True, False),
        (BOTH, True, True, True),
        (BOTH, True, False, False),
        (BOTH, False, True, False),
        ({"dashboard": "http://head:8265"}, True, True, False),
    ],
)
def test_a_driver_is_here_where_ray_can_join_the_cluster(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], has_ray: bool, is_node: bool, here: bool
) -> None:
    monkeypatch.setattr(ways_in, "has_ray", lambda: has_ray)
    monkeypatch.setattr(ways_in, "runs_a_node", lambda: is_node)
    assert has_driver_here(RayCluster.model_validate({"share": "/share", **named})) is here


def test_a_node_is_known_by_its_raylet(tmp_path: Path) -> None:
    for number, name in (("1", "systemd"), ("27", "raylet2"), ("self", "raylet")):
        (tmp_path / number).mkdir()
        (tmp_path / number / "comm").write_text(f"{name}\n")
    (tmp_path / "30").mkdir()  # it has ended meanwhile
    assert not runs_a_node(tmp_path)
    (tmp_path / "27" / "comm").write_text("raylet\n")
    assert runs_a_node(tmp_path)
    assert runs_a_node(tmp_path / "not there"), "other systems have no such folder"
