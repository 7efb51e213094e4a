"""Path prefixes that programs call instead of people; each app registers its own from `AppConfig.ready`."""


class ProgramPaths:
    """Everything that is registered here answers errors as problem+json. All other paths are pages."""

    def __init__(self) -> None:
        self.programs: tuple[str, ...] = ()
        self.cookieless: tuple[str, ...] = ()
        self.probes: tuple[str, ...] = ()
        self.uploads: tuple[str, ...] = ()
        self.hostless: tuple[str, ...] = ()
        self.hashed: frozenset[str] = frozenset()

    def register(self, *prefixes: str, cookieless: bool = False, probe: bool = False) -> None:
        """Add prefixes.

        `cookieless` ones never read the browser's cookies: sessions, CSRF and messages are passed by. A `probe` is
        asked from inside, past the proxy, and therefore answers over plain http too, at exactly this path.
        """
        self.programs += prefixes
        if cookieless:
            self.cookieless += prefixes
        if probe:
            self.probes += prefixes

    def allow_files(self, *paths: str) -> None:
        """Read bodies of up to MAX_BODY_BYTES at exactly these paths, of pages or programs."""
        self.uploads += paths

    def allow_any_host(self, *paths: str) -> None:
        """Answer at exactly these paths whatever the Host header: balancers ask by IP address.

        Nothing there may depend on the host, or tell what a page of another site must not know (DNS rebinding).
        """
        self.hostless += paths

    def hash_for_strangers(self, *paths: str) -> None:
        """Have POST to exactly these paths wait for a password hash; it is refused while too many do."""
        self.hashed |= {*paths}

    def for_programs(self, path: str) -> bool:
        """Return True if errors at this path are problem+json."""
        return path.startswith(self.programs)

    def without_cookies(self, path: str) -> bool:
        """Return True if a request to this path is authenticated by its headers alone."""
        return path.startswith(self.cookieless)

    def is_probe(self, path: str) -> bool:
        """Return True for the exact path of a health check or of the metrics."""
        return path in self.probes

    def takes_any_host(self, path: str) -> bool:
        """Return True if the Host header does not count at this exact path."""
        return path in self.hostless

    def takes_files(self, path: str) -> bool:
        """Return True if files may be sent to this exact path."""
        return path in self.uploads


API = "/api/"
program_paths = ProgramPaths()
