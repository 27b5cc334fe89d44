"""The table of code hosts, and which one a pipeline's own variables speak of. Asks no host."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, cast
from urllib.parse import quote

from bep.code_hosts.protocol import Environment, PullRequest

HOSTS: Final[Mapping[str, str]] = {
    "github": "GitHub",
    "gitlab": "GitLab",
    "azure-devops": "Azure DevOps",
    "bitbucket": "Bitbucket",
}
"""Each with the name that people know it by."""


def guessed(environment: Environment) -> str:
    """The host of the code that a pipeline runs for; empty outside of any pipeline that is known."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return "github"
    if environment.get("GITLAB_CI") == "true":
        return "gitlab"
    if environment.get("TF_BUILD") == "True":  # Azure Pipelines builds what lies elsewhere, too
        elsewhere = {"GitHub": "github", "GitHubEnterprise": "github", "Bitbucket": "bitbucket"}
        return elsewhere.get(environment.get("BUILD_REPOSITORY_PROVIDER", ""), "azure-devops")
    return "bitbucket" if environment.get("BITBUCKET_BUILD_NUMBER") else ""


def pull_request_of(host: str, environment: Environment, number: str = "") -> PullRequest:
    """What the variables say of the pull request; `number` is one that a person named."""
    module = import_module(f"bep.code_hosts.{host.replace('-', '_')}")
    return cast(Callable[[Environment, str], PullRequest], module.pull_request_of)(environment, number)


def right_on(host: str) -> str:
    """What a token needs there."""
    return cast(str, import_module(f"bep.code_hosts.{host.replace('-', '_')}").RIGHT)


def page_of(environment: Environment) -> str:
    """The address of this run of a pipeline, where a person finds what it kept; empty outside of one."""

    def said(*names: str) -> list[str]:
        return [environment.get(name, "") for name in names]

    match _pipeline(environment):
        case "github":
            server, repository, run = said("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
            return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
        case "gitlab":
            return environment.get("CI_JOB_URL") or environment.get("CI_PIPELINE_URL", "")
        case "azure":
            collection, project, build = said("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECTID", "BUILD_BUILDID")
            return (
                f"{collection}{quote(project)}/_build/results?buildId={build}"
                if collection and project and build
                else ""
            )
        case "bitbucket":
            origin, run = said("BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_BUILD_NUMBER")
            return f"{origin}/pipelines/results/{run}" if origin and run else ""
    return ""


def _pipeline(environment: Environment) -> str:
    """Whose pipeline runs: not always that of the host of the code."""
    return "azure" if environment.get("TF_BUILD") == "True" else guessed(environment)
