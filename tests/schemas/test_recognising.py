"""The recogniser: names and shapes that are secrets, and those that only look a little like one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.schemas.secrets.recognising import (
    _SHAPES,
    _TOKENS,
    is_secret,
    may_hold_secret,
    names_secret,
    redacted,
    secrets_sealed,
    shape_of,
)
from bep.schemas.secrets.secret import is_sealed


@pytest.mark.parametrize(
    "name",
    [
        "API_TOKEN", "apiToken", "apitoken", "clientSecret", "client-secret", "db.password", "DbPassword", "MYSQL_PWD",
        "dbpassword", "DB_PASS", "AZURE_STORAGE_KEY", "storageAccountKey", "ssh_key", "connection_string",
        "ConnectionString", "CONN_STR", "SAS", "GITHUB_PAT", "credentials", "token_value", "HF_TOKEN", "secrets",
    ],
)  # fmt: skip
def test_a_secrets_name_in_every_spelling(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "KEY", "key", "eos_token", "EOS_TOKEN", "max_tokens", "maxTokens", "NEXT_TOKEN", "SECRET_NAME", "TOKENIZER",
        "TOKEN_LIMIT", "password_policy", "path", "compass", "pattern", "primary_key", "partition_keys", "", "1",
    ],
)  # fmt: skip
def test_names_that_are_none(name: str) -> None:
    assert not names_secret(name)


def test_what_is_redacted_keeps_its_place() -> None:
    address = "see https://me:canary@host/x?sig=canary&a=1 there"
    assert redacted(address) == "see https://*********@host/x?**********&a=1 there"
    assert redacted("nothing here") == "nothing here"


@pytest.mark.parametrize("password", ["hunter-2", "canary_7", "11aa-1", "p@ss"])
def test_a_password_is_one_however_it_ends(password: str) -> None:
    assert shape_of(f"https://me:{password}@host/x")
    assert shape_of(f"AccountKey={password}==")


@pytest.mark.parametrize("password", ["XXXX", "<your-key>", "ghp_xxxxxxxxxxxxxxxx", "${{ env.KEY }}", "****"])
def test_a_placeholder_is_none(password: str) -> None:
    assert not shape_of(f"AccountKey={password}")


def test_an_expression_is_no_secret() -> None:
    assert not shape_of("https://${{ env.USER }}:${{ env.TOKEN }}@host/simple")
    assert not is_secret(("environment_variables", "TOKEN"), "${{ env.TOKEN }}")
    assert is_secret(("environment_variables", "TOKEN"), "${{ env.A }}-rest")


def test_a_kept_value_is_sealed_where_it_is_secret_and_not_excused() -> None:
    kept = {"tags": {"api_token": "canary", "team": "a"}, "list": [{"password": "canary"}, 1], "note": "x"}
    sealed = secrets_sealed(kept, ("list.0.password",), "key")
    assert is_sealed(sealed["tags"]["api_token"])
    assert sealed["list"] == kept["list"]
    assert secrets_sealed(sealed, ("list",), "key") is sealed


@pytest.mark.parametrize("what", _SHAPES)
@given(st.data())
def test_one_of_its_signs_stands_wherever_a_shape_is(what: str, data: st.DataObject) -> None:
    pattern = re.compile(_SHAPES[what].pattern.pattern, _SHAPES[what].pattern.flags)
    text = data.draw(st.from_regex(pattern))
    assert any(sign in text for sign in _SHAPES[what].signs)
    harmless = ["data", "azureml://datastores/store/paths/x", "${{ var.x }}"]
    for placed in (text, f"${{{{ var.before }}}}{text}", f"{text}${{{{ env.after"):
        if shape_of(placed):
            assert may_hold_secret(["name"], [*harmless, placed], by_name=False), placed
            assert may_hold_secret([placed], harmless, by_name=False), placed


def test_an_expression_that_cuts_a_sign_in_two_hides_nothing() -> None:
    text = "gh${{ var.x }}p_" + "a1" * 18
    assert shape_of(text)
    assert may_hold_secret([], ["${{ var.open", text, "}}"], by_name=False)


def test_a_quick_no_is_one_of_names_only_where_names_count() -> None:
    assert may_hold_secret(["kind", "api_token"], ["canary"], by_name=True)
    assert not may_hold_secret(["kind", "api_token"], ["canary"], by_name=False)
    assert not may_hold_secret(["kind", 3], ["data", "data/asset/1"], by_name=True)


@pytest.mark.parametrize("token", _TOKENS)
@given(st.data())
def test_one_of_its_signs_stands_in_every_token(token: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(token, fullmatch=True))
    assert any(sign in text for sign in _TOKENS[token].split())
