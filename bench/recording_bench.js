// What recording costs: `node bench/recording_bench.js`, with tests/e2e set up and recorder_rig built for release
// (RECORDER_RIG names another). Prints one table of Markdown for each question.
import http from 'node:http';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
process.env.RECORDER_RIG ??= path.join(ROOT, 'build', 'release', 'tests', 'recording', 'recorder_rig');
const { startRecorded, fileOf, readHar } = await import('../tests/e2e/support/recorder.js');
const { chromium } = createRequire(path.join(ROOT, 'tests', 'e2e', 'package.json'))('playwright-core');

const REQUESTS = 10_000;
const SECONDS = Number(process.env.SECONDS ?? 20);
const ROUNDS = Number(process.env.ROUNDS ?? 9);
const CALLS = 3_000;

const PAGES = {
  '/still': '<h1>still</h1>',
  '/animated': `<h1 id=h>animated</h1><script>let n = 0; (function f() { document.body.style.background =
    'hsl(' + n++ % 360 + ',50%,50%)'; h.style.marginLeft = n % 500 + 'px'; requestAnimationFrame(f) })()</script>`,
  // Paints, and asks for something every 20 ms.
  '/busy': `<h1 id=h>busy</h1><script>let n = 0;
    setInterval(() => { h.textContent = n++; fetch('/small?' + n) }, 20)</script>`,
};

const RECORDS = [['off', null], ['HAR', { har: true }], ['HAR and video', { har: true, video: true }]];

const server = http.createServer((request, response) => {
  const page = PAGES[request.url];
  response.setHeader('content-type', page ? 'text/html' : 'text/plain');
  response.end(page ?? 'something small');
});
await new Promise(done => server.listen(0, '127.0.0.1', done));
const url = name => `http://127.0.0.1:${server.address().port}${name}`;

async function recorded(record, name, use) {
  const recording = await startRecorded(record);
  const browser = await chromium.connectOverCDP(recording.http);
  const page = browser.contexts()[0].pages()[0];
  await page.goto(url(name));
  const used = await use(page);
  const before = Date.now();
  await browser.close();
  const result = await recording.stop();
  const har = fileOf(result.files ? result : { files: [] }, 'har') && readHar(result);
  recording.clean();
  return { used, result, har, stopped: (Date.now() - before) / 1000 };
}

async function manyRequests() {
  for (const bodies of ['none', 'all']) {
    const began = Date.now();
    const { result, har } = await recorded({ har: { bodies } }, '/still', page => page.evaluate(async count => {
      for (let i = 0; i < count; i += 20)
        await Promise.all(Array.from({ length: 20 }, (_, j) => fetch('/small?' + (i + j)).then(r => r.text())));
    }, REQUESTS));
    console.log(`| ${REQUESTS} requests, bodies: ${bodies} | ${har.log.entries.length} entries | ` +
      `${((Date.now() - began) / 1000).toFixed(1)} s in all | ${result.own.cpu_s.toFixed(2)} s of CPU | ` +
      `${result.stop_s.toFixed(2)} s to finish | ${(result.own.rss_kb / 1024).toFixed(0)} MiB at most | ` +
      `${(fileOf(result, 'har').bytes / 1e6).toFixed(1)} MB |`);
  }
}

// The CPU of a whole tree of processes, in seconds.
function cpuOf(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return (Number(stat[11]) + Number(stat[12])) / 100 + children.reduce((sum, child) => sum + cpuOf(child), 0);
}

async function minutes() {
  for (const name of ['/still', '/animated']) {
    for (const [what, record] of RECORDS) {
      const recording = await startRecorded(record);
      const browser = await chromium.connectOverCDP(recording.http);
      await browser.contexts()[0].pages()[0].goto(url(name));
      const before = cpuOf(recording.pid);
      await new Promise(done => setTimeout(done, SECONDS * 1000));
      const chromiumCpu = (cpuOf(recording.pid) - before) * 60 / SECONDS;
      await browser.close();
      const { own, encoder, files = [] } = await recording.stop();
      recording.clean();
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      console.log(`| ${name.slice(1)} | ${what} | ${chromiumCpu.toFixed(1)} | ` +
        `${(own.cpu_s * 60 / SECONDS).toFixed(2)} | ` +
        `${(encoder.cpu_s * 60 / SECONDS).toFixed(1)} | ${(own.rss_kb / 1024).toFixed(0)} | ` +
        `${(encoder.rss_kb / 1024).toFixed(0)} | ${(bytes / 1000 * 60 / SECONDS).toFixed(0)} |`);
    }
  }
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

// In turns, as a machine is not the same from one minute to the next; medians of all rounds.
async function roundTrips() {
  const p50 = RECORDS.map(() => []), p99 = RECORDS.map(() => []);
  for (let round = 0; round < ROUNDS; ++round) {
    for (let turn = 0; turn < RECORDS.length; ++turn) {
      const which = (round + turn) % RECORDS.length;
      const { used } = await recorded(RECORDS[which][1], '/busy', async page => {
        const session = await page.context().newCDPSession(page);
        const times = [];
        for (let i = 0; i < CALLS; ++i) {
          const asked = performance.now();
          await session.send('Runtime.evaluate', { expression: '1' });
          times.push(performance.now() - asked);
        }
        return times.sort((a, b) => a - b);
      });
      p50[which].push(used[CALLS / 2]);
      p99[which].push(used[Math.floor(CALLS * 0.99)]);
    }
  }
  RECORDS.forEach(([what], which) =>
    console.log(`| ${what} | ${median(p50[which]).toFixed(3)} | ${median(p99[which]).toFixed(3)} |`));
}

console.log('| HAR | | | | | | |\n|---|---|---|---|---|---|---|');
if (!process.env.ROUND_TRIPS_ALONE) await manyRequests();
console.log('\n| page | recording | CPU s a minute: Chromium | recorder | ffmpeg | ' +
  'recorder, MiB | ffmpeg, MiB | KB a minute |');
console.log('|---|---|---|---|---|---|---|---|');
if (!process.env.ROUND_TRIPS_ALONE) await minutes();
console.log('\n| recording | CDP round trip p50, ms | p99, ms |\n|---|---|---|');
await roundTrips();
server.closeAllConnections();
server.close();
