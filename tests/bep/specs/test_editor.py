"""`bep schema export`: what editors are told, and what the real yaml-language-server makes of it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import jsonschema
import pytest

from bep.app.specs.editor_settings import with_schemas
from bep.app.specs.published_schemas import published
from bep.schemas.kinds.kind import kind_names
from tests.bep.conftest import Workspace, write
from tests.services.places import LANGUAGE_SERVER

AZURE = "$schema: https://azuremlschemas.azureedge.net/latest/modelBatchDeployment.schema.json\n"
DEPLOYMENT = "name: blue\nendpoint_name: letters\nmodel: azureml:m:1\nsettings:\n  mini_batch_size: none\n  \n"
FILES = {
    "bep.yml": "workspace: w\nspecs: [ours.yml, theirs.yml, endpoint.yml]\n",
    "ours.yml": f"kind: deployment\n{DEPLOYMENT}",
    "theirs.yml": f"{AZURE}{DEPLOYMENT}",
    "endpoint.yml": "kind: endpoint\nname: letters\ntraffic: {blue: 50}\n",
}
WANTED = {"./.schemas/spec.schema.json": ["a.yml"], "./.schemas/workspace.schema.json": "bep.yml"}


@pytest.mark.parametrize(
    "text",
    [
        "{}\n",
        "{\n}\n",
        '{\n  // of ours\n  "a": [1, {"b": 2}], /* { */\n}\n',
        '{"yaml.schemas": {}}',
        '{\n  "yaml.schemas": {\n    // the old one\n    "x.json": ["*.yml"],\n  },\n  "a": "b // c"\n}\n',
        '{"yaml.schemas": {"./.schemas/workspace.schema.json": ["old"], "x": "y"}}',
    ],
)
def test_settings_are_merged_and_keep_every_comment(text: str) -> None:
    merged = with_schemas(text, WANTED)
    assert merged is not None
    assert with_schemas(merged, WANTED) == merged
    assert [line for line in text.splitlines() if "//" in line and line not in merged.splitlines()] == []
    plain = "\n".join(line.split("//")[0] if line.lstrip().startswith("//") else line for line in merged.splitlines())
    found = json.loads(plain.replace(" /* { */", "").replace(",\n}", "\n}").replace(",\n  }", "\n  }"))
    assert WANTED.items() <= found["yaml.schemas"].items()
    assert ('"x.json"' in text) == ("x.json" in found["yaml.schemas"])


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1', "{a: 1}", '{"yaml.schemas": 5}'])
def test_settings_that_cannot_be_read_are_left_alone(text: str) -> None:
    assert with_schemas(text, WANTED) is None


@pytest.fixture
def ours(tmp_path: Path) -> Workspace:
    write(tmp_path, FILES)
    return Workspace(tmp_path)


def test_an_export_tells_vs_code_of_the_files_that_bep_yml_lists(ours: Workspace) -> None:
    write(ours.folder, {".vscode/settings.json": '{\n  // mine\n  "editor.tabSize": 2\n}\n'})
    said = ours.bep("schema", "export", ".schemas").stderr
    text = (ours.folder / ".vscode/settings.json").read_text()
    assert "// mine" in text
    assert '"editor.tabSize": 2' in text
    assert '"./.schemas/spec.schema.json"' in text
    assert "theirs.yml" in text
    assert "An editor prefers the $schema of theirs.yml: --modelines puts a line there that wins." in said
    assert (ours.folder / "theirs.yml").read_text() == FILES["theirs.yml"]


def test_a_modeline_is_written_once_and_only_where_it_is_needed(ours: Workspace) -> None:
    ours.bep("schema", "export", ".schemas", "--modelines")
    ours.bep("schema", "export", ".schemas", "--modelines")
    line = "# yaml-language-server: $schema=.schemas/spec.schema.json\n"
    assert (ours.folder / "theirs.yml").read_text() == line + FILES["theirs.yml"]
    assert (ours.folder / "ours.yml").read_text() == FILES["ours.yml"]


def test_the_traffic_of_an_endpoint_is_0_or_100_in_an_editor(ours: Workspace) -> None:
    ours.bep("schema", "export", ".schemas")
    schema = json.loads((ours.folder / ".schemas/endpoint.schema.json").read_text())
    assert {"enum": [0, 100], "type": "integer"}.items() <= schema["properties"]["traffic"]["additionalProperties"][
        "anyOf"
    ][0].items()


class LanguageServer:
    """The real one, over its standard input and output."""

    def __init__(self, process: "subprocess.Popen[bytes]", root: Path, settings: dict[str, Any]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in: IO[bytes] = process.stdin
        self._out: IO[bytes] = process.stdout
        self._last = 0
        self._root = root
        self._settings = settings
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        can = {"workspace": {"configuration": True}, "textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
        self.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": can})
        self._send({"method": "initialized", "params": {}})
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._in.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while line := self._out.readline().strip():
            if line.lower().startswith(b"content-length"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self._out.read(length))
        if message.get("method") == "workspace/configuration":
            items = [self._settings.get(item.get("section", ""), {}) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": items})
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})
        elif message.get("method") == "textDocument/publishDiagnostics":
            name = message["params"]["uri"].rpartition("/")[2]
            self.diagnostics[name] = message["params"]["diagnostics"]
        return message

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while (message := self._receive()).get("id") != self._last or "method" in message:
            pass
        assert "error" not in message
        return message["result"]

    def open(self, name: str) -> list[dict[str, Any]]:
        """Open a file, and what is wrong with it."""
        document = {"uri": (self._root / name).as_uri(), "languageId": "yaml", "version": 1}
        document["text"] = (self._root / name).read_text()
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while name not in self.diagnostics:
            self._receive()
        return self.diagnostics[name]

    def at(self, method: str, name: str, line: int, character: int) -> Any:
        where = {"textDocument": {"uri": (self._root / name).as_uri()}}
        return self.ask(f"textDocument/{method}", {**where, "position": {"line": line, "character": character}})


@pytest.fixture
def server(ours: Workspace) -> Iterator[LanguageServer]:
    if not LANGUAGE_SERVER.exists():
        pytest.skip("yaml-language-server is not there; make services gets it")
    ours.bep("schema", "export", ".schemas", "--modelines")
    settings = json.loads((ours.folder / ".vscode/settings.json").read_text())
    schemas = {f"{(ours.folder / name).as_uri()}": files for name, files in settings["yaml.schemas"].items()}
    yaml = {"schemas": schemas, "schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True}
    process = subprocess.Popen(
        [LANGUAGE_SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ours.folder
    )
    try:
        yield LanguageServer(process, ours.folder, {"yaml": yaml})
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


@pytest.mark.parametrize("name", ["ours.yml", "theirs.yml"])
def test_the_language_server_knows_a_spec_with_and_without_a_schema_of_its_own(
    server: LanguageServer, ours: Workspace, name: str
) -> None:
    found = server.open(name)
    lines = (ours.folder / name).read_text().splitlines()
    wrong = next(number for number, line in enumerate(lines) if "mini_batch_size" in line)
    assert {one["range"]["start"]["line"] for one in found} >= {wrong}
    assert not any("Unable to load" in one["message"] for one in found)
    hovered = server.at("hover", name, wrong, 5)
    assert (
        "Files per run\\(\\) call" in json.dumps(hovered["contents"])
        or "Files per run() call" in hovered["contents"]["value"]
    )
    offered = server.at("completion", name, wrong + 1, 2)
    labels = {item["label"] for item in (offered["items"] if isinstance(offered, dict) else offered)}
    assert {"output_action", "error_threshold"} <= labels


def test_the_language_server_underlines_a_share_of_traffic_that_is_none(server: LanguageServer) -> None:
    assert [one["range"]["start"]["line"] for one in server.open("endpoint.yml")] == [2]


def fields(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every field that a schema declares; conditions say nothing of a field that is not declared elsewhere."""
    if not isinstance(node, dict):
        return
    for name, one in node.get("properties", {}).items():
        if isinstance(one, dict):
            yield (*path, name), one
            yield from fields(one, (*path, name))
    for word in ("items", "additionalProperties"):
        yield from fields(node.get(word), (*path, "*"))
    for below in (*node.get("anyOf", ()), *node.get("$defs", {}).values()):
        yield from fields(below, path)


SINGLE = ("string", "integer", "number", "boolean")


@pytest.mark.parametrize("name", [*kind_names(), "workspace", "job"])
def test_every_field_has_a_title_and_a_description_and_an_example_that_it_takes(name: str) -> None:
    every = [(path, one) for path, one in fields(json.loads(published()[name])) if "$ref" not in one]
    assert every
    for path, one in every:
        assert one.get("title"), path
        assert one.get("description"), path
        is_written = "Filled by the service" not in one["description"] and one["description"] != "Ignored."
        if is_written and any(form.get("type") in SINGLE or "enum" in form for form in (one, *one.get("anyOf", ()))):
            assert one["examples"], path
        for example in one.get("examples", ()):
            jsonschema.Draft202012Validator(one).validate(example)
