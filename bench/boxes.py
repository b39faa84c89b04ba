"""What a frame costs viser's page: as many boxes as it can be given, looked at from a moving eye."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bench.latency import until

BOXES = 100_000
_SIDE = 316  # boxes in a row, so that rows are about as many

#: The corners of a unit box and its twelve triangles, as indices of corners.
_CORNERS = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
_FACES = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
          (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)]


async def of_viser(new_page: Callable[[], Awaitable[Any]], throttle: int) -> list[float]:
    """Return ms of script per frame of viser, which must be installed, its processor slowed `throttle` times.

    The page must have `bench.page.SCRIPT_ONLY`. Boxes are one batch, the way that viser has for many;
    draws are dropped once all is there, and the eye goes round by a few degrees a second.
    """
    import numpy as np
    import viser

    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    try:
        index = np.arange(BOXES)
        places = np.stack([index % _SIDE, index // _SIDE, np.zeros(BOXES)], axis=1).astype(np.float32)
        turns = np.zeros((BOXES, 4), np.float32)
        turns[:, 0] = 1
        server.scene.add_batched_meshes_simple(
            "/boxes", np.array(_CORNERS, np.float32), np.array(_FACES, np.uint32), turns, places * 2)
        page = await new_page()
        page.set_default_timeout(120_000)
        await page.goto(f"http://127.0.0.1:{server.get_port()}/")
        await until(page, "window.frameCosts.length > 20")
        (client,) = server.get_clients().values()
        await page.evaluate("window.dropDraws = true")
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
        for step in range(200):
            if step == 40:  # warm by now
                await page.evaluate("window.frameCosts.length = 0")
            angle = step * 0.02
            with client.atomic():
                client.camera.position = (_SIDE + 500 * np.cos(angle), _SIDE + 500 * np.sin(angle), 200.0)
                client.camera.look_at = (float(_SIDE), float(_SIDE), 0.0)
            await asyncio.sleep(0.05)
        found = [float(cost) for cost in await page.evaluate("window.frameCosts")]
        await page.context.close()
        return found
    finally:
        server.stop()
