// A HAR against a server that knows each request it served. RECORDER_RIG: the program of tests/recording.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { checkHar } from './support/har_check.js';
import { fileOf, readHar, startRecorded } from './support/recorder.js';
import { startTruthServer } from './support/truth_server.js';

const PAGES = ['/many', '/cookies', '/cached', '/failing', '/forms', '/frames', '/workers', '/socket', '/events',
  '/cors', '/serviced'];
const SECRETS = /cookie-secret|form-secret|multipart-secret|json-secret|bearer-secret|url-secret/;

// Everything the server can do, in one session. What a worker or a window was sent is asked of it, so it must not end
// before it has answered (docs/recordings.md).
async function visit(site, { http, wrote }) {
  const browser = await chromium.connectOverCDP(http);
  const context = browser.contexts()[0];
  const page = context.pages()[0] ?? await context.newPage();
  await page.goto(site.url('/plain?first'));
  for (const each of PAGES) {
    await page.goto(site.url(each));
    await page.waitForFunction('window.done', null, { timeout: 20_000 });
    const scripts = each === '/workers' ? ['/worker.js?1', '/shared.js?1'] : [];
    for (const script of scripts) await wrote(script, { isWhole: true });
  }
  await page.goto(site.url('/redirect?2'));
  await page.goto(site.url('/download?1')).catch(() => 'a download ends the navigation');
  await page.goto(site.url('/plain?opener'));
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.evaluate('window.open("/plain?popup"); 1')]);
  await popup.waitForLoadState();
  await wrote('/plain?popup', { isWhole: true });
  await page.route('**/fulfilled', route => route.fulfill({ status: 201, body: 'made up', contentType: 'text/plain' }));
  await page.goto(site.url('/fulfilled'));
  await browser.close();
}

async function recorded(record, kind, use) {
  const site = await startTruthServer();
  const recording = await startRecorded(record, kind);
  try {
    await visit(site, recording);
    const result = await recording.stop();
    return await use(readHar(result), site, result);
  } finally {
    site.close();
    recording.child.kill();
    recording.clean();
  }
}

// What went to the server: not what a cache, a worker or the client itself answered.
const isServed = entry => !entry._fromCache && !entry._wasFulfilled && !entry._fromServiceWorker;
const plain = url => url.replace(/token=[^&]*/, 'token=*');
const counted = names => names.reduce((count, name) => ({ ...count, [name]: (count[name] ?? 0) + 1 }), {});

for (const bodies of ['none', 'all']) {
  test(`a HAR has one right entry for each request served, bodies: ${bodies}`, { timeout: 90_000 }, () =>
    recorded({ har: { bodies } }, 'headless-shell', async (har, site, result) => {
      assert.equal(fileOf(result, 'har').state, 'complete');
      await checkHar(har);
      const entries = har.log.entries.filter(isServed);
      assert.deepEqual(counted(entries.map(e => `${e.request.method} ${plain(e.request.url)}`)),
        counted(site.served.map(s => `${s.method} ${plain(s.url)}`)));
      for (const truth of site.served) checkAgainst(truth, entries, bodies);
    }));
}

function checkAgainst(truth, entries, bodies) {
  const at = entries.findIndex(e => e.request.method === truth.method && plain(e.request.url) === plain(truth.url) &&
    (truth.status === undefined || e.response.status === truth.status));
  assert.ok(at >= 0, `${truth.method} ${truth.url} has an entry with status ${truth.status}`);
  const [entry] = entries.splice(at, 1);
  const { request, response } = entry;
  assert.ok(Math.abs(Date.parse(entry.startedDateTime) / 1000 - truth.at) < 2, `${truth.url} starts when it did`);
  if (request.headersSize >= 0 && truth.receivedHead) assert.equal(request.headersSize, truth.receivedHead, truth.url);
  if (truth.received !== undefined) assert.equal(request.bodySize, truth.received, `${truth.url}: bytes of its body`);
  if (truth.status === undefined || entry._failureText || entry._download) return;
  if (truth.sent !== undefined) assert.equal(response.bodySize, truth.sent, `${truth.url}: bytes sent`);
  if (truth.decoded !== undefined && truth.status !== 304)
    assert.equal(response.content.size, truth.decoded, `${truth.url}: bytes decoded`);
  if (bodies === 'none') assert.equal(response.content.text, undefined);
  // A beacon's answer is read by nobody, and what a service worker asks for goes on to its page. What began before the
  // recorder was there may not have been kept for it.
  const isKept = entry.pageref && !truth.url.includes('beacon') && !entry._startMissed;
  if (bodies === 'all' && truth.decoded > 0 && truth.decoded < 1 << 20 && isKept)
    assert.notEqual(response.content.text, undefined, `${truth.url} has its body`);
}

