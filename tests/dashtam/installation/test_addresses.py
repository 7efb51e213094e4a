"""Connections to servers on other machines are encrypted, or refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashtam.installation.server_urls import (
    database_settings,
    libpq_options,
    require_encrypted_cache,
    require_encrypted_database,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql://dashtam@%2Fvar%2Frun%2Fpostgresql/dashtam",
        "postgresql://me:secret@localhost/dashtam",
        "postgresql://me:secret@127.0.0.1:5433/dashtam",
        "postgresql://me:secret@[::1]:5432/dashtam",
        "postgresql://me:secret@db.example.org/dashtam?sslmode=verify-full",
        "postgresql://me:secret@db.example.org/dashtam?sslmode=require",
        "postgresql://me:secret@db/dashtam",
    ],
)
def test_n7_a_database_here_or_behind_tls_is_used(url: str) -> None:
    require_encrypted_database("DATABASE_URL", url, plain_hosts=["db"])


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@db.example.org/dashtam",
        "postgresql://me:secret@db.example.org/dashtam?sslmode=prefer",
        "postgresql://me:secret@10.0.0.5/dashtam?sslmode=disable",
        "postgresql://me:secret@[2001:db8::5]/dashtam",
    ],
)
def test_n7_a_remote_database_in_the_clear_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"DATABASE_URL: .* in the clear") as refused:
        require_encrypted_database("DATABASE_URL", url, plain_hosts=["db"])
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "unix:///run/dashtam/valkey.sock?db=0",
        "redis://localhost:6379/0",
        "redis://:secret@127.0.0.1/0",
        "rediss://:secret@cache.example.org:6380/0",
        "redis://cache/0",
    ],
)
def test_n7_a_cache_here_or_behind_tls_and_a_password_is_used(url: str) -> None:
    require_encrypted_cache("REDIS_URL", url, plain_hosts=["cache"])


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret@cache.example.org/0",
        "redis://10.0.0.6:6379",
        "rediss://cache.example.org/0",
    ],
)
def test_n7_a_remote_cache_in_the_clear_or_without_a_password_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"REDIS_URL: .* another machine") as refused:
        require_encrypted_cache("REDIS_URL", url, plain_hosts=["cache"])
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql://a%40b:p%2Fw@%2FVar%2FRun/name", "/Var/Run", ""),
        ("postgresql://a%40b:p%2Fw@[2001:db8::5]:5433/name", "2001:db8::5", 5433),
        ("postgresql://a%40b:p%2Fw@Db.example.org:5433/name?sslmode=require", "Db.example.org", 5433),
    ],
)
def test_a_url_is_read_in_full(url: str, host: str, port: object) -> None:
    assert database_settings(url) == {
        "NAME": "name",
        "USER": "a@b",
        "PASSWORD": "p/w",
        "HOST": host,
        "PORT": port,
    }
    assert libpq_options(url) == ({"sslmode": "require"} if "?" in url else {})


def test_s15_migrations_go_to_the_database_of_their_own_url_and_as_encrypted_as_it_says() -> None:
    urls = {
        "DATABASE_URL": "postgresql://app:one@db.example.org:6432/pooled?sslmode=require",
        "MIGRATION_DATABASE_URL": "postgresql://owner:two@db.example.org/dashtam?sslmode=verify-full",
    }
    show = "from dashtam.settings import MIGRATION_DATABASE as m; print(m['NAME'], m['USER'], m['OPTIONS']['sslmode'])"
    run = subprocess.run(
        [sys.executable, "-c", show],
        cwd=ROOT,
        env={**os.environ, **urls},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["dashtam", "owner", "verify-full"]
    assert database_settings("postgresql://owner:two@db.example.org", name="pooled")["NAME"] == "pooled"
