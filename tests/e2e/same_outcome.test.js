// Each scenario runs against Chromium itself and through the service, and must see the same.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KINDS, startDirect, startThroughService } from './support/browsers.js';
import { CLIENTS } from './support/clients.js';
import { servePages } from './support/pages.js';
import { startService } from './support/service.js';

let service, pages;
before(async () => { [service, pages] = await Promise.all([startService(), servePages()]); });
after(async () => { await pages.close(); await service.stop(); });

async function play(client, browser, scenario) {
  const context = await client.openContext(browser);
  try {
    return await scenario({ page: await context.newPage(), pages, browser });
  } finally {
    await context.close();
  }
}

// Both or neither: one that is left would keep the run from its end.
async function startBoth(kind) {
  const outcomes = await Promise.allSettled([startDirect(kind), startThroughService(service, kind)]);
  const started = outcomes.filter(each => each.status === 'fulfilled').map(each => each.value);
  const failed = outcomes.find(each => each.status === 'rejected');
  if (!failed) return started;
  await Promise.all(started.map(place => place.close()));
  throw failed.reason;
}

for (const kind of KINDS) {
  for (const [name, client] of Object.entries(CLIENTS)) {
    describe(`${name}, ${kind}`, () => {
      let places = [], browsers = [];
      before(async () => {
        places = await startBoth(kind);
        browsers = await Promise.all(places.map(client.connect));
      });
      after(async () => {
        await Promise.all(browsers.map(client.leave));
        await Promise.all(places.map(place => place.close()));
      });
      for (const [title, scenario] of Object.entries(client.scenarios)) {
        test(title, { timeout: 60_000 }, async () => {
          const [direct, ours] = await Promise.all(browsers.map(browser => play(client, browser, scenario)));
          assert.notEqual(direct, undefined);
          assert.deepEqual(ours, direct);
        });
      }
    });
  }
}
