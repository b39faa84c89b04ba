from __future__ import annotations

import math
from typing import NamedTuple

import moderngl
import numpy as np
import pytest
from native_scene import CHROMIUM_FLAGS, chromium, opengl, random_nodes

from xrserver import resources, spaces
from xrserver.columns import RANK_END, STRATA, Flag
from xrserver.native.moment import COLOURINGS, Moment
from xrserver.native.offscreen import Offscreen, create_context
from xrserver.native.pools import WIDTH, Pool
from xrserver.native.programs import TEXTURES, source
from xrserver.native.renderer import Renderer
from xrserver.spaces import Pose

PROGRAMS = [
    *(("walls", (colouring.upper(),)) for colouring in COLOURINGS),
    *((body, ()) for body in ("roofs", "plates", "mark", "pick", "sky", "foot", "overlay", "names")),
]
HEAD = 40
EYE = Pose((0.0, 0.0, 0.0))

COMPILE = """(programs) => {
  const gl = document.createElement("canvas").getContext("webgl2");
  const complaints = [];
  for (const [name, ...stages] of programs) {
    const program = gl.createProgram();
    stages.forEach((text, i) => {
      const shader = gl.createShader(i ? gl.FRAGMENT_SHADER : gl.VERTEX_SHADER);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      const compiled = gl.getShaderParameter(shader, gl.COMPILE_STATUS);
      if (!compiled) complaints.push(name + gl.getShaderInfoLog(shader));
      gl.attachShader(program, shader);
    });
    gl.linkProgram(program);
    const linked = gl.getProgramParameter(program, gl.LINK_STATUS);
    if (!linked) complaints.push(name + gl.getProgramInfoLog(program));
  }
  return complaints;
}"""


