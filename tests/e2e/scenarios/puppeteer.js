// What users do with Puppeteer. Each scenario gets a page of its own context and gives what it saw.
import { pdf, png, trace } from '../support/outcome.js';

export const scenarios = {
  async navigate({ page, pages }) {
    const answer = await page.goto(`${pages.url}/`);
    await Promise.all([page.waitForNavigation(), page.click('#next')]);
    const next = await page.title();
    await page.goBack();
    const missing = await page.goto(`${pages.url}/missing`);
    return { status: answer.status(), next, missing: missing.status(), type: answer.headers()['content-type'] };
  },

  async evaluate({ page }) {
    const thrown = await page.evaluate(() => { throw new TypeError('on purpose'); }).catch(error => error.message);
    return {
      sum: await page.evaluate((a, b) => a + b, 1, 2),
      object: await page.evaluate(async () => ({ deep: [1, { two: 'ß世🌍' }], nothing: null })),
      handle: await (await page.evaluateHandle(() => [1, 2, 3])).evaluate(list => list.length),
      thrown,
    };
  },

  async click({ page, pages }) {
    await page.goto(`${pages.url}/form`);
    await page.type('#name', 'World');
    await page.click('#go');
    return page.$eval('#said', node => node.textContent);
  },

  async screenshot({ page, pages }) {
    await page.goto(`${pages.url}/tall`);
    await page.setViewport({ width: 640, height: 480 });
    return { view: png(await page.screenshot()), whole: png(await page.screenshot({ fullPage: true })) };
  },

  async pdf({ page, pages }) {
    await page.goto(`${pages.url}/paper`);
    return pdf(await page.pdf());
  },

  async download({ page, pages, browser }) {
    const client = await browser.target().createCDPSession();
    await client.send('Browser.setDownloadBehavior', {
      behavior: 'deny', browserContextId: page.browserContext().id, eventsEnabled: true,
    });
    await page.goto(`${pages.url}/downloads`);
    const begun = new Promise(done => client.once('Browser.downloadWillBegin', done));
    const ended = new Promise(done => client.on('Browser.downloadProgress', e => e.state !== 'inProgress' && done(e)));
    await page.click('#get');
    const { suggestedFilename, url } = await begun;
    return { suggestedFilename, path: new URL(url).pathname, state: (await ended).state };
  },

  async intercept({ page, pages }) {
    await page.setRequestInterception(true);
    const asked = [];
    page.on('request', request => {
      asked.push(new URL(request.url()).pathname);
      if (request.url().endsWith('/data')) request.respond({ status: 200, body: 'from the test' });
      else request.continue();
    });
    await page.goto(`${pages.url}/fetches`);
    await page.waitForFunction('document.title === "from the test"');
    return asked.filter(path => path !== '/favicon.ico');
  },

  async worker({ page, pages }) {
    const created = new Promise(done => page.once('workercreated', done));
    await page.goto(`${pages.url}/worker`);
    const worker = await created;
    return { path: new URL(worker.url()).pathname, answer: await worker.evaluate(() => self.answer) };
  },

  async popup({ page, pages }) {
    await page.goto(`${pages.url}/opener`);
    const opened = new Promise(done => page.once('popup', done));
    await page.click('#open');
    const popup = await opened;
    await popup.waitForFunction('document.title.startsWith("Popup")');
    return { title: await popup.title(), pages: (await page.browserContext().pages()).length };
  },

  async frames({ page, pages }) {
    await page.goto(`${pages.url}/frames`, { waitUntil: 'load' });
    const told = await Promise.all(page.frames().map(async frame => ({
      path: new URL(frame.url()).pathname, inside: await frame.$eval('body', body => body.innerText.trim()),
    })));
    return told.sort((a, b) => a.path.localeCompare(b.path));
  },

  async dialogs({ page, pages }) {
    await page.goto(`${pages.url}/dialogs`);
    const seen = [];
    page.on('dialog', async dialog => {
      seen.push([dialog.type(), dialog.message()]);
      await (dialog.type() === 'prompt' ? dialog.accept('typed') : dialog.dismiss());
    });
    const said = await page.evaluate(() => [alert('one'), confirm('two'), prompt('three', 'none')]);
    return { seen, said };
  },

  async tracing({ page, pages }) {
    await page.tracing.start();
    await page.goto(`${pages.url}/`);
    return trace(await page.tracing.stop());
  },

  async cookies({ page, pages }) {
    await page.goto(`${pages.url}/`);
    await page.browserContext().setCookie({ name: 'a', value: 'b', domain: '127.0.0.1', path: '/' });
    return { script: await page.evaluate('document.cookie'), count: (await page.browserContext().cookies()).length };
  },
};
