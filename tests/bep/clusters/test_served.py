"""A workspace whose compute is a Ray cluster, served: jobs that come in by HTTP, their pages, those of schedules."""

import html
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

from bep.app.schedules.starting import Schedules
from bep.app.workspace.opening import Opened, Source
from tests.bep.clusters.conftest import OnCluster
from tests.bep.conftest import until
from tests.server.serving import serving

PAGES = ("", "/results", "/inputs", "/failed", "/logs", "/settings", "/steps/batchscoring", "/report")
STORED = "azureml://datastores/workspaceblobstore/paths/texts"
SCHEDULE = """\
---
kind: schedule
name: often
trigger: {type: recurrence, frequency: day, interval: 1}
create_job: {endpoint: letters, inputs: {texts: {type: uri_folder, path: texts}}}
"""


def test_jobs_come_in_and_are_shown(on_cluster: OnCluster) -> None:
    shutil.copytree(on_cluster.folder / "texts", on_cluster.folder / ".bep/cloud/datastores/workspaceblobstore/texts")
    with serving(on_cluster) as running, running.client() as client:
        asked = {"InputData": {"texts": {"JobInputType": "UriFolder", "Uri": STORED}}, "name": "came-in"}
        answer = client.post("/endpoints/letters/jobs", json={"properties": asked})
        assert answer.status_code == 201, answer.text
        until(lambda: client.get("/endpoints/letters/jobs/came-in").json()["properties"]["status"] == "Completed")
        assert len(on_cluster.asked("came-in")) == 1
        client.headers["Accept"] = "text/html"
        for page in PAGES:
            assert client.get(f"/studio/jobs/came-in{page}").status_code == 200, page
        settings = html.unescape(re.sub("<wbr>", "", client.get("/studio/jobs/came-in/settings").text))
        for told in (on_cluster.dashboard.url, str(on_cluster.share), "that of each machine"):
            assert told in settings
        assert "came-in" in client.get("/studio/jobs").text

        on_cluster.share.rmdir()  # from now on nothing can be brought there
        refused = client.post("/endpoints/letters/jobs", json={"properties": {**asked, "name": "refused"}})
        assert refused.status_code == 400
        assert "there is no such folder to share" in refused.text
    assert [job["name"] for job in json.loads(on_cluster.bep("job", "list", "-o", "json").stdout)] == ["came-in"]


def test_a_job_of_a_schedule_is_one_that_failed_where_its_cluster_was_not_there(on_cluster: OnCluster) -> None:
    specs = (on_cluster.folder / "specs.yml").read_text()
    (on_cluster.folder / "specs.yml").write_text(specs + SCHEDULE)
    on_cluster.bep("apply", "-y")
    on_cluster.bep("schedule", "run", "often")
    on_cluster.share.rmdir()
    opened = Opened(on_cluster.folder, Source())
    moment = datetime.now(UTC) + timedelta(days=1)
    [seen] = Schedules().step(opened, moment)
    assert not seen.error
    with serving(on_cluster):
        until(lambda: shown(on_cluster, seen.job)["status"] == "Failed")
    assert "there is no such folder to share" in shown(on_cluster, seen.job)["error"]["message"]
    jobs = json.loads(on_cluster.bep("job", "list", "-o", "json").stdout)
    assert {(job["status"], job["engine"]) for job in jobs} == {("Failed", "ray"), ("Completed", "ray")}


def shown(work: OnCluster, name: str) -> Any:
    return json.loads(work.bep("job", "show", name, "-o", "json").stdout)
