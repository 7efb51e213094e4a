"""`make faults`: own servers, one fault after the other, and the cost of each.

`make faults ARGS="postgres mail"` takes the faults whose names begin so.
"""

import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from dashtam.installation import embedded, local


def main(wanted: list[str]) -> int:
    """Run the chosen faults; exit status 1 if any data was lost or any part did not recover."""
    kept = local.home()
    own = Path(tempfile.mkdtemp(prefix="dashtam-faults-"))
    for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)  # only this run's own servers may be broken
    os.environ |= {"DASHTAM_HOME": str(own), "DJANGO_SETTINGS_MODULE": "dashtam.settings"}
    local.load_secrets(generate=True)
    local.start_servers()
    os.environ["STACK_DATABASE_URL"] = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = os.environ.pop("MIGRATION_DATABASE_URL")
    import django

    django.setup()
    from tests.faults import kinds

    for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."):
        importlib.import_module(module.name)  # they register themselves
    from tests.faults.rows import FAULTS
    from tests.faults.world import World

    chosen = [each for each in FAULTS if not wanted or each.name.startswith(tuple(wanted))]
    if not chosen:
        print(f"The faults are: {', '.join(each.name for each in FAULTS)}.", file=sys.stderr)
        return 2
    started, results = time.monotonic(), []
    print(f"{'fault':22} {'answers while it lasted':38} {'slowest':>8} {'well after':>10}  lost")
    with World(own) as world:
        for each in chosen:
            results.append(result := suffer(world, each))
            show(result)
    embedded.release(own)
    shutil.rmtree(own, ignore_errors=True)
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    (kept / "faults.json").write_text(json.dumps(results, indent=2) + "\n")
    bad = [result["fault"] for result in results if not result["holds"]]
    print(f"\n{len(results) - len(bad)} of {len(results)} hold, in {time.monotonic() - started:.0f} s.", *bad)
    return 1 if bad else 0


def suffer(world: Any, each: Any) -> dict[str, Any]:
    """Run one fault, wait until all is well again, and count the losses and the bounds that did not hold."""
    world.wait_for_what_was_left_behind()
    world.sign_in_again()
    with world.somebody_reads() as seen:
        try:
            with each.inject(world):
                pass
        except Exception as error:  # noqa: BLE001 the other faults are still to come
            where = traceback.extract_tb(error.__traceback__)[-1]
            world.found.append(f"{type(error).__name__} in {where.name}, line {where.lineno}: {error}")
            world.put_right()
        well_after = world.seconds_until_well()
    lost = [*seen.unexplained[:3], *world.found]
    lost += world.losses() if well_after is not None else ["it did not recover"]
    world.found.clear()
    if other := sorted(set(seen.answers) - each.answers):
        lost.append(f"readers were answered {', '.join(map(str, other))}")
    if seen.worst > each.latest:
        lost.append(f"an answer took more than {each.latest:.1f} s")
    if well_after is not None and well_after > each.well_within:
        lost.append(f"well again only after more than {each.well_within:.0f} s")
    return {
        "fault": each.name,
        "injected": each.words,
        "answers": {str(status): count for status, count in sorted(seen.answers.items())},
        "slowest_answer_seconds": round(seen.worst, 2),
        "seconds_until_well": None if well_after is None else round(well_after, 1),
        "lost": lost,
        "holds": not lost,
    }


def show(result: dict[str, Any]) -> None:
    """A line for a person."""
    answers = ", ".join(f"{n}×{status}" for status, n in result["answers"].items())
    well = "never" if result["seconds_until_well"] is None else f"{result['seconds_until_well']:.1f} s"
    lost = "; ".join(result["lost"]) or "nothing"
    line = f"{result['fault']:22} {answers:38} {result['slowest_answer_seconds']:6.2f} s {well:>10}  {lost}"
    print(line, f"\n  {result['injected']}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
