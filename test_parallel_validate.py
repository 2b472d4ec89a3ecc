"""N browsers at once are N different browsers: nothing one of them knows is known to another.

N is PBAAS_N, else 20 or as many as the service has room for.
"""
import asyncio
import os

import pytest

import processes
from cdp import PAGE_URL, Cdp

WRITE = """(async mark => {
  document.cookie = `mark=${mark}; max-age=3600; secure`;
  localStorage.setItem('mark', mark);
  sessionStorage.setItem('mark', mark);
  const cache = await caches.open('box');
  await cache.put('/mark', new Response(mark));
  await new Promise((done, failed) => {
    const opening = indexedDB.open('box', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('marks').put(mark, 'mark');
    opening.onsuccess = () => { opening.result.close(); done(); };
    opening.onerror = () => failed(opening.error);
  });
  document.title = mark;
})(%r)"""

READ = """(async () => {
  const cached = await (await caches.match('/mark')).text();
  const stored = await new Promise((done, failed) => {
    const opening = indexedDB.open('box', 1);
    opening.onsuccess = () => {
      const get = opening.result.transaction('marks').objectStore('marks').get('mark');
      get.onsuccess = () => done(get.result);
    };
    opening.onerror = () => failed(opening.error);
  });
  return {cookie: document.cookie, local: localStorage.getItem('mark'), session: sessionStorage.getItem('mark'),
          cached, stored, title: document.title, agent: navigator.userAgent, href: location.href,
          keys: localStorage.length};
})()"""


class Tenant:
    """One session with a mark that must be found in it and nowhere else."""

    def __init__(self, service, number):
        self.service, self.mark = service, f"tenant-{number}"
        self.agent = f"Agent/{number}"

    async def create(self):
        self.session = await asyncio.to_thread(
            self.service.create, user_agent=self.agent, metadata={"mark": self.mark})

    async def open(self):
        self.cdp = await Cdp(self.session["connect_url"]).__aenter__()
        self.page, self.target = await self.cdp.new_page()
        self.request = await self.cdp.open_secure(self.page, self.mark)

    async def write(self):
        await self.cdp.evaluate(WRITE % self.mark, self.page)

    async def read(self):
        self.found = await self.cdp.evaluate(READ, self.page)
        self.cookies = (await self.cdp.call("Storage.getCookies"))["cookies"]
        self.targets = (await self.cdp.call("Target.getTargets"))["targetInfos"]
        self.processes = (await self.cdp.call("SystemInfo.getProcessInfo"))["processInfo"]

    async def leave(self):
        if hasattr(self, "cdp"):
            await self.cdp.__aexit__()
        if hasattr(self, "session"):
            await asyncio.to_thread(self.service.end, self.session["id"])


@pytest.fixture(scope="module")
def tenants(service):
    """All at once at every step, so that whatever could cross has the chance to."""
    count = int(os.environ.get("PBAAS_N", min(20, service.capacity() - service.used())))
    made = [Tenant(service, number) for number in range(count)]

    async def together(step):
        done = await asyncio.gather(*[getattr(each, step)() for each in made], return_exceptions=True)
        for failure in [each for each in done if isinstance(each, BaseException)]:
            raise failure

    async def run():
        try:
            for step in ["create", "open", "write", "read"]:
                await together(step)
            made[0].live = processes.browsers(service.run_dir) if hasattr(service, "run_dir") else None
            made[0].used = await asyncio.to_thread(service.used)
        finally:
            await together("leave")
    asyncio.run(run())
    return made


def distinct(tenants, value):
    values = [value(each) for each in tenants]
    assert len(set(values)) == len(tenants), values


def test_there_are_as_many_as_asked_for(tenants):
    assert len(tenants) >= 2
    assert tenants[0].used >= len(tenants)


def test_each_has_its_own_id_guid_and_debug_port(tenants):
    distinct(tenants, lambda each: each.session["id"])
    distinct(tenants, lambda each: each.session["browser_guid"])
    distinct(tenants, lambda each: (each.session["worker"], each.session["debug_port"]))


def test_each_has_its_own_process(tenants):
    for each in tenants:
        assert sum(process["type"] == "browser" for process in each.processes) == 1
    if tenants[0].live is None:
        print("processes are counted by the API alone: the service at PBAAS_URL is not this test's")
        return
    # In a sandbox a browser sees numbers of its own, which are the same in all; they are counted from outside, where
    # there may be spares, too.
    assert len(tenants[0].live) >= len(tenants)


def test_each_keeps_its_own_cookies(tenants):
    for each in tenants:
        assert each.found["cookie"] == f"mark={each.mark}"
        assert [cookie["value"] for cookie in each.cookies] == [each.mark]


@pytest.mark.parametrize("storage", ["local", "session", "cached", "stored"])
def test_each_keeps_its_own_storage(tenants, storage):
    for each in tenants:
        assert each.found[storage] == each.mark
        assert each.found["keys"] == 1


def test_each_has_its_own_user_agent(tenants):
    for each in tenants:
        assert each.found["agent"] == each.agent
        assert each.request["headers"]["User-Agent"] == each.agent


def test_each_sees_its_own_page_alone(tenants):
    everyone = {each.target for each in tenants}
    for each in tenants:
        assert each.found["title"] == each.mark and each.found["href"] == PAGE_URL
        assert {info["targetId"] for info in each.targets} & everyone == {each.target}


def test_each_session_kept_its_own_metadata_and_counts(tenants, service):
    for each in tenants:
        session = service.session(each.session["id"])
        assert session["metadata"] == {"mark": each.mark}
        assert session["status"] == "ended" and session["end_reason"] == "client_request"
        assert session["messages_up"] > 0


def test_nothing_is_left(tenants, service, local):
    service.wait_empty()
    if local:
        local.wait_no_sessions_browser()
