// What a session asks for holds in its first page, a popup, an iframe and a worker, with no CDP override.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { KINDS, startThroughService } from './support/browsers.js';
import { servePages } from './support/pages.js';
import { startService } from './support/service.js';

const OPTIONS = {
  viewport: { width: 1000, height: 700, device_scale_factor: 2 },
  user_agent: 'Tester/1.0 (not Chromium)',
  locale: 'fr-FR',
  timezone: 'Asia/Tokyo',
  args: ['--mute-audio'],
};

// Runs in a window or a worker.
const LOOK = `(() => ({
  agent: navigator.userAgent,
  language: navigator.language,
  languages: navigator.languages[0],
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  noon: new Date(Date.UTC(2024, 0, 1, 3)).getHours(),
  number: (1234.5).toLocaleString(),
}))()`;

const EXPECTED = {
  agent: OPTIONS.user_agent, language: 'fr-FR', languages: 'fr-FR', timezone: 'Asia/Tokyo', noon: 12,
  number: (1234.5).toLocaleString('fr-FR'),
};

let service, pages;
before(async () => { [service, pages] = await Promise.all([startService(), servePages()]); });
after(async () => { await pages.close(); await service.stop(); });

for (const kind of KINDS) {
  describe(`session options, ${kind}`, () => {
    let place, browser, page;
    before(async () => {
      place = await startThroughService(service, kind, OPTIONS);
      browser = await puppeteer.connect({ browserWSEndpoint: place.ws, defaultViewport: null });
      page = (await browser.pages())[0] ?? await browser.newPage();
      await page.goto(`${pages.url}/options`);
    });
    after(async () => { await browser.disconnect(); await place.close(); });

    test('hold in the first page', async () => assert.deepEqual(await page.evaluate(LOOK), EXPECTED));

    test('hold in a page made later', async () => {
      const later = await browser.newPage();
      await later.goto(`${pages.url}/next`);
      assert.deepEqual(await later.evaluate(LOOK), EXPECTED);
      await later.close();
    });

    test('hold in an iframe', async () => {
      const frame = page.frames().find(each => each.url().endsWith('/next'));
      assert.deepEqual(await frame.evaluate(LOOK), EXPECTED);
    });

    test('hold in a popup', async () => {
      const opened = new Promise(done => page.once('popup', done));
      await page.evaluate(url => { window.open(url); }, `${pages.url}/next`);
      const popup = await opened;
      await popup.waitForFunction('document.title === "Next"');
      assert.deepEqual(await popup.evaluate(LOOK), EXPECTED);
      await popup.close();
    });

    test('hold in a worker', async () => {
      const created = new Promise(done => page.once('workercreated', done));
      await page.evaluate(() => { globalThis.kept = new Worker('/worker.js'); });
      assert.deepEqual(await (await created).evaluate(LOOK), EXPECTED);
    });

    test('are what servers are told', async () => {
      await page.goto(`${pages.url}/form`);
      const headers = pages.seen.get('/form');
      assert.equal(headers['user-agent'], OPTIONS.user_agent);
      assert.match(headers['accept-language'], /^fr-FR/);
    });

    test('set the size and the scale', async () => {
      const seen = await page.evaluate(() => ({ width: innerWidth, height: innerHeight, scale: devicePixelRatio }));
      assert.deepEqual(seen, { width: 1000, height: 700, scale: 2 });
    });
  });
}
