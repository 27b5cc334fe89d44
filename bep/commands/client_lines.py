"""The lines that a person needs to use a server with Azure's released client. Pure."""

from typing import Final

LINES: Final = """\
import os, time
from azure.ai.ml import Input, MLClient
from azure.core.credentials import AccessToken
{trusted}class Token:
    def get_token(self, *scopes, **options):
        return AccessToken(os.environ["BEP_TOKEN"], int(time.time()) + 3600)
names = ("resource_manager", "azure_portal", "active_directory", "registry_discovery_endpoint", "aml_resource_id")
cloud = {{**dict.fromkeys(names, {address!r}), "storage_endpoint": "localhost"}}
anywhere = ("00000000-0000-0000-0000-000000000000", "bep")  # the subscription and the group: any are right
client = MLClient(Token(), *anywhere, {workspace!r}, cloud={address!r}, cloud_metadata=cloud)
"""
TRUSTED: Final = 'os.environ["REQUESTS_CA_BUNDLE"] = {certificate!r}\n'
PLAIN: Final = (
    "# over http this client sends no token with most of its calls: serve over TLS, such as with --dev-cert\n"
)


def client_lines(address: str, workspace: str, certificate: str = "") -> str:
    """Python that makes `client`; the token is taken from the environment variable BEP_TOKEN.

    `certificate` is the file that the client has to trust, empty where the system does already.
    """
    trusted = TRUSTED.format(certificate=certificate) if certificate else ""
    lines = LINES.format(trusted=trusted, address=address, workspace=workspace)
    return lines if address.startswith("https:") else PLAIN + lines
