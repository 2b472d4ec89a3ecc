// What a scenario saw, without what no two runs share: sizes within reason, never bytes with a clock in them.
import assert from 'node:assert/strict';

export function png(bytes) {
  const view = Buffer.from(bytes);
  assert.equal(view.subarray(0, 8).toString('hex'), '89504e470d0a1a0a', 'a PNG begins with its signature');
  assert.equal(view.subarray(-8, -4).toString('latin1'), 'IEND', 'a PNG ends with IEND');
  return { width: view.readUInt32BE(16), height: view.readUInt32BE(20) };
}

export function pdf(bytes) {
  const text = Buffer.from(bytes).toString('latin1');
  assert.ok(text.startsWith('%PDF-'), 'a PDF begins with its signature');
  assert.ok(text.trimEnd().endsWith('%%EOF'), 'a PDF is whole');
  return { pages: text.match(/\/Type\s*\/Page\b(?!s)/g).length };
}

export function trace(bytes) {
  const events = JSON.parse(Buffer.from(bytes).toString()).traceEvents;
  return { some: events.length > 10, navigated: events.some(event => event.name === 'navigationStart') };
}
