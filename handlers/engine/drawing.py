"""Every flow as a Mermaid flow chart, drawn from its declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handlers.engine.flow import Choose, Do, End, Enter, Flow, Step, targets

HEAD = """\
# The conversations, drawn

Made by `kitline check --write-docs` from the declarations in `handlers/`; `kitline check` fails
when this page is out of date. A rounded box asks with options, a slanted one asks for words of
one's own, a plain one only says something, and at a diamond the way parts without a word.
"""


def drawing(flows: Mapping[str, Flow]) -> str:
    """A page with every flow."""
    return "\n".join([HEAD, *(draw(flow) for flow in flows.values())])


def draw(flow: Flow) -> str:
    """One flow as a Mermaid flow chart."""
    lines = [f"## {flow.name}", "", "```mermaid", "flowchart TD"]
    lines += [f"    {_id(step.name)}{_shape(step)}" for step in flow.steps]
    edges = dict.fromkeys(edge for step in flow.steps for edge in _edges(step))
    others = dict.fromkeys(t for step in flow.steps for t in targets(step) if _is_other(t))
    for other in others:
        name = str(other).removeprefix("flow:")
        lines.append(f'    flow_{name}[["{name}"]]')
    if any(isinstance(target, End) for step in flow.steps for target in targets(step)):
        lines.append('    the_end(("end"))')
    return "\n".join([*lines, *edges, "```", ""])


def _is_other(target: str | End) -> bool:
    return isinstance(target, str) and target.startswith("flow:")


def _id(target: str | End) -> str:
    if isinstance(target, End):
        return "the_end"
    return f"flow_{target.removeprefix('flow:')}" if _is_other(target) else f"s_{target}"


def _shape(step: Step) -> str:
    if isinstance(step, Choose):
        return f'("{step.name}<br/>{" / ".join(step.options)}")'
    if isinstance(step, Do):
        return f'{{"{step.name}"}}'
    return f'[/"{step.name}"/]' if isinstance(step, Enter) else f'["{step.name}"]'


def _edges(step: Step) -> Iterator[str]:
    if isinstance(step, Choose) and isinstance(step.then, Mapping):
        for option, target in step.then.items():
            yield f"    {_id(step.name)} -- {option} --> {_id(target)}"
        return
    for target in targets(step):
        yield f"    {_id(step.name)} --> {_id(target)}"
