"""Who holds a lease, as text in a blob's metadata: the words that Terraform uses, and bep's own beside them. Pure."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final

from bep.providers.state.holder import Holder
from bep.providers.state.owner import Owner

KEY: Final = "terraformlockid"
"""The name in the metadata, and the members ID to Path, are those of Terraform's own backend (backend/remote-state/
azure/client.go): each tool then respects and names the other's lock."""


def encoded(holder: Holder, path: str, version: str) -> str:
    """The holder as base64 of JSON."""
    owner = holder.owner
    members = {
        "ID": holder.id,
        "Operation": holder.operation,
        "Info": f"{holder.done} of {holder.total} changes done" if holder.total else "",
        "Who": f"{owner.who}@{owner.host}",
        "Version": version,
        "Created": holder.since,
        "Path": path,
        "BepUser": owner.who,
        "BepHost": owner.host,
        "BepProcess": owner.pid,
        "BepStarted": owner.started,
        "BepDone": holder.done,
        "BepTotal": holder.total,
    }
    return base64.b64encode(json.dumps(members).encode()).decode()


def decoded(metadata: Mapping[str, str]) -> Holder | None:
    """The holder that a blob's metadata names; None where it names none, or nobody can read it."""
    text = next((value for name, value in metadata.items() if name.lower() == KEY), "")
    try:
        said = json.loads(base64.b64decode(text, validate=True)) if text else None
    except (binascii.Error, ValueError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("ID"), str):
        return None
    if "BepProcess" not in said:
        who, _, host = str(said.get("Who", "")).rpartition("@")
        owner = Owner(who or "somebody", host, 0, "")
        doing = str(said.get("Operation", "")).removeprefix("OperationType").lower()
        return Holder(said["ID"], owner, str(said.get("Created", "")), doing, program="Terraform")
    owner = Owner(str(said["BepUser"]), str(said["BepHost"]), int(said["BepProcess"]), str(said["BepStarted"]))
    done, total = int(said.get("BepDone", 0)), int(said.get("BepTotal", 0))
    return Holder(said["ID"], owner, str(said["Created"]), str(said["Operation"]), done, total)
