"""Jobs that the service runs: the use cases in process, and the real command line, against the double."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError
from jsonschema import validate

from bep import api
from bep.app.errors import Conflict, NotFound, Refused
from bep.app.jobs.events import Event, JobFinished, JobStarted, Logged, StatusChanged, as_json
from bep.app.jobs.in_service.logs import raised_in
from bep.app.jobs.in_service.ordering import wanted_of
from bep.app.jobs.records import JobRecord, lines
from bep.app.jobs.requests.loading import JobSource, loaded_job
from bep.app.jobs.service import Again, Asked, Jobs, Watch, jobs_of
from bep.app.specs.published_schemas import published
from bep.app.workspace.opening import Opened, Source
from bep.event_stream import enveloped
from bep.providers.azure.arm.errors import Refusal
from bep.providers.azure.settings import INTERVAL, TOKEN
from bep.providers.cloud_jobs import Unanswered
from bep.providers.protocol import ProviderError
from bep.schemas.findings.finding import SpecInvalid
from tests.azure.double.answering.jobs import Course, Job
from tests.azure.double.double import Double
from tests.azure.double.tokens import ARM, ML, Credential, token
from tests.azure.double_tests.bodies import deployment, endpoint, furnished
from tests.azure.workspace import Workspace

STORED = "azureml://datastores/workspaceblobstore/paths/images/"
JOB = """\
kind: job
endpoint: ep1
inputs: {images: {type: uri_folder, path: images}}
settings: {mini_batch_size: 5, retry_settings: {timeout: 120}}
resources: {instance_count: 2}
"""
MODEL = "azureml://datastores/workspaceblobstore/paths/m"
DECLARED = f"""\
{{kind: compute, name: cpus, type: amlcompute, max_instances: 2}}
---
{{kind: model, name: n, version: 1, type: mlflow_model, path: "{MODEL}"}}
---
{{kind: endpoint, name: letters, defaults: {{deployment_name: blue}}}}
---
{{kind: deployment, name: blue, endpoint_name: letters, model: azureml:n:1, compute: azureml:cpus,
 settings: {{environment_variables: {{S: "${{{{ env.S }}}}"}}}}}}
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "/mnt/score.py", line 3, in run
    raise ValueError("no such letter: 1.txt")
