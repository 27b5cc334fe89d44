"""What may be shown of an address, and which two are the same."""

import pytest

from bep.runner.transfer.addresses import has_hidden, hidden, identity, is_address, scrubbed, without_login


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host/a.csv", "https://host/a.csv"),
        ("https://host/a.csv?sv=1&sig=s%3D", "https://host/a.csv?***"),
        ("https://me:pa/x@host/a.csv", "https://me:pa/x@host/a.csv"),  # a slash ends the host: this has no password
        ("https://me:pass@host:8/a?b", "https://***@host:8/a?***"),
        ("https://host/a.csv?k=v#sha256=00", "https://host/a.csv?***#sha256=00"),
        ("ftp://me:p:w@host/a b/x?.csv", "ftp://***@host/a b/x?.csv"),
        ("s3://bucket/img?.png", "s3://bucket/img?.png"),
        ("s3://bucket/a?versionId=x&token=y", "s3://bucket/a?***"),
        ("zip://*.csv::ftp://me:pw@host/x.zip", "zip://*.csv::ftp://***@host/x.zip"),
        ("azureml://datastores/a/paths/b", "azureml://datastores/a/paths/b"),
        ("./images?/[a]*.png", "./images?/[a]*.png"),
        ("azureml:mnist@latest", "azureml:mnist@latest"),
    ],
)
def test_what_is_shown(address: str, shown: str) -> None:
    assert hidden(address) == shown
    assert hidden(shown) == shown
    assert has_hidden(shown) == ("***" in shown)


def test_what_is_an_address() -> None:
    assert all(map(is_address, ("s3://b/x", "zip://*::s3://b/x", "HTTP://h/x")))
    assert not any(map(is_address, ("azureml:a:1", "images/*", "/a:b", "C:/x")))


def test_two_signatures_name_one_file_and_all_else_tells_two_apart() -> None:
    one = "https://a.blob.core.windows.net/c/x.csv?snapshot=7&sv=2024&se=1&sr=b&sp=r&sig=abc"
    assert identity(one) == identity(one.replace("se=1", "se=2").replace("abc", "xyz"))
    assert identity(one) != identity(one.replace("snapshot=7", "snapshot=8"))
    assert identity("https://h/x?se=1") != identity("https://h/x?se=2")  # nothing is signed there
    amazon = "https://b.s3.amazonaws.com/k?versionId=1&X-Amz-Date=1&X-Amz-Signature=a&X-Amz-Credential=c"
    assert identity(amazon) == "https://b.s3.amazonaws.com/k?versionId=1"
    assert identity("ftp://me:pw@host/x") == identity("ftp://host/x")
    assert identity("https://h/x#sha256=1") != identity("https://h/x#sha256=2")


def test_what_a_library_says_loses_the_secrets_however_it_quotes_them() -> None:
    address = "ftp://me:p%40ssword@host/x?token=abcdef"
    said = "login of me with p@ssword (p%40ssword) at ftp://me:p%40ssword@host/x?token=abcdef: abcdef is wrong"
    found = scrubbed(said, address)
    assert "ssword" not in found
    assert "abcdef" not in found
    assert without_login("ftp://***@host/x") == "ftp://host/x"
