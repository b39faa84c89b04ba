"""A page that nobody listens to while it is measured.

Playwright asks its browser for every frame of every WebSocket of its pages: for 24 MB that takes five times
as long as to receive them. A page opened here is the browser's, but not one of Playwright's: only what it is
asked is said of it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self


class QuietPage:
    """A page of a Playwright browser in a context of its own, reached by DevTools messages alone."""

    def __init__(self, devtools: Any, context: str) -> None:
        self._devtools = devtools
        self._context = context
        self._session = ""
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        devtools.on("Target.receivedMessageFromTarget", self._answered)

    @classmethod
    async def open(cls, browser: Any, script: str = "", *, agent: str | None = None, width: int = 640,
                   height: int = 360) -> Self:
        """Open an empty page of `width` × `height` pixels that runs `script` before each document's own.

        Parameters
        ----------
        browser
            A Chromium launched by Playwright.
        script
            JavaScript.
        agent
            The user agent that it says it is; its own where None.
        """
        devtools = await browser.new_browser_cdp_session()
        context = (await devtools.send("Target.createBrowserContext"))["browserContextId"]
        page = cls(devtools, context)
        empty = {"url": "about:blank", "browserContextId": context}
        target = (await devtools.send("Target.createTarget", empty))["targetId"]
        # Playwright hands on only its own sessions: another's messages travel within messages.
        attached = await devtools.send("Target.attachToTarget", {"targetId": target, "flatten": False})
        page._session = attached["sessionId"]
        await page.send("Page.enable")
        await page.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                        mobile=False)
        if agent is not None:
            await page.send("Emulation.setUserAgentOverride", userAgent=agent)
        if script:
            await page.send("Page.addScriptToEvaluateOnNewDocument", source=script)
        return page

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the page by a DevTools method; return what it answers.

        Raises
        ------
        RuntimeError
            The browser refused, in its own words.
        """
        number = len(self._asked)
        self._asked[number] = answered = asyncio.get_running_loop().create_future()
        message = json.dumps({"id": number, "method": method, "params": parameters})
        await self._devtools.send("Target.sendMessageToTarget",
                                  {"sessionId": self._session, "message": message})
        answer = await answered
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    async def goto(self, url: str) -> None:
        """Go to `url`; its document may not be there yet when this returns."""
        await self.send("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression is in the page, once it is where it is a promise.

        Raises
        ------
        RuntimeError
            It threw.
        """
        answer = await self.send("Runtime.evaluate", expression=expression, awaitPromise=True,
                                 returnByValue=True)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise RuntimeError(thrown.get("exception", {}).get("description", thrown["text"]))
        return answer["result"].get("value")

    async def close(self) -> None:
        """Close the page, and its context with it."""
        await self._devtools.send("Target.disposeBrowserContext", {"browserContextId": self._context})
        await self._devtools.detach()

    def _answered(self, event: dict[str, Any]) -> None:
        answer = json.loads(event["message"])
        if "id" in answer:
            self._asked[answer["id"]].set_result(answer)
