"""The licence of every package that is installed with Kitline, as a page: python -m tools.licences.

Read from the packages' own metadata, so the page is as right as they are.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageMetadata, distribution
from pathlib import Path

from packaging.requirements import Requirement

HEAD = """# Licences of the dependencies

Made by `make docs` from the packages' own metadata; `constraints.txt` has the versions. Kitline is
AGPL-3.0-or-later ([decision 1](decisions/0001-licence.md)); everything below may be combined with
it. Open data shipped with the code: [db/reference/LICENCES.md](../db/reference/LICENCES.md).
"""
LONG = 60


def main() -> None:
    """Print the page."""
    runs = needed("kitline", set())
    develops = needed("kitline", {"dev"}) - runs
    page = (
        f"{HEAD}\n## Needed to run ({len(runs)})\n\n{table(runs)}\n"
        f"\n## Needed to develop ({len(develops)})\n\n{table(develops)}\n"
    )
    sys.stdout.write(page)


def needed(name: str, extras: set[str]) -> set[str]:
    """The names of everything a package needs, itself not counted, on this machine."""
    found: set[str] = set()
    waiting = [(name, frozenset(extras))]
    seen = set(waiting)
    while waiting:
        package, wanted = waiting.pop()
        for line in distribution(package).requires or ():
            need = Requirement(line)
            if need.marker and not any(need.marker.evaluate({"extra": e}) for e in (*wanted, "")):
                continue
            found.add(plain(need.name))
            following = (plain(need.name), frozenset(need.extras))
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return found - {name}


def plain(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def table(names: set[str]) -> str:
    """The packages, one a row."""
    rows = [f"| {name} | {licence(distribution(name))} |" for name in sorted(names)]
    return "\n".join(["| package | licence |", "|---|---|", *rows])


def licence(package: Distribution) -> str:
    """What a package says of its licence: the modern field, the classifiers, or the old field."""
    metadata: PackageMetadata = package.metadata
    if "License-Expression" in metadata:
        return str(metadata["License-Expression"])
    classifiers = [
        line.split(" :: ")[-1]
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    said = "".join(metadata.get_all("License") or ()).strip().splitlines()
    if classifiers:
        return ", ".join(classifiers)
    if said and len(said[0]) <= LONG:
        return said[0]
    files = [Path(str(f)).name for f in package.files or () if "licen" in str(f).lower()]
    return f"see its {files[0]}" if files else "not said"


if __name__ == "__main__":
    main()
