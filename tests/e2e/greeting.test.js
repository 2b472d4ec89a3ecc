// The lines the service prints at its start work as pasted.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startService } from './support/service.js';

const HERE = import.meta.dirname;
const paste = async line => (await promisify(execFile)('bash', ['-c', line], {
  cwd: HERE, timeout: 60_000, env: { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` },
})).stdout;

let service;
before(async () => { service = await startService(); });
after(() => service.stop());

// The line that begins with that word, without it.
async function line(word) {
  const find = () => service.said.find(each => each.trim().startsWith(`${word}:`));
  for (const deadline = Date.now() + 5000; !find() && Date.now() < deadline;) {
    await new Promise(done => setTimeout(done, 10));
  }
  assert.ok(find(), `it prints no line for ${word}: ${service.said}`);
  return find().trim().slice(word.length + 1).trim();
}

test('curl', { skip: process.env.PBAAS_URL && 'the service at PBAAS_URL printed elsewhere' }, async () => {
  const session = JSON.parse(await paste(await line('curl')));
  assert.equal(session.status, 'running');
  await fetch(`${service.url}/session/${session.id}`, { method: 'DELETE' });
});

for (const client of ['Puppeteer', 'Playwright']) {
  test(client, { skip: process.env.PBAAS_URL && 'the service at PBAAS_URL printed elsewhere' }, async () => {
    assert.match(await paste(await line(client)), /\d+\.\d+\.\d+\.\d+/);
  });
}
