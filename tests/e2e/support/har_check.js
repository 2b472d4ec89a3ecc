// What a HAR must be, besides valid by its schema: the sense of it, which the schema does not check.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const validate = require('har-validator');

export async function checkHar(har) {
  await validate.har(har).catch(error => assert.fail(`not valid: ${JSON.stringify(error.errors)}`));
  const pages = new Set(har.log.pages.map(page => page.id));
  assert.equal(pages.size, har.log.pages.length, 'pages have ids of their own');
  let before = '';
  for (const entry of har.log.entries) {
    checkEntry(entry, pages);
    assert.ok(entry.startedDateTime >= before, `${entry.request.url} starts in order`);
    before = entry.startedDateTime;
  }
}

function checkEntry(entry, pages) {
  const { request, response, timings } = entry;
  const name = `${request.method} ${request.url}`;
  if (entry.pageref) assert.ok(pages.has(entry.pageref), `${name} has a page that exists`);
  const parts = ['blocked', 'dns', 'connect', 'send', 'wait', 'receive'].map(part => timings[part]);
  assert.ok(parts.every(part => part >= 0 || part === -1), `${name} has times that are possible`);
  const sum = parts.reduce((total, part) => total + Math.max(0, part), 0);
  assert.ok(Math.abs(sum - entry.time) <= 1, `${name}: ${entry.time} ms is the sum of its parts, ${sum}`);
  assert.ok(timings.ssl <= Math.max(timings.connect, -1), `${name} has TLS within connect`);
  for (const size of [request.headersSize, request.bodySize, response.headersSize, response.bodySize])
    assert.ok(Number.isInteger(size) && size >= -1, `${name} has sizes in whole bytes`);
  if (response.status >= 300 && response.status < 400 && response.status !== 304)
    assert.notEqual(response.redirectURL, '', `${name} says where it leads`);
  if (response.content.text !== undefined && !response.content.comment) {
    const text = Buffer.from(response.content.text, response.content.encoding ?? 'utf8');
    assert.equal(text.length, response.content.size, `${name} has a text of its size`);
  }
  if (response.content.compression)
    assert.equal(response.content.size - response.bodySize, response.content.compression, `${name} adds up`);
}
