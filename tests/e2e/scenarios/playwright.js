// What users do with Playwright. Each scenario gets a page of its own context and gives what it saw.
import { pdf, png, trace } from '../support/outcome.js';

export const scenarios = {
  async navigate({ page, pages }) {
    const answer = await page.goto(`${pages.url}/`);
    await page.click('#next');
    await page.waitForURL('**/next');
    const next = await page.title();
    // A page that comes back from the back-forward cache of full Chromium is not loaded again.
    await page.goBack({ waitUntil: 'commit' });
    const missing = await page.goto(`${pages.url}/missing`);
    return { status: answer.status(), next, missing: missing.status(), type: answer.headers()['content-type'] };
  },

  async evaluate({ page }) {
    const thrown = await page.evaluate(() => { throw new TypeError('on purpose'); }).catch(error => error.message);
    return {
      sum: await page.evaluate(([a, b]) => a + b, [1, 2]),
      object: await page.evaluate(async () => ({ deep: [1, { two: 'ß世🌍' }], nothing: null })),
      thrown: thrown.split('\n')[0],
    };
  },

  async click({ page, pages }) {
    await page.goto(`${pages.url}/form`);
    await page.fill('#name', 'World');
    await page.getByRole('button', { name: 'Go' }).click();
    return page.textContent('#said');
  },

  async screenshot({ page, pages }) {
    await page.setViewportSize({ width: 640, height: 480 });
    await page.goto(`${pages.url}/tall`);
    return { view: png(await page.screenshot()), whole: png(await page.screenshot({ fullPage: true })) };
  },

  async pdf({ page, pages }) {
    await page.goto(`${pages.url}/paper`);
    return pdf(await page.pdf());
  },

  async download({ page, pages }) {
    await page.goto(`${pages.url}/downloads`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#get')]);
    return { suggestedFilename: download.suggestedFilename(), path: new URL(download.url()).pathname };
  },

  async intercept({ page, pages }) {
    const asked = [];
    await page.route('**/*', route => {
      asked.push(new URL(route.request().url()).pathname);
      return route.request().url().endsWith('/data') ? route.fulfill({ body: 'from the test' }) : route.continue();
    });
    await page.goto(`${pages.url}/fetches`);
    await page.waitForFunction('document.title === "from the test"');
    return asked.filter(path => path !== '/favicon.ico');
  },

  async worker({ page, pages }) {
    const [worker] = await Promise.all([page.waitForEvent('worker'), page.goto(`${pages.url}/worker`)]);
    return { path: new URL(worker.url()).pathname, answer: await worker.evaluate(() => self.answer) };
  },

  async popup({ page, pages }) {
    await page.goto(`${pages.url}/opener`);
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#open')]);
    await popup.waitForFunction('document.title.startsWith("Popup")');
    return { title: await popup.title(), pages: page.context().pages().length };
  },

  async frames({ page, pages }) {
    await page.goto(`${pages.url}/frames`);
    return {
      outer: await page.frameLocator('[name=outer]').locator('#inside').textContent(),
      inner: await page.frameLocator('[name=outer]').frameLocator('[name=inner]').locator('#inside').textContent(),
      frames: page.frames().length,
    };
  },

  async dialogs({ page, pages }) {
    await page.goto(`${pages.url}/dialogs`);
    const seen = [];
    page.on('dialog', async dialog => {
      seen.push([dialog.type(), dialog.message()]);
      await (dialog.type() === 'prompt' ? dialog.accept('typed') : dialog.dismiss());
    });
    const said = await page.evaluate(() => [typeof alert('one'), confirm('two'), prompt('three', 'none')]);
    return { seen, said };
  },

  async tracing({ page, pages, browser }) {
    await browser.startTracing(page);
    await page.goto(`${pages.url}/`);
    return trace(await browser.stopTracing());
  },

  async cookies({ page, pages }) {
    await page.context().addCookies([{ name: 'a', value: 'b', url: pages.url }]);
    await page.goto(`${pages.url}/`);
    return { script: await page.evaluate('document.cookie'), count: (await page.context().cookies()).length };
  },
};
