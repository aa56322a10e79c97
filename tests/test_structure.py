"""Guards the rules of the house: layers, settings, heads, transcripts, sizes, clocks, paths."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from bot.__main__ import cli
from bot.commands.checks import raw_texts
from bot.config import Settings
from content import library
from handlers.contents import FLOWS

TOP = Path(__file__).resolve().parents[1]
PACKAGES = ("bot", "handlers", "content", "db")
MOST_LINES = 400
LISTS = {"db/models.py", "db/tables.py"}  # declarations only, read one noun at a time
# The machine these files were written on must not show in them. Spelt so as not to find itself.
MACHINE_PATHS = r"(^|[^[:alnum:]_./-])/(wor" + r"k|roo" + r"t)/"


def modules() -> list[Path]:
    """Every module of the four packages but generated migrations."""
    found = (path for package in PACKAGES for path in (TOP / package).rglob("*.py"))
    return sorted(path for path in found if "versions" not in path.parts)


def short(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def git(*command: str) -> list[str]:
    if not (TOP / ".git").exists():
        pytest.skip("not a git clone")
    run = subprocess.run(["git", *command], cwd=TOP, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stderr  # 1: grep found nothing
    return run.stdout.splitlines()


# --- layers ------------------------------------------------------------------------------------


def test_arrows_go_down_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TOP)
    assert lint_imports(config_filename=str(TOP / "pyproject.toml"), no_cache=True) == 0


# --- settings ----------------------------------------------------------------------------------


def documented_settings(text: str) -> dict[str, str]:
    """Each setting of .env.example with the comment right above it."""
    found, above = {}, ""
    for line in text.splitlines():
        if setting := re.match(r"#?\s?([A-Z][A-Z0-9_]+)=", line):
            found[setting.group(1)] = above
        above = line.removeprefix("#").strip() if line.startswith("# ") else above
        above = "" if not line.strip() else above
    return found


def test_every_setting_is_in_env_example_with_its_meaning() -> None:
    documented = documented_settings((TOP / ".env.example").read_text("utf-8"))
    assert set(documented) == {name.upper() for name in Settings.model_fields}
    assert [name for name, meaning in documented.items() if len(meaning.split()) < 3] == []


def test_a_setting_without_meaning_would_be_seen() -> None:
    text = "# Where to listen, by default here.\nHOST=\n\nPORT=8000\n# A phone\n# TWILIO_FROM=\n"
    assert documented_settings(text) == {
        "HOST": "Where to listen, by default here.",
        "PORT": "",
        "TWILIO_FROM": "A phone",
    }


# --- texts and transcripts ---------------------------------------------------------------------


@pytest.mark.parametrize("locale", library.locales())
def test_every_text_file_has_its_head(locale: str) -> None:
    without = [name for name, raw in raw_texts(locale).items() if "\n+++\n" not in raw]
    assert without == []


def flows_named(transcript: str) -> set[str]:
    """The flows that a transcript says it goes through."""
    named = re.findall(r"(?m)^# flows:(.*)$", transcript)
    return {flow for line in named for flow in re.split(r"[\s,]+", line.strip()) if flow}


def test_every_flow_has_a_transcript() -> None:
    scripts = [path.read_text("utf-8") for path in (TOP / "tests/transcripts").glob("*.txt")]
    named: set[str] = set().union(*map(flows_named, scripts))
    assert sorted(set(FLOWS) - named) == [], "flows without a transcript"
    assert sorted(named - set(FLOWS)) == [], "transcripts of flows that are not there"


def test_flows_are_read_from_the_top_of_a_transcript() -> None:
    assert flows_named("# J1\n# flows: consent, request_kit\n\namy > KIT\n") == {
        "consent",
        "request_kit",
    }


# --- modules -----------------------------------------------------------------------------------


def test_no_module_is_too_long_to_read_in_one_sitting() -> None:
    lines = {short(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: n for name, n in lines.items() if n > MOST_LINES and name not in LISTS} == {}


def forbidden_calls(source: str) -> set[str]:
    """Calls that belong to one module only: the clock's, and print."""
    names = {ast.unparse(n.func) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)}
    clock = re.compile(r"(?:.*\.)?(?:datetime\.now|datetime\.today|date\.today|utcnow)|time\.time")
    return {name for name in names if clock.fullmatch(name) or name == "print"}


def test_only_the_clock_asks_for_the_time_and_nothing_prints() -> None:
    found = {short(path): forbidden_calls(path.read_text("utf-8")) for path in modules()}
    assert {name: calls for name, calls in found.items() if calls and name != "bot/clock.py"} == {}


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now(UTC)",
        "dt.datetime.now()",
        "datetime.utcnow()",
        "date.today()",
        "time.time()",
        "print('here')",
    ],
)
def test_a_forbidden_call_is_seen(line: str) -> None:
    assert forbidden_calls(f"def f():\n    return {line}\n")
    assert not forbidden_calls("clock.now(); work.now; typer.echo(1)")


# --- the command line --------------------------------------------------------------------------


def commands() -> set[str]:
    """Every command, "group command" for those in a group."""
    found = set()
    groups = [("", cli)] + [(f"{g.name} ", g.typer_instance) for g in cli.registered_groups]
    for prefix, group in groups:
        for command in group.registered_commands if group else []:
            name = command.name or (command.callback.__name__ if command.callback else "")
            found.add(prefix + name.replace("_", "-").strip("-"))
    return found


def test_every_command_is_in_the_docs() -> None:
    pages = [TOP / "README.md", *(TOP / "docs").rglob("*.md")]
    written = "\n".join(page.read_text("utf-8") for page in pages if page.exists())
    unwritten = [
        name for name in sorted(commands()) if not re.search(rf"kitline {name}(?![\w-])", written)
    ]
    assert unwritten == []


# --- what git holds ----------------------------------------------------------------------------


def test_no_file_shows_the_machine_it_was_written_on() -> None:
    assert git("grep", "-IlE", MACHINE_PATHS) == []


def test_no_lock_file_names_a_registry() -> None:
    tracked = git("ls-files")
    assert [name for name in tracked if Path(name).name in ("uv.lock", "package-lock.json")] == []
    assert git("check-ignore", "uv.lock") == ["uv.lock"]
