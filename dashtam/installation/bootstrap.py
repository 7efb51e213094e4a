"""`python3 -m dashtam.installation.bootstrap`: installs everything into `.venv`, given only a Python.

A plain machine's Python may have neither pip nor venv. The lock file pins uv itself, with addresses and
hashes for each platform: fetch that wheel, check it, and let uv do the rest.
"""

import hashlib
import io
import os
import platform
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"


def main() -> int:
    """Install what `uv.lock` says; arguments go to `uv sync`."""
    if sys.version_info < (3, 11):  # noqa: UP036 an older Python gets this far
        print("Dashtam needs Python 3.11 or newer. This is", platform.python_version(), file=sys.stderr)
        return 1
    try:
        uv = _uv()
    except (urllib.error.URLError, OSError) as error:
        print(
            f"Could not fetch the installer: {error}. Check the network and run this again.", file=sys.stderr
        )
        return 1
    options = ["--locked", "--inexact", "--quiet", "--compile-bytecode", "--python", sys.executable]
    command = [str(uv), "sync", *options, *sys.argv[1:]]
    # First with the certificates of this machine (company proxies), then with those uv brings along.
    for system_certificates in ("1", "0"):
        environment = {
            **os.environ,
            "UV_NATIVE_TLS": system_certificates,
            "UV_SYSTEM_CERTS": system_certificates,
        }
        result = subprocess.run(command, cwd=ROOT, env=environment, check=False)  # noqa: S603 pinned by hash
        if result.returncode == 0:
            break
    return result.returncode


def _uv() -> Path:
    installed = VENV / "bin" / "uv"
    fetched = ROOT / ".dashtam" / "bin" / "uv"
    for candidate in (installed, fetched):
        if candidate.exists():
            return candidate
    url, digest = _pinned_wheel()
    with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 an https address from the lock file
        wheel = response.read()
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise OSError("what was fetched is not what the lock file names")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(("/bin/uv", "/scripts/uv")))
        fetched.parent.parent.mkdir(mode=0o700, exist_ok=True)
        fetched.parent.mkdir(exist_ok=True)
        fetched.write_bytes(archive.read(name))
    fetched.chmod(0o755)
    return fetched


def _pinned_wheel() -> tuple[str, str]:
    import tomllib

    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    wheels = next(package["wheels"] for package in lock["package"] if package["name"] == "uv")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    libc = "musllinux" if sys.platform == "linux" and not platform.libc_ver()[0] else "manylinux"
    wanted = libc if sys.platform == "linux" else "macosx"
    for wheel in wheels:
        file = wheel["url"].rpartition("/")[2]
        if wanted in file and (machine in file or (machine == "arm64" and "arm64" in file)):
            return wheel["url"], wheel["hash"].removeprefix("sha256:")
    raise OSError(f"there is no installer for {sys.platform} on {machine}")


if __name__ == "__main__":
    sys.exit(main())
