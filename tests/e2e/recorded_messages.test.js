// What Puppeteer and Playwright say and hear is the same, message by message, whether their session is recorded or not.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startThroughService } from './support/browsers.js';
import { CLIENTS } from './support/clients.js';
import { listenTo } from './support/listener.js';
import { Comparison, plain } from './support/messages.js';
import { servePages } from './support/pages.js';
import { startService } from './support/service.js';

const RECORD = { har: true, video: { width: 640, height: 480, fps_max: 5 } };
// By then no difference is left that comes by chance: most are gone after two.
const PAIRS_MAX = 12;

let service, pages;
before(async () => { [service, pages] = await Promise.all([startService(), servePages()]); });
after(async () => { await pages.close(); await service.stop(); });

async function startSide(client, options) {
  const place = await startThroughService(service, 'headless-shell', options);
  const listener = await listenTo(place);
  const browser = await client.connect(listener);
  return {
    listener, browser,
    close: async () => { await client.leave(browser); await listener.close(); await place.close(); },
  };
}

// What the scenario gives, and all that was said meanwhile.
async function play(client, { browser, listener }, scenario) {
  listener.heard.length = 0;
  const context = await client.openContext(browser);
  const outcome = await scenario({ page: await context.newPage(), pages, browser });
  await context.close();
  return { outcome, said: plain(listener.heard.splice(0), [new URL(pages.url).port]) };
}

for (const [name, client] of Object.entries(CLIENTS)) {
  describe(name, () => {
    let sides = [];
    before(async () => { sides = [await startSide(client, {}), await startSide(client, { record: RECORD })]; });
    after(() => Promise.all(sides.map(side => side.close())));

    for (const [title, scenario] of Object.entries(client.scenarios)) {
      test(title, { timeout: 120_000 }, async () => {
        const comparison = new Comparison();
        for (let pair = 0; pair < PAIRS_MAX; ++pair) {
          const plays = [];
          for (const side of sides) plays.push(await play(client, side, scenario));
          assert.deepEqual(plays[1].outcome, plays[0].outcome);
          comparison.take({ without: plays[0].said, with: plays[1].said });
          if (comparison.differences.length === 0) return;
        }
        assert.fail(comparison.differences.slice(0, 10).join('\n'));
      });
    }
  });
}

for (const [title, without, withRecording] of [
  ['one that is not heard', ['a', 'b'], ['a']],
  ['one more', ['a', 'b'], ['a', 'b', 'c']],
  ['one twice', ['a', 'b'], ['a', 'b', 'b']],
  ['another order', ['a', 'b', 'c'], ['b', 'a', 'c']],
]) {
  test(`would be found: ${title}`, () => {
    const comparison = new Comparison();
    for (let pair = 0; pair < PAIRS_MAX; ++pair) comparison.take({ without, with: withRecording });
    assert.ok(comparison.differences.length > 0);
  });
}

test('would be found: one more that is another each time', () => {
  const comparison = new Comparison();
  for (let pair = 0; pair < PAIRS_MAX; ++pair)
    comparison.take({ without: ['a {}'], with: ['a {}', `b {"x":${pair}}`] });
  assert.ok(comparison.differences.length > 0);
});

test('would not be found: what differs without recording, too', () => {
  const comparison = new Comparison();
  comparison.take({ without: ['a', 'b', '1'], with: ['b', 'a', '2'] });
  comparison.take({ without: ['b', 'a', '2'], with: ['b', 'a', '3'] });
  comparison.take({ without: ['b', 'a', '3'], with: ['a', 'b', '4'] });
  assert.deepEqual(comparison.differences, []);
});
