// Every way the client libraries have to reach a browser by URL.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { startThroughService } from './support/browsers.js';
import { startService } from './support/service.js';

let service;
before(async () => { service = await startService(); });
after(() => service.stop());

async function sessionNow(id) {
  return (await fetch(`${service.url}/session/${id}`)).json();
}

async function until(condition) {
  for (const deadline = Date.now() + 5000; Date.now() < deadline;) {
    if (await condition()) return;
    await new Promise(done => setTimeout(done, 20));
  }
  assert.fail('not within 5 s');
}

async function runningSessions() {
  return (await (await fetch(`${service.url}/session?status=running`)).json()).sessions.length;
}

const PLAYWRIGHT_URLS = {
  'by http URL': place => place.http,
  'by http URL with a trailing slash': place => `${place.http}/`,
  'by http URL that ends in /json/version': place => `${place.http}/json/version`,
  'by http URL that ends in /json/version/': place => `${place.http}/json/version/`,
  'by ws URL': place => place.ws,
  'by ws URL with a query': place => `${place.ws}?x=y`,
  'by the browser endpoint': place => `${place.ws}/devtools/browser/${place.session.browser_guid}`,
};

for (const [title, url] of Object.entries(PLAYWRIGHT_URLS)) {
  test(`Playwright connects ${title}`, async () => {
    const place = await startThroughService(service, 'headless-shell');
    const browser = await chromium.connectOverCDP(url(place));
    const page = await (await browser.newContext()).newPage();
    assert.equal(await page.evaluate(() => 6 * 7), 42);
    await browser.close();
    assert.equal((await sessionNow(place.session.id)).status, 'running', 'its close() leaves the session');
    assert.equal((await place.close()).end_reason, 'client_request');
  });
}

test('Playwright sees the default context of the session', async () => {
  const place = await startThroughService(service, 'headless-shell');
  const browser = await chromium.connectOverCDP(place.http);
  assert.equal(browser.contexts().length, 1);
  await browser.close();
  await place.close();
});

test('Playwright connect() is told to use connectOverCDP', async () => {
  const place = await startThroughService(service, 'headless-shell');
  await assert.rejects(chromium.connect(place.ws, { timeout: 10_000 }), /400[\s\S]*connectOverCDP/);
  await place.close();
});

test('Playwright is shown why a session is over', async () => {
  const place = await startThroughService(service, 'headless-shell');
  await place.close();
  await assert.rejects(chromium.connectOverCDP(place.ws), /410[\s\S]*client_request/);
});

test('Puppeteer connects by browserWSEndpoint, leaves, and comes back to its page', async () => {
  const place = await startThroughService(service, 'headless-shell');
  const first = await puppeteer.connect({ browserWSEndpoint: place.ws });
  await (await first.newPage()).goto('data:text/html,<title>kept</title>');
  await first.disconnect();
  const second = await puppeteer.connect({ browserWSEndpoint: place.ws });
  const titles = await Promise.all((await second.pages()).map(page => page.title()));
  assert.ok(titles.includes('kept'), titles);
  await second.disconnect();
  await place.close();
});

test('Puppeteer close() ends the session', async () => {
  const place = await startThroughService(service, 'headless-shell');
  const browser = await puppeteer.connect({ browserWSEndpoint: place.ws });
  await browser.close();
  await until(async () => (await sessionNow(place.session.id)).end_reason === 'browser_closed');
});

test('Puppeteer connects by browserURL, to a session that ends with the connection', async () => {
  const before = await runningSessions();
  const browser = await puppeteer.connect({ browserURL: service.url });
  assert.match(await browser.version(), /Chrome/);
  assert.equal(await runningSessions(), before + 1);
  await browser.disconnect();
  await until(async () => await runningSessions() === before);
});

test('a client that knows only the root URL gets a session that ends with the connection', async () => {
  const before = await runningSessions();
  const browser = await chromium.connectOverCDP(service.url);
  assert.equal(await runningSessions(), before + 1);
  await browser.close();
  await until(async () => await runningSessions() === before);
});