test('a HAR tells what is special of an entry, and hides what is secret', { timeout: 90_000 }, () =>
  recorded({ har: true }, 'headless-shell', async (har, site, result) => {
    const of = part => har.log.entries.filter(entry => entry.request.url.includes(part));
    assert.equal(of('/fulfilled')[0]._wasFulfilled, true);
    assert.equal(of('/fresh')[1]._fromCache, 'disk');
    assert.equal(of('/etag')[1].response.status, 304);
    assert.equal(of('made-by-worker')[0]._fromServiceWorker, true);
    assert.equal(of('/never')[0]._failureText, 'net::ERR_ABORTED');
    assert.equal(of('/download')[0]._download, true);
    assert.equal(of('/crossed').find(e => e.request.method === 'OPTIONS')._resourceType, 'Preflight');
    assert.deepEqual(of('/ws')[0]._webSocketMessages.map(m => m.type), ['send', 'receive']);
    assert.deepEqual(of('/sse')[0]._eventSourceMessages.map(m => m.eventId), ['one', 'two']);
    assert.deepEqual(of('/redirect').map(e => e.response.status), [302, 302, 302]);
    assert.equal(new Set(har.log.pages.map(p => p.title)).size, har.log.pages.length);
    assert.doesNotMatch(fs.readFileSync(fileOf(result, 'har').path, 'utf8'), SECRETS);
  }));

test('a HAR hides nothing where it is told so', { timeout: 90_000 }, () =>
  recorded({ har: { redact: [] } }, 'headless-shell', har => {
    const text = JSON.stringify(har);
    for (const secret of ['cookie-secret-1', 'form-secret', 'json-secret', 'bearer-secret', 'url-secret'])
      assert.ok(text.includes(secret), secret);
  }));

test('a HAR comes out of a spool after kill -9', { timeout: 60_000 }, async () => {
  const site = await startTruthServer();
  const recording = await startRecorded({ har: true });
  const browser = await chromium.connectOverCDP(recording.http);
  await browser.contexts()[0].pages()[0].goto(site.url('/plain?before'));
  await recording.wrote('/plain?before', { isWhole: false });
  recording.child.kill('SIGKILL');
  await recording.left;
  assert.ok(fs.readFileSync(recording.spool, 'utf8').split('\n').slice(0, -1).every(line => JSON.parse(line)));
  site.close();
  recording.clean();
});

test("Playwright's routeFromHAR replays it", { timeout: 60_000 }, () =>
  recorded({ har: { bodies: 'all' } }, 'headless-shell', async (har, site, result) => {
    site.close();
    const browser = await chromium.launch({ executablePath: '/usr/lib/chromium/chromium-headless-shell',
      args: ['--no-sandbox'] });
    const page = await browser.newPage();
    await page.routeFromHAR(fileOf(result, 'har').path, { notFound: 'abort' });
    await page.goto(site.url('/plain?first'));
    assert.equal(await page.textContent('p'), 'plain, ünïcode');
    const answer = await page.evaluate(() => fetch('/gzip?1').then(response => response.text()));
    assert.equal(answer.length, 42_000);
    await browser.close();
  }));