ValueError: no such letter: 1.txt
"""
WORKER = "logs/user/stdout/10.0.0.4/process003.stdout.txt"
ENGINE = (
    'Traceback (most recent call last):\n  File "driver.py", line 9, in <module>\n    sys.exit(42)\nSystemExit: 42\n'
)


class Service:
    """A workspace of an endpoint that takes jobs, opened in this process, and all that its jobs told."""

    def __init__(self, folder: Path, azure: Double) -> None:
        azure.behaviours.job_polls = 1
        furnished(azure)
        azure.seed("batchEndpoints/ep1/deployments/d1", deployment(azure))
        described = endpoint(defaults={"deploymentName": "d1"}, scoringUri=f"{azure.base_url}/scoring/ep1/jobs")
        azure.seed("batchEndpoints/ep1", described)
        (folder / "images").mkdir()
        for number in range(3):
            (folder / f"images/{number}.txt").write_text(str(number))
        self.work = Workspace(folder, azure, "{kind: compute, name: cpu, type: amlcompute}\n")
        (folder / "job.yml").write_text(JOB)
        self.folder, self.azure = folder, azure
        self.events: list[Event] = []
        self.said: list[str] = []
        self.flag = Flag()

    @property
    def opened(self) -> Opened:
        return Opened(self.folder, Source())

    @property
    def jobs(self) -> Jobs:
        return jobs_of(self.opened)

    def run(self, changes: dict[str, Any] | None = None, jobs: Jobs | None = None) -> JobRecord:
        """One job, to its end, in this process; its input is in a datastore unless it is changed."""
        opened = self.opened
        job = loaded_job(opened, JobSource("job.yml", {"input": STORED, **(changes or {})})).job
        assert job is not None
        return (jobs or jobs_of(opened)).run(job, Watch(self.events.append, self.said.append, self.stopping))

    @contextmanager
    def stopping(self, _: str) -> Iterator[Flag]:
        yield self.flag

    def posted(self) -> list[Any]:
        """The bodies that started jobs."""
        return [one.body["properties"] for one in self.azure.log.requests("POST", "/scoring/")]


@pytest.fixture
def service(tmp_path: Path, azure: Double, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv(TOKEN, token(ARM, ML))
    monkeypatch.setenv(INTERVAL, "0.01")
    return Service(tmp_path, azure)


def container(azure: Double, name: str = "") -> Any:
    from azure.storage.blob import ContainerClient

    return ContainerClient(azure.blob.url, name or azure.blob.container, credential=azure.blob.key)


def test_a_job_from_the_command_line_to_its_result(
    tmp_path: Path, azure_with_blobs: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = azure_with_blobs
    service = Service(tmp_path, azure)
    work = service.work

    def written(job: Job) -> None:
        with container(azure) as own:
            own.upload_blob(f"azureml/{job.child}/score/predictions.csv", "0\n1\n2\n")
        with container(azure, "azureml") as own:
            own.upload_blob(f"ExperimentRun/dcid.{job.child}/{WORKER}", "letter 1\n")

    with suppress(ResourceExistsError), container(azure, "azureml") as own:
        own.create_container()
    azure.jobs.course = Course(at_end=written)
    shown = work.bep("run", "job.yml", "--dry-run")
    assert "3 files in 1 mini-batch of 5, 2 workers" in shown
    assert "output       azureml/NAME/score, or as the service calls it (azureml)\n" in shown
    assert not {"bisect", "init_timeout", "worker_memory", "partition_keys"} & set(shown.split())  # which Azure has not
    assert azure.jobs.all == []

    said = work.bep("run", "job.yml")
    [job] = azure.jobs.all
    assert f"job {job.name}: with ep1/d1" in said
    assert "user_logs/std_log_0.txt:\nscored 3 items\n" in said
    assert f"job {job.name} Completed after" in said
    assert f"output: azureml://datastores/workspaceblobstore/paths/azureml/{job.child}/score\n" in said
    given = job.body["properties"]["inputData"]["images"]
    assert given["jobInputType"] == "UriFolder"
    with container(azure) as own:
        below = given["uri"].partition("/paths/")[2]
        assert sorted(one.name for one in own.list_blobs(below)) == [f"{below}{number}.txt" for number in range(3)]

    rows = json.loads(work.bep("job", "list", "-o", "json"))
    assert [(row["name"], row["status"], row["counts"]) for row in rows] == [(job.name, "Completed", None)]
    streamed = work.bep("job", "stream", job.name[:-3])
    assert "Web View: https://ml.azure.com/" in streamed
    assert "scored 3 items" in streamed

    monkeypatch.setenv(TOKEN, work.token)
    monkeypatch.setenv(INTERVAL, "0.01")
    ours = api.Workspace(tmp_path)
    told: list[object] = []
    mine = ours.jobs.run("job.yml", name="mine", on_event=told.append, settings={"mini_batch_size": 7})
    assert (mine.name, mine.status, mine.items, mine.folder) == ("mine", "Completed", None, None)
    assert any(isinstance(event, Logged) for event in told)
    began = ours.jobs.run("job.yml", name="left", inputs=["images/[01].txt", "images/2.txt"], wait=False)
    assert began.status == "Preparing"
    left = ours.jobs.wait("left").check()
    assert left.page is not None
    assert left.page.startswith("https://ml.azure.com/runs/left?")
    assert [(line.worker, line.text) for line in ours.jobs.logs("mine")] == [
        (3, "letter 1\n"),
        (-1, "scored 3 items\n"),
    ]
    assert [line.text for line in ours.jobs.logs("mine", worker=3, kinds=["stdout"])] == ["letter 1\n"]
    got = ours.jobs.download("mine", tmp_path / "got", everything=True)
    assert [path.name for path in got] == ["predictions.csv", "artifacts"]
    assert (tmp_path / "got/predictions.csv").read_text() == "0\n1\n2\n"
    assert (tmp_path / "got/artifacts/user_logs/std_log_0.txt").read_text() == "scored 3 items\n"
    assert (tmp_path / "got/artifacts" / WORKER).read_text() == "letter 1\n"
    with container(azure) as own:
        below = service.posted()[2]["inputData"]["images"]["uri"].partition("/paths/")[2]
        assert sorted(one.name for one in own.list_blobs(below)) == [f"{below}{number}.txt" for number in range(3)]
    with container(azure) as own:
        own.upload_blob("there/predictions.csv", "0")
    with pytest.raises(api.Refused, match=r"there/predictions\.csv exists already and is never overwritten"):
        ours.jobs.run("job.yml", output_path="azureml://datastores/workspaceblobstore/paths/there")
    assert [body["miniBatchSize"] for body in service.posted()] == [5, 7, 5]
    assert len(azure.jobs.all) == 3


def test_what_is_sent_says_what_the_job_says(service: Service) -> None:
    azure = service.azure
    azure.seed("data/d/versions/1", {"properties": {"dataType": "uri_file", "dataUri": "x"}})
    output = "azureml://datastores/workspaceblobstore/paths/out"
    record = service.run(
        {"name": "mine", "input": "azureml:d:1", "input_type": "uri_file", "output_path": output, "error_threshold": 3}
    )
    assert record.status == "Completed"
    assert record.output_place == f"{output}/predictions.csv"
    assert service.posted() == [
        {
            "name": "mine",
            "inputData": {"images": {"jobInputType": "UriFile", "uri": azure.id_of("data/d/versions/1")}},
            "outputData": {"score": {"jobOutputType": "UriFile", "uri": f"{output}/predictions.csv"}},
            "miniBatchSize": 5,
            "errorThreshold": 3,
            "retrySettings": {"maxRetries": 3, "timeout": "PT120S"},
            "compute": {"instanceCount": 2, "isLocal": True},
        }
    ]
    [asked] = azure.log.requests("POST", "/scoring/")
    assert asked.headers["azureml-model-deployment"] == "d1"
    assert asked.headers["repeatability_request-id"]
    kinds = [type(event) for event in service.events]
    assert (kinds[0], kinds[-1]) == (JobStarted, JobFinished)
    assert [event.status for event in service.events if isinstance(event, StatusChanged)] == ["Running", "Completed"]
    service.run({"input": "https://somewhere.example/a/folder?sig=hushed"})
    assert service.posted()[1]["inputData"]["images"]["uri"] == "https://somewhere.example/a/folder?sig=hushed"
    assert "hushed" not in service.work.written()


def test_of_a_jobs_files_none_travels_that_may_hold_secrets_unless_it_is_named(service: Service) -> None:
    for name in ("server.pem", ".git/config", ".ssh/config", "deep/id_rsa"):
        (service.folder / "images" / name).parent.mkdir(exist_ok=True)
        (service.folder / "images" / name).write_text("secret")

    def sent(*inputs: str) -> tuple[set[str], set[str]]:
        opened = service.opened
        job = loaded_job(opened, JobSource("job.yml", {"input": list(inputs)})).job
        assert job is not None
        content = wanted_of(opened, jobs_of(opened)._service, job).content  # type: ignore[attr-defined]
        assert content is not None
        return set(content.files), set(content.left_out)

    scored, every = {"0.txt", "1.txt", "2.txt"}, {"server.pem", ".ssh/config", "deep/id_rsa"}
    assert sent("images") == (scored, {"server.pem", ".ssh/", "deep/id_rsa"})
    assert sent("images/*", "images/.s*") == (scored, every)
    assert sent("images/.s*", "images/0.txt") == ({"0.txt"}, {".ssh/config"})
    assert sent("images", "images/server.pem") == (scored | {"server.pem"}, {".ssh", "deep/id_rsa"})
    with pytest.raises(SpecInvalid) as refused:
        sent("images/.g*")
    assert "no files there that would be sent" in refused.value.findings[0].message


def test_what_a_service_cannot_be_told_is_said_at_once_and_nothing_is_sent(service: Service) -> None:
    (service.folder / "job.yml").write_text(
        JOB.replace("mini_batch_size: 5", "mini_batch_size: 5, logging_level: debug, environment_variables: {A: b}")
        + "outputs: {score: {path: results, format: csv}}\n"
    )
    with pytest.raises(SpecInvalid) as refused:
        service.run({"input": ["azureml:no:1", "images"], "instance_count": 9, "worker_memory": "1GB"})
    said = [finding.message for finding in refused.value.findings]
    assert said == [
        "the service takes no worker_memory of a job: its deployment says that",
        "the service takes no logging_level of a job: its deployment says that",
        "the service takes no environment_variables of a job: its deployment says that",
        "the service writes predictions in its own form alone, and the job asks for csv",
        "results: results go to a folder of a datastore: azureml://datastores/NAME/paths/FOLDER",
        "instance_count is 9, but compute/cpu has max_instances 4",
        "the service takes one address of a job, and there are 2 inputs",
    ]
    (service.folder / "job.yml").write_text(JOB)
    for given, why in (
        ("azureml:no:1", "azureml:no:1 is not registered; there is no data of that name"),
        ("azureml://datastores/no/paths/x", "there is no datastore no in the workspace"),
        ("s3://bucket/x", "the service reads nothing at s3://"),
        ("nothing", "input nothing: there is no "),
    ):
        with pytest.raises(SpecInvalid) as refused:
            service.run({"input": given})
        assert why in refused.value.findings[0].message
    with pytest.raises(ProviderError, match="there is no deployment d2; there is d1"):
        service.run({"deployment": "d2"})
    assert service.posted() == []


@pytest.mark.parametrize("lost", [2, 5])
def test_a_job_whose_answer_is_lost_is_started_once(service: Service, lost: int) -> None:
    """Twice lost it is asked for again at once; lost for good, by whoever asks for the same the next time."""
    service.azure.faults.inject(503, method="POST", path="/scoring/", count=lost, moment="after")
    if lost == 5:
        with pytest.raises(Unanswered):
            service.run()
        [found] = service.jobs.chosen()
        assert found.status == "Preparing"
        assert service.jobs.get(found.name).target.deployment == "d1"
    record = service.run()
    assert ("ordered before" in "\n".join(service.said)) is (lost == 5)
    assert [job.name for job in service.azure.jobs.all] == [record.name]
    assert (
        len({one.headers["repeatability_request-id"] for one in service.azure.log.requests("POST", "/scoring/")}) == 1
    )
    assert service.run().name != record.name


def test_an_order_is_given_to_the_service_once_a_request(service: Service) -> None:
    def ordered(request: str, **changes: Any) -> str:
        job = loaded_job(service.opened, JobSource("job.yml", {"input": STORED, **changes})).job
        assert job is not None
        return service.jobs.order(job, Asked("a test", request)).name

    first = ordered("4711")
    assert ordered("4711") == first
    assert ordered("4712") != first
    assert len(service.posted()) == 2
    with pytest.raises(Conflict, match=f"the request 4711 was made before, of another job: {first}"):
        ordered("4711", mini_batch_size=3)
    assert len(service.posted()) == 2


def test_a_refusal_after_a_lost_answer_says_nothing_of_the_first_try(service: Service) -> None:
    service.azure.faults.inject(503, method="POST", path="/scoring/", moment="after")
    service.azure.faults.inject(403, method="POST", path="/scoring/", count=4, moment="after")
    with pytest.raises(Unanswered, match="asking again starts no second one"):
        service.run()
    service.azure.faults.inject(403, method="POST", path="/scoring/", moment="after")
    with pytest.raises(ProviderError, match="AuthorizationFailed"):
        service.run()
    service.run()
    assert len(service.azure.jobs.all) == 1


def test_an_order_that_never_arrived_is_listed_taken_up_or_given_up(service: Service) -> None:
    service.azure.faults.inject(503, method="POST", path="/scoring/", count=5)
    with pytest.raises(Unanswered):
        service.run({"name": "nightly"})
    assert service.azure.jobs.all == []
    assert [(one.name, one.status) for one in service.jobs.chosen()] == [("nightly", "NotStarted")]
    with pytest.raises(Refused, match="an order nightly of something else, never answered"):
        service.run({"name": "nightly", "mini_batch_size": 6})
    assert service.jobs.get("night").status == "NotStarted"
    assert service.jobs.cancel("nightly").status == "Canceled"
    assert service.jobs.chosen() == []
    assert service.run({"name": "nightly", "mini_batch_size": 6}).status == "Completed"
    with pytest.raises(Refused, match="there is a job nightly already"):
        service.run({"name": "nightly"})


def test_a_refusal_of_the_service_leaves_no_order(service: Service) -> None:
    service.azure.faults.inject(400, code="BadInput", method="POST", path="/scoring/")
    with pytest.raises(ProviderError, match="BadInput"):
        service.run()
    assert service.jobs.chosen() == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_bep_killed_at_its_order_starts_no_second_job(service: Service, moment: Any) -> None:
    azure, work = service.azure, service.work
    azure.faults.cut_at(0)
    work.bep("run", "job.yml", "--input", STORED)
    requests = [one.path for one in azure.log.requests()]
    number = next(at for at, path in enumerate(requests, 1) if path.startswith("/scoring/"))
    azure.jobs.all.clear()
    process = work.start("run", "job.yml", "--input", STORED)
    azure.faults.cut_at(number, moment, do=process.kill)
    process.communicate(timeout=120)
    assert len(azure.jobs.all) == (1 if moment == "after" else 0)
    [listed] = service.jobs.chosen()
    assert listed.status == ("Preparing" if moment == "after" else "NotStarted")
    assert service.run().name == listed.name
    assert [job.name for job in azure.jobs.all] == [listed.name]


def test_a_job_that_failed_says_what_its_script_said(service: Service) -> None:
    lines_of = enumerate(TRACEBACK.splitlines(keepends=True))
    stamped = "".join(f"2026-11-27 01:02:0{number} |ERROR| {line}" for number, line in lines_of)
    driver = {"user_logs/std_log_0.txt": f"scoring\n{stamped}{ENGINE}"}
    service.azure.jobs.course = Course("Failed", logs=driver)
    said = service.work.bep("run", "job.yml", "--input", STORED, expect=1)
    assert "\nValueError: no such letter: 1.txt\n    Traceback (most recent call last):\n" in said
    assert "    log: user_logs/std_log_0.txt" in said
    record = service.jobs.chosen()[0]
    again = service.jobs.get(record.name)
    assert again.error is not None
    assert (again.error.code, again.error.message) == ("ValueError", "no such letter: 1.txt")

    service.azure.jobs.course = Course("Failed", logs={"logs/job_error.txt": "2 mini-batches failed\nno row came\n"})
    assert service.run().error.message == "no row came"  # type: ignore[union-attr]
    service.azure.jobs.course = Course("Failed", ("ImageBuildFailure", "conda says no"), logs={})
    assert lines(service.run())[2:] == ["ImageBuildFailure: conda says no"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TRACEBACK, ("ValueError", "no such letter: 1.txt")),
        (TRACEBACK + ENGINE, ("ValueError", "no such letter: 1.txt")),
        (ENGINE, None),
        ("Traceback (most recent call last):\n  File ", None),
        ('Traceback (most recent call last):\n  File "x"\nsklearn.exceptions.NotFittedError\n', ("NotFittedError", "")),
        ("all is well", None),
    ],
)
def test_the_scripts_exception_is_found_in_a_log(text: str, found: tuple[str, str] | None) -> None:
    raised = raised_in(text, "log.txt")
    assert (raised and (raised.code, raised.message)) == found
    assert raised is None or raised.traceback.splitlines()[-1].startswith((raised.code, "sklearn"))


def test_a_job_is_cancelled_by_its_flag_and_by_name(service: Service) -> None:
    service.azure.behaviours.job_polls = 50
    service.flag.set()
    assert service.run().status == "Canceled"
    service.flag.clear()
    opened = service.opened
    job = loaded_job(opened, JobSource("job.yml", {"input": STORED, "name": "mine"})).job
    assert job is not None
    jobs = jobs_of(opened)
    assert jobs.begin(job, Watch(service.events.append, service.said.append, service.stopping)) is not None
    assert jobs.cancel("mine", at_once=True).status == "Canceled"
    assert jobs.cancel("mine").status == "Canceled"
    with pytest.raises(NotFound, match="there is no job 'mime' there"):
        jobs.get("mime")


def test_looks_that_fail_are_tried_again_and_the_end_says_how_to_go_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = service.jobs
    ask, faults = jobs._service.look, iter([True] * 3)  # type: ignore[attr-defined]

    def look(job: Any) -> Any:
        if next(faults, False):
            raise ProviderError("job", "read", "the network is down", retryable=True)
        return ask(job)

    monkeypatch.setattr(jobs._service, "look", look)  # type: ignore[attr-defined]
    assert service.run(jobs=jobs).status == "Completed"
    faults = iter([True] * 20)
    with pytest.raises(ProviderError, match="network") as gone:
        service.run({"name": "mine"}, jobs)
    assert [(step.use_case, step.arguments) for step in gone.value.next] == [("job stream", ("mine",))]


def test_what_a_service_does_not_do_is_refused(service: Service) -> None:
    record = service.run({"name": "mine"})
    jobs, watch = service.jobs, Watch(service.events.append, service.said.append, service.stopping)
    for call in (
        lambda: jobs.resume("mine", Again(), watch),
        lambda: jobs.retry("mine", Again(), watch),
        lambda: jobs.removable([record]),
    ):
        with pytest.raises(Refused, match="the world azure of this workspace runs its jobs in a service, which"):
            call()
    said = service.work.bep("job", "report", "mine", expect=1)
    assert "runs its jobs in a service, which has a page for each of them" in said


def test_each_service_gets_the_token_that_is_for_it_and_a_log_none(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    opened, credential = service.opened, Credential()
    opened.world.__dict__["_credential"] = credential
    service.run(jobs=jobs_of(opened))
    assert {scope for (scope,) in credential.asked} == {f"{ARM}/.default", f"{ML}/.default"}
    [log] = {one.headers.get("authorization") for one in service.azure.log.requests("GET", "/logs/")}
    assert log is None
    asked = len(credential.asked)
    with pytest.raises(Refusal, match=r"a page of the list is at elsewhere\.example"):
        opened.world.jobs._services.page("https://elsewhere.example/jobs?page=2")  # type: ignore[union-attr]
    assert len(credential.asked) == asked


def test_logs_are_read_on_from_where_they_ended(service: Service) -> None:
    logs = {"user_logs/std_log_0.txt": "one\ntw"}
    service.azure.jobs.course = Course(logs=logs)
    service.azure.behaviours.job_polls = 3

    def heard(event: Event) -> None:
        service.events.append(event)
        if isinstance(event, Logged):
            logs["user_logs/std_log_0.txt"] = "one\ntwo\nthree"

    opened = service.opened
    job = loaded_job(opened, JobSource("job.yml", {"input": STORED})).job
    assert job is not None
    jobs_of(opened).run(job, Watch(heard, service.said.append, service.stopping))
    told = [(event.begins, event.lines) for event in service.events if isinstance(event, Logged)]
    assert told == [(True, ("one",)), (False, ("two",)), (False, ("three",))]
    asked = {one.headers.get("range") for one in service.azure.log.requests("GET", "/logs/")}
    assert {None, "bytes=4-", "bytes=8-"} <= asked
    schema = json.loads(published()["events"])
    for event in service.events:
        validate(json.loads(json.dumps(enveloped(as_json(event), job="mine"))), schema)


def test_a_job_is_followed_before_run_history_has_it(service: Service) -> None:
    service.azure.faults.inject(404, code="RunNotFound", path="/history/", count=4)
    assert service.run().status == "Completed"


def test_a_plan_that_takes_a_deployment_away_sees_the_jobs_that_run_there(service: Service) -> None:
    azure, work = service.azure, service.work
    (service.folder / "specs.yml").write_text(DECLARED)
    work.bep("apply", "-y")
    azure.jobs.course = Course("Failed", logs={"user_logs/std_log_0.txt": f"key is hushed-value\n{TRACEBACK}"})
    said = work.bep("run", "--endpoint", "letters", "--input", STORED, expect=1)
    assert "hushed-value" not in said
    assert "key is (sensitive)" in said
    azure.behaviours.job_polls = 50
    name = work.bep("run", "--endpoint", "letters", "--input", STORED, "--no-wait", "--name", "mine")
    assert "mine" in name
    azure.log.clear()
    work.bep("plan")
    assert azure.log.requests("GET", "/mferp/") == []
    (service.folder / "specs.yml").write_text(DECLARED.split("---")[0])
    said = work.bep("plan", expect=3)
    assert "1 unfinished job: mine (Preparing)" in said
    azure.faults.inject(403, path="/mferp/", count=1)
    assert "Jobs run elsewhere, and bep was not told of them" in work.bep("plan", expect=3)
    said = work.bep("destroy", "-y", "--allow", "delete-many", "--allow", "active-deployment", "--cancel-jobs")
    assert "job mine: Canceled\n" in said
    assert azure.jobs.find("mine").status == "Canceled"


def test_traffic_that_moves_is_judged_by_what_the_service_says_of_the_jobs(service: Service) -> None:
    azure, work = service.azure, service.work
    blue = DECLARED.rpartition(",\n settings")[0] + "}\n"
    both = f"{blue}---\n{blue.rpartition('---')[2].strip().replace('blue', 'green')}\n"
    (service.folder / "specs.yml").write_text(both)
    work.bep("apply", "-y")
    (service.folder / "specs.yml").write_text(both.replace("deployment_name: blue", "deployment_name: green"))
    assert "high risk" in (said := work.bep("plan"))
    assert "deployment/letters/green has never scored anything" in said
    start = ("run", "--endpoint", "letters", "--deployment", "green", "--input", STORED)
    work.bep(*start)
    assert "medium risk" in (said := work.bep("plan"))
    assert "deployment/letters/green has scored before" in said
    assert "never scored" not in said
    azure.jobs.course = Course("Failed")
    work.bep(*start, "--name", "bad", expect=1)
    assert "the last job of deployment/letters/green, bad, failed" in work.bep("plan")
    azure.faults.inject(403, path="/mferp/", count=1)
    said = work.bep("plan")
    assert "it is not known whether deployment/letters/green has ever scored" in said
    assert "as far as is known" in said
