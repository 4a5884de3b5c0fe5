"""
A small program that draws a scene from the words of a prompt; no model anywhere.

Pure functions of their arguments: the same prompt and seed give the same bytes. `jobs` has them
for bytes instead of pictures, to be called in a pool of processes.
"""

from mjgate.sandbox.draw.blending import blend, blend_scene
from mjgate.sandbox.draw.clip import clip
from mjgate.sandbox.draw.reading import describe, reference
from mjgate.sandbox.draw.reframe import pan, square, world, zoom
from mjgate.sandbox.draw.retouch import edit, inpaint, retexture, swap
from mjgate.sandbox.draw.scene import Reference, Scene, Step, scene, vary
from mjgate.sandbox.draw.sheets import cut_of, enlarge, grid, tile, upscale

__all__ = [
    "Reference",
    "Scene",
    "Step",
    "blend",
    "blend_scene",
    "clip",
    "cut_of",
    "describe",
    "edit",
    "enlarge",
    "grid",
    "inpaint",
    "pan",
    "reference",
    "retexture",
    "scene",
    "square",
    "swap",
    "tile",
    "upscale",
    "vary",
    "world",
    "zoom",
]
