import time, os
from pathlib import Path
import pytest_twisted
from tests.browser.conftest import *

def cpu(pid):
    f = Path(f"/proc/{pid}/stat").read_text().rsplit(")",1)[1].split()
    return (int(f[11])+int(f[12]))/os.sysconf("SC_CLK_TCK")

@pytest_twisted.ensureDeferred
async def test_cost(chromium, bare_url, tmp_path):
    pid = chromium._pipe.transport.pid
    def lap(what, n=10):
        nonlocal t, c
        now, used = time.time(), cpu(pid)
        print(f"{what}: wall {(now-t)/n:.3f} browser cpu {(used-c)/n:.3f}")
        t, c = time.time(), cpu(pid)
    t, c = time.time(), cpu(pid)
    for _ in range(10):
        ctx = (await chromium.send("Target.createBrowserContext"))["browserContextId"]
        await chromium.send("Target.disposeBrowserContext", browserContextId=ctx)
    lap("context")
    for _ in range(10):
        ctx = (await chromium.send("Target.createBrowserContext"))["browserContextId"]
        await chromium.send("Target.createTarget", url="about:blank", browserContextId=ctx)
        await chromium.send("Target.disposeBrowserContext", browserContextId=ctx)
    lap("context+target")
    for _ in range(10):
        p = await chromium.open_page()
        await chromium.dispose(p)
    lap("open_page")
    p = await chromium.open_page()
    await p.goto(bare_url)
    lap("first",1)
    for _ in range(10):
        await p.goto(bare_url)
    lap("goto")
    for _ in range(10):
        await p.screenshot(tmp_path/"a.png")
    lap("shot pc")
    await p.views.phone()
    await p.goto(bare_url)
    lap("phone",1)
    for _ in range(10):
        await p.screenshot(tmp_path/"a.png")
    lap("shot phone")
    for _ in range(100):
        await p.evaluate("1+1")
    lap("evaluate",100)
    a = await p.add_authenticator()
    lap("auth",1)
    import asyncio
    from twisted.internet.task import deferLater
    from twisted.internet import reactor
    await deferLater(reactor, 3)
    lap("idle 1 page 3s",1)
    await chromium.dispose(p)
