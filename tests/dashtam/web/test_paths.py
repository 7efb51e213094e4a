"""Paths for programs."""

from dashtam.web.paths import ProgramPaths


def test_only_what_is_registered_is_for_programs() -> None:
    paths = ProgramPaths()
    paths.register("/feed/", cookieless=True)
    paths.register("/alive", probe=True)
    assert [paths.for_programs(path) for path in ("/feed/1", "/alive", "/accounts")] == [True, True, False]
    assert [paths.without_cookies(path) for path in ("/feed/1", "/alive")] == [True, False]
    assert [paths.is_probe(path) for path in ("/alive", "/alive/not", "/feed/1")] == [True, False, False]
