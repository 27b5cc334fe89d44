"""The Azure world, whole. Opening it asks nobody and imports nothing of Azure's. Knows no state and no job."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bep.distribution import install, lacking
from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.checking.fitness import unfit_of
from bep.providers.azure.content.contents import fields_of
from bep.providers.azure.content.storing import Storing
from bep.providers.azure.credentials import credential_of, storage_credential_of
from bep.providers.azure.provider import AzureProvider
from bep.providers.azure.settings import connection_of
from bep.providers.azure.translation.shapes import stores
from bep.providers.protocol import ProviderError
from bep.providers.world import Coming, Exporter, JobExporter, Preflight, Setup, Unfit

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from bep.providers.azure.content.blob_downloads import BlobDownloads
    from bep.providers.azure.content.blob_uploads import BlobUploads
    from bep.providers.azure.jobs.service import AzureJobs
    from bep.providers.azure.jobs.services import Services
    from bep.providers.check import Probe
    from bep.schemas.resource import Resource


class AzureWorld:
    """A workspace of Azure ML. Its settings are those of `provider: {azure: ...}` in bep.yml.

    Contents, places and environments are the service's: nothing of them is on this machine. Copies of what bep has
    stored there can be had.
    """

    name = "azure"
    contents = places = scoring = environments = None
    folders: tuple[Path, ...] = ()
    written: tuple[Path, ...] = ()

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.connection = connection_of(setup.settings, setup.environment)
        self.client = ArmClient(self.connection, lambda: self._credential)
        self.objects = AzureProvider(
            self.client,
            self.connection.place,
            setup.secret_key,
            answers=setup.answers,
            storing=lambda: self._storing,
        )

    @cached_property
    def _credential(self) -> "TokenCredential":
        place = self.connection.place
        if not (place.subscription and place.group and place.workspace):
            raise ProviderError("provider/azure", "sign in", "bep.yml does not say which workspace", code="Settings")
        for _, message, fix in self.connection.troubles():
            raise ProviderError("provider/azure", "sign in", f"{message}\n    fix: {fix}", code="Settings")
        return credential_of(self.connection, self._setup.environment)

    @cached_property
    def _blob_credential(self) -> "TokenCredential":
        if not self.connection.token:
            return self._credential
        return storage_credential_of(self.connection, self._setup.environment)

    @cached_property
    def exports(self) -> Mapping[str, Exporter]:
        """Templates of Azure Resource Manager."""
        from bep.providers.azure.exporting.languages import exporters

        return exporters(self.connection.place.workspace, self.connection.api_version)

    @cached_property
    def job_exports(self) -> Mapping[str, JobExporter]:
        """A job of a pipeline, with one parallel step."""
        from bep.providers.azure.exporting.languages import job_exporters

        return job_exporters()

    @cached_property
    def copies(self) -> "BlobDownloads":
        """Bytes that bep has stored."""
        from bep.providers.azure.content.blob_downloads import BlobDownloads

        return BlobDownloads(self.client, self.connection.place, lambda: self._own_uploads)

    @cached_property
    def _storing(self) -> Storing:
        return Storing(self.client, self.connection.place, self._own_uploads)

    @cached_property
    def _own_uploads(self) -> "BlobUploads":
        return self._uploads(self.client)

    def _uploads(self, client: ArmClient) -> "BlobUploads":
        from bep.providers.azure.content.blob_uploads import BlobUploads

        return BlobUploads(client, self.connection.place, lambda: self._blob_credential)

    @cached_property
    def jobs(self) -> "AzureJobs":
        """The jobs of its batch endpoints."""
        from bep.providers.azure.jobs.service import AzureJobs

        return AzureJobs(self.client, self.objects, self._services, lambda: self._own_uploads)

    @cached_property
    def _services(self) -> "Services":
        from bep.providers.azure.jobs.services import Services

        return Services(self.client, lambda: self._credential)

    def unfit(self, resources: "Sequence[Resource]") -> Iterator[Unfit]:
        """What is wrong with the settings, and what of the specs Azure cannot have."""
        for field, message, fix in self.connection.troubles():
            yield Unfit("azure-settings", "", ("provider", "azure", field), message, fix)
        for resource in resources:
            yield from unfit_of(resource, self.connection.place)

    def lacking(self, resources: "Sequence[Resource]") -> Iterator[Unfit]:
        """Who signs in, where no token is given; who stores files, where there are some."""
        needed = {} if self.connection.token else {"azure.identity": "nobody can sign in"}
        if any(
            stores(one.kind, path) and ".".join(path) in one.contents
            for one in resources
            for path in fields_of(one.kind)
        ):
            needed["azure.storage.blob"] = "no file can be stored"
        for module in lacking("azure") if needed else ():
            if module in needed:
                message = f"{module.replace('.', '-')} is not installed, and without it {needed[module]}"
                yield Unfit("missing-extra", "", ("provider", "azure"), message, f"Install it: {install('azure')}")

    @property
    def preflight(self) -> Preflight:
        """Quotas, sizes, code and names of endpoints. Soon over where nothing answers."""
        return self._preflight

    def _preflight(self, coming: "Sequence[Coming]") -> "Iterator[Unfit]":
        from bep.providers.azure.checking.preflight import Questions

        client = ArmClient(self.connection, lambda: self._credential, retry_total=2, retry_connect=1, retry_status=1)
        try:
            yield from Questions(client, coming).found()
        finally:
            client.close()

    def checks(self, resources: "Sequence[Resource]") -> "Mapping[str, Probe]":
        """Who signs in, what is there, which rights are missing. Soon over where nothing answers."""
        from bep.providers.azure.checking.checks import AzureChecks

        client = ArmClient(self.connection, lambda: self._credential, retry_total=2, retry_connect=1, retry_status=1)
        return AzureChecks(client, lambda: self._credential, lambda: self._uploads(client), resources).every()

    def seal(self) -> None:
        """Nothing is kept here in clear."""

    def close(self) -> None:
        """Close the connections."""
        if "_services" in self.__dict__:
            self._services.close()
        if "copies" in self.__dict__:
            self.copies.close()
        if "_own_uploads" in self.__dict__:
            self._own_uploads.close()
        self.client.close()
