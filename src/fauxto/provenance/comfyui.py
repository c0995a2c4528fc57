"""The two graphs that ComfyUI writes: `prompt` (what was run) and `workflow` (what was on the screen)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fauxto.provenance.fields import PointsTo
from fauxto.provenance.json_text import text_of

_LATENT_INPUTS = ("latent_image", "latent", "samples", "latents", "image", "pixels", "images")
_MAX_NODES = 10_000
_Graph = dict[str, Any]


def is_prompt(graph: _Graph) -> bool:
    """Is it a graph in API form: every node an object with `class_type` and `inputs`?"""
    return bool(graph) and all(
        isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict)
        for node in graph.values()
    )


def is_workflow(graph: _Graph) -> bool:
    """Is it a graph in editor form: a list of nodes with a type, and links?"""
    nodes = graph.get("nodes")
    return (
        isinstance(nodes, list)
        and bool(nodes)
        and isinstance(graph.get("links"), list)
        and all(isinstance(node, dict) and isinstance(node.get("type"), str) for node in nodes)
    )


def read_prompt(graph: _Graph) -> PointsTo:
    """ "edited" when a loaded picture is what the sampler starts from, "generated" otherwise.

    A loaded picture that only steers (ControlNet, IP-Adapter, a face reference) makes no edit.
    """
    samplers = [name for name, node in graph.items() if _is_sampler(node["class_type"])]
    if samplers:
        return "edited" if any(_starts_from_picture(graph, name) for name in samplers) else "generated"
    return "edited" if any(_is_source(node["class_type"]) for node in graph.values()) else "generated"


def read_workflow(graph: _Graph) -> PointsTo:
    """The coarser reading of the editor's graph, which also holds nodes that were never run."""
    kinds = [node["type"] for node in graph["nodes"]]
    if any(_is_sampler(kind) for kind in kinds):
        return "generated"
    return "edited" if any(_is_source(kind) for kind in kinds) else "generated"


def texts(graph: _Graph) -> Iterator[str]:
    """The texts that the user typed into a prompt graph."""
    for node in graph.values():
        text = node["inputs"].get("text")
        if isinstance(text, str) and text.strip():
            yield text


def _is_sampler(kind: str) -> bool:
    return "sampler" in kind.casefold() and "select" not in kind.casefold()


def _is_source(kind: str) -> bool:
    return kind.startswith(("LoadImage", "ETN_LoadImage", "VHS_LoadImage", "LoadVideo"))


def _starts_from_picture(graph: _Graph, sampler: str) -> bool:
    """Follow the latent (and, behind an encoder, the picture) upstream until nothing new is met."""
    pending, seen = [sampler], {sampler}
    while pending and len(seen) < _MAX_NODES:
        node = graph[pending.pop()]
        if _is_source(node["class_type"]):
            return True
        for key in _LATENT_INPUTS:
            link = node["inputs"].get(key)
            source = text_of(link[0]) if isinstance(link, list) and link else ""
            if source in graph and source not in seen:
                seen.add(source)
                pending.append(source)
    return False