async def test_every_program_compiles_and_links_in_webgl2():
    browser_path = chromium()
    from playwright.async_api import async_playwright

    programs = [
        [body, source(body, *defines, "VERTEX", preamble="es"), source(body, *defines, preamble="es")]
        for body, defines in PROGRAMS
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        try:
            assert await (await browser.new_page()).evaluate(COMPILE, programs) == []
        finally:
            await browser.close()


@pytest.mark.parametrize("body, defines", PROGRAMS)
def test_every_program_compiles_and_links_in_opengl_3_3(body, defines):
    opengl()
    context = create_context()
    context.program(source(body, *defines, "VERTEX"), source(body, *defines)).release()
    context.release()


def test_only_the_preambles_know_which_opengl_they_are_in():
    bodies = [
        file for file in resources.folder("shaders").glob("*.glsl") if not file.name.startswith("preamble")
    ]
    assert len(bodies) >= 9
    for file in bodies:
        text = file.read_text("utf-8")
        assert "#version" not in text and "precision " not in text and "GL_ES" not in text


# --- the rules of time, against a plain twin ----------------------------------------------------


def smooth(k):
    return k * k * (3 - 2 * k)


def stands(spans, rank, fraction, easing):
    """What CONVENTIONS' rules of time say of one node: None, or (position, size, strata)."""
    changing = fraction > 1 - easing
    k = smooth((fraction - 1 + easing) / easing) if changing else 0.0
    known = [span for span in spans if span["birth"] <= (rank + 1 if changing else rank)]
    if not known:
        return None
    span = known[-1]
    flags = int(span["traits"]) >> 8 & 255
    state = [np.append(span["position1"], 0), np.append(span["size1"], span["value1"])]
    if span["birth"] == rank + 1:
        if flags & Flag.ENTERS:
            state[1][1] *= k
        elif flags & Flag.EASED:
            before = [np.append(span["position0"], 0), np.append(span["size0"], span["value0"])]
            state = [a * (1 - k) + b * k for a, b in zip(before, state, strict=True)]
    elif span["death"] <= rank:
        return None
    elif changing and span["death"] == rank + 1:
        if not flags & Flag.LEAVES:
            return None
        state[1][1] *= 1 - k
    return state[0][:3], state[1][:3], state[1][3]


class Corners(NamedTuple):
    """What the vertex stage makes of eight corners of each node."""

    clip: np.ndarray
    place: np.ndarray
    strata: np.ndarray
    warmth: np.ndarray


@pytest.fixture(scope="module")
def stage():
    """The vertex stage alone, its outputs written into a buffer."""
    opengl()
    context = create_context()
    context.simple_framebuffer((1, 1)).use()  # without a framebuffer nothing runs
    nodes, spans, strata = random_nodes(150, HEAD)
    renderer = Renderer(context)
    renderer.add("t", spans, nodes, strata)
    renderer.show(("t",))
    program = context.program(
        vertex_shader=source("walls", "VERTEX"), varyings=["vBays", "vOwn", "gl_Position"]
    )
    array = context.vertex_array(program, [])
    buffer = context.buffer(reserve=8 * renderer.drawn * 12 * 4)
    rows = [row for node in nodes["node"].tolist() for row in renderer._pages.find([node])]
    assert sorted(set(rows)) == sorted(rows) and len(rows) == len(nodes) < renderer.drawn
    projection = spaces.perspective(1.0, 1.0, 0.1, 1000.0)

    def run(rank, fraction, easing, glow=0.1):
        moment = Moment(Pose((0, 0, 0)), rank, fraction, easing, glow, HEAD)
        for unit, name in enumerate(TEXTURES):
            if name in program:
                program[name] = unit
        renderer._use_textures()
        renderer._uniforms.set(program, renderer._values(moment, EYE, projection))
        array.transform(buffer, moderngl.POINTS, vertices=8 * renderer.drawn)
        found = np.frombuffer(buffer.read(), np.float32).reshape(-1, 8, 12)[rows]
        clip = found[:, :, 8:]
        # The eye is at the origin and looks along −z: this is where in the scene the corners are.
        corners = clip[:, :, [0, 1, 3]] / [projection[0], projection[5], -1.0]
        return Corners(clip, corners, found[:, :, 3], found[:, :, 7])

    yield nodes, spans, run
    context.release()


@pytest.mark.parametrize("easing", (1e-6, 0.25, 0.7, 1.0))
def test_what_stands_at_any_playhead_is_what_the_rules_of_time_say(stage, easing):
    nodes, spans, run = stage
    shown = eased = 0
    for rank in range(0, HEAD + 1, 3):
        for fraction in (0.0, 0.1, 0.5, 0.74, 0.76, 0.875, 0.999):
            got = run(rank, fraction, easing)
            for row, node in enumerate(nodes):
                own = spans[node["first_span"] : node["first_span"] + node["span_count"]]
                expected = stands(own, rank, fraction, easing)
                if expected is None:
                    assert np.all(got.clip[row] == (2, 2, 2, 1))
                    continue
                position, size, strata = expected
                corners, clip = got.place[row], got.clip[row]
                low, high = corners.min(axis=0), corners.max(axis=0)
                assert np.allclose(low, position - [size[0] / 2, 0, size[2] / 2], atol=2e-4)
                assert np.allclose(high - low, size, atol=4e-4)
                assert np.allclose(got.strata[row], max(strata, 1e-3), atol=1e-4)
                assert not np.all(clip == (2, 2, 2, 1))
                shown += 1
                eased += fraction > 1 - easing
    assert shown > 5_000 and (easing < 0.01 or eased > 1_000)


def test_at_whole_ranks_the_picture_does_not_depend_on_easing(stage):
    _, _, run = stage
    for rank in (0, 7, HEAD):
        still = run(rank, 0.0, 1e-6)
        for easing in (0.3, 1.0):
            again = run(rank, 0.0, easing)
            assert all(np.array_equal(a, b) for a, b in zip(again, still, strict=True))


def test_glow_fades_with_the_distance_to_the_birth_of_what_stands(stage):
    nodes, spans, run = stage
    got = run(20, 0.5, 1e-6, glow=0.25)
    for row, node in enumerate(nodes):
        own = spans[node["first_span"] : node["first_span"] + node["span_count"]]
        if stands(own, 20, 0.5, 1e-6) is not None:
            birth = max(span["birth"] for span in own if span["birth"] <= 20)
            # Warmth is what is seen of glow: its cube.
            assert got.warmth[row, 0] == pytest.approx(math.exp(-3 * (20.5 - birth) * 0.25), rel=1e-4)


# --- pools and picking ----------------------------------------------------------------------------


def test_a_pool_holds_what_was_added_while_others_come_and_go():
    opengl()
    context = create_context()
    chance = np.random.default_rng(3)
    pool, held = Pool(context, 4, 5), {}
    for turn in range(60):
        if held and chance.random() < 0.4:
            number = list(held)[int(chance.integers(len(held)))]
            del held[number]
            pool.remove(number)
        else:
            records = chance.integers(0, 2**32, (int(chance.integers(1, 3000)), 20), dtype=np.uint32)
            held[pool.add(records.view([("record", "<u4", 20)])[:, 0])] = records
        if turn % 10 == 9:
            texels = np.frombuffer(pool.texture.read(), np.uint32).reshape(-1, 4)
            for number, records in held.items():
                assert np.array_equal(
                    texels[5 * number : 5 * (number + len(records))].reshape(-1, 20), records
                )
    rows = pool.texture.size[1]
    assert rows * WIDTH < 6 * sum(5 * len(records) for records in held.values()) + 40 * WIDTH
    context.release()


def test_picking_finds_node_floor_and_place_and_nothing_in_the_sky():
    opengl()
    backend = Offscreen((64, 64))
    nodes, spans, strata = random_nodes(1, HEAD)
    spans = spans[:1].copy()
    spans["birth"], spans["death"], spans["traits"], spans["value1"] = 0, RANK_END, 1 << 16, 5
    spans["position1"], spans["size1"] = (0, 0, -20), (4, 10, 4)
    nodes["span_count"], nodes["node"] = 1, 84
    renderer = Renderer(backend.context)
    renderer.add("t", spans, nodes, strata)
    renderer.show(("t",))
    # The scene twice as large in the world, and moved: places come back in scene space.
    moment = Moment(Pose((0, -10, 0), scale=2.0), 5, 0.0, 1e-6, 0.1, HEAD)
    projection = spaces.perspective(1.0, 1.0, 0.1, 200.0)
    pixel = (1 / 64, 1 / 64)
    for height in (1.0, 5.0, 9.0):
        y = (2 * height - 10) / 36 / math.tan(0.5)
        found = renderer.pick(moment, EYE, projection, 0.0, y, pixel)
        assert found is not None and found.node == 84 and found.floor == int(height / 2)
        assert found.point == pytest.approx((0, height, -18), abs=0.02)
    assert renderer.pick(moment, EYE, projection, 0.9, 0.9, pixel) is None
    backend.context.release()


def test_what_is_marked_is_outlined_and_the_floor_pointed_at_is_a_band():
    opengl()
    backend = Offscreen((96, 96))
    nodes, spans, strata = random_nodes(2, HEAD)
    spans = spans[:2].copy()
    spans["birth"], spans["death"], spans["traits"], spans["value1"] = 0, RANK_END, 1 << 16, 5
    spans["position1"], spans["size1"] = [(-6, 0, -30), (6, 0, -30)], (8, 20, 8)
    nodes["first_span"], nodes["span_count"], nodes["node"] = (0, 1), 1, (84, 86)
    renderer = Renderer(backend.context)
    renderer.set_bounds((-100, 0, -100, 100, 60, 100))
    renderer.add("t", spans, nodes, strata)
    renderer.show(("t",))

    def picture(**marks):
        backend.begin_frame()
        view = backend.views(0.1, 100.0)[0]
        view.target.use()
        view.target.clear()
        moment = Moment(Pose((0, -10, 0)), 5, 0.0, 1e-6, 0.1, HEAD, **marks)
        renderer.draw(moment, EYE, spaces.perspective(1.0, 1.0, 0.1, 100.0))
        backend.end_frame()
        return np.asarray(backend.image()).astype(int)

    def changed(**marks):
        return np.abs(picture(**marks) - picture()).max(axis=2) > 12

    assert not changed(selected=12).any(), "who is not drawn"
    outline = changed(selected=84)
    assert outline[:, :48].any() and not outline[:, 49:].any(), "the other building is left alone"
    # Its face is from x = 48 − 34 to 48 − 7, 67 tall: the middle keeps its colours.
    assert outline[:, 14:18].any(axis=1).sum() > 50 and not outline[30:66, 24:36].any()
    assert not changed(hovered=86)[30:66, 62:74].any()
    band = changed(hovered=86, floor=2)[:, 62:74].all(axis=1)
    assert 8 <= np.count_nonzero(band[20:76]) <= 20 and band[48]
    backend.context.release()


@pytest.mark.parametrize("strata", (40, 300, 3000))
def test_nothing_flickers_when_the_eye_moves_slowly(strata):
    opengl()
    backend = Offscreen((160, 200))
    nodes, spans, _ = random_nodes(1, HEAD)
    spans = spans[:1].copy()
    spans["birth"], spans["death"], spans["traits"], spans["value1"] = 0, RANK_END, 1 << 16, strata
    spans["position1"], spans["size1"] = (0, 0, -40), (16, 60, 16)
    nodes["span_count"], nodes["stratum_count"] = 1, strata
    chance = np.random.default_rng(1)
    floors = np.array([(0, author) for author in chance.integers(0, 4, strata)], STRATA.dtype)
    renderer = Renderer(backend.context)
    renderer.set_bounds((-100, 0, -100, 100, 60, 100))
    renderer.set_people(np.array([0xFF0000, 0x00FF00, 0x2060FF, 0xFFFFFF], np.uint32), (0x808080,) * 12)
    renderer.add("t", spans, nodes, floors)
    renderer.show(("t",))
    moment = Moment(Pose((0, 0, 0)), HEAD, 0.0, 1e-6, 1.0, HEAD)
    projection = spaces.perspective(1.4, 0.8, 0.1, 300.0)
    frames = []
    for step in range(12):
        backend.begin_frame()
        view = backend.views(0.1, 300.0)[0]
        view.target.use()
        view.target.clear()
        renderer.draw(moment, Pose((9.0 + 0.013 * step, 31.0 + 0.031 * step, 12.0 - 0.05 * step)), projection)
        backend.end_frame()
        frames.append(np.asarray(backend.image()).astype(float))
    film = np.array(frames)
    facade = film[:, 60:150, 60:90]
    assert facade.std(axis=(1, 2)).mean() > 3, "the floors are not to be seen"
    # What moves changes steadily; what flickers goes there and back again.
    flicker = np.abs(film[2:] - 2 * film[1:-1] + film[:-2]).max(axis=-1)
    assert flicker.mean() < 1.5 and (flicker > 40).mean() < 0.004
    backend.context.release()
