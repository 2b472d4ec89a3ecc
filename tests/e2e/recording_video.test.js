// A video against a page that shows the time in black and white. RECORDER_RIG: the program of tests/recording.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { fileOf, startRecorded } from './support/recorder.js';

const VIDEO = { width: 800, height: 600, fps_max: 10 };
const BITS = 16;
const BOX = 40;
// The time of day in hundredths of a second, as a row of boxes: the video can be read by a program.
const CLOCK = `<!doctype html><body style="margin:0;background:#888">
<canvas id=c width=${BITS * BOX} height=80></canvas><script>const c = document.getElementById('c').getContext('2d');
function draw() { const n = Math.floor(Date.now() / 10) % ${2 ** BITS};
  for (let i = 0; i < ${BITS}; i++) {
    c.fillStyle = (n >> i) & 1 ? '#fff' : '#000'; c.fillRect(i * ${BOX}, 0, ${BOX}, 80) }
  requestAnimationFrame(draw) } draw()</script>`;
const still = colour => `<!doctype html><body style="background:${colour}">`;

const wait = ms => new Promise(done => setTimeout(done, ms));

async function servePages() {
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/clock' ? CLOCK : still(request.url.slice(1)));
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  return { url: name => `http://127.0.0.1:${server.address().port}/${name}`,
    close: () => { server.closeAllConnections(); server.close(); } };
}

async function recorded(kind, use) {
  const pages = await servePages();
  const recording = await startRecorded({ video: VIDEO }, kind);
  try {
    const browser = await chromium.connectOverCDP(recording.http);
    const page = browser.contexts()[0].pages()[0] ?? await browser.contexts()[0].newPage();
    await page.setViewportSize({ width: 800, height: 600 });
    return await use({ pages, recording, browser, page });
  } finally {
    pages.close();
    recording.child.kill();
    recording.clean();
  }
}

// Each frame of the video: when it is shown, in seconds after the start, and its picture in shades of grey.
function framesOf(file) {
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-fps_mode', 'passthrough', '-f', 'rawvideo',
    '-pix_fmt', 'gray', '-'], { maxBuffer: 1 << 30 });
  const times = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', file])
    .toString().trim().split('\n').map(Number);
  const bytes = VIDEO.width * VIDEO.height;
  return times.map((time, i) => ({ time, picture: raw.subarray(i * bytes, (i + 1) * bytes) }));
}

const shade = (picture, x, y) => picture[y * VIDEO.width + x];

// The hundredths that the boxes show; nothing where there are none.
function readClock({ picture }) {
  let hundredths = 0;
  for (let bit = 0; bit < BITS; ++bit) {
    const value = shade(picture, bit * BOX + BOX / 2, 40);
    if (value > 70 && value < 185) return undefined;
    hundredths |= (value > 128) << bit;
  }
  return shade(picture, 700, 300) > 100 ? hundredths : undefined;
}

function startOf(file) {
  const words = ['-v', 'error', '-show_entries', 'format_tags=creation_time', '-of', 'csv=p=0', file];
  const date = execFileSync('ffprobe', words);
  return Date.parse(date.toString().trim()) / 1000;
}

function checkSound(file) {
  for (const [program, words] of [['ffprobe', ['-v', 'error', '-show_streams', file]],
    ['ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-']]]) {
    const { status, stderr } = spawnSync(program, words);
    assert.equal(status, 0);
    assert.equal(stderr.toString(), '', `${program} is silent`);
  }
}

// Errors of the clock in ms, the smallest first.
function clockErrors(file) {
  const start = startOf(file);
  const errors = [];
  const seconds = new Set();
  for (const frame of framesOf(file)) {
    const shown = readClock(frame);
    if (shown === undefined) continue;
    const all = 2 ** BITS;
    const late = (Math.floor((start + frame.time) * 100) - shown + 10 * all) % all;
    errors.push(10 * Math.min(late, all - late));
    seconds.add(Math.floor(frame.time));
  }
  return { errors: errors.sort((a, b) => a - b), seconds: [...seconds].sort((a, b) => a - b) };
}

for (const kind of ['headless-shell', 'chromium']) {
  test(`${kind}: a video shows the time it was`, { timeout: 90_000 }, () =>
    recorded(kind, async ({ pages, recording, browser, page }) => {
      await page.goto(pages.url('clock'));
      await wait(6_000);
      await browser.close();
      const video = fileOf(await recording.stop(), 'video');
      assert.equal(video.state, 'complete', video.why);
      checkSound(video.path);
      const { errors, seconds } = clockErrors(video.path);
      assert.ok(errors.length > 30, `${errors.length} frames show the clock`);
      assert.ok(errors[Math.floor(errors.length * 0.95)] <= 200, `95 of 100 are at most 200 ms off: ${errors}`);
      assert.ok(seconds.every((second, i) => i === 0 || second === seconds[i - 1] + 1), `every second: ${seconds}`);
    }));

  test(`${kind}: a video follows the page in front and lasts as long as its session`, { timeout: 90_000 }, () =>
    recorded(kind, async ({ pages, recording, browser, page }) => {
      const began = Date.now();
      await page.goto(pages.url('white'));
      await wait(1_500);
      const other = await browser.contexts()[0].newPage();
      await other.setViewportSize({ width: 800, height: 600 });
      await other.goto(pages.url('black'));
      await wait(1_500);
      await other.close();
      await wait(4_000);
      await browser.close();
      const lasted = (Date.now() - began) / 1000;
      const video = fileOf(await recording.stop(), 'video');
      checkSound(video.path);
      const shades = framesOf(video.path).map(frame => Math.round(shade(frame.picture, 400, 300) / 255));
      const changes = shades.filter((value, i) => i === 0 || value !== shades[i - 1]).join('');
      assert.match(changes, /^1?0?101$|^101$/, 'white, black, white again');
      assert.ok(Math.abs(video.duration - lasted) <= 1.5, `${video.duration} s of ${lasted} s`);
    }));
}

test('a stopped encoder changes nothing for the client, and a killed one is started again', { timeout: 90_000 }, () =>
  recorded('headless-shell', async ({ pages, recording, browser, page }) => {
    await page.goto(pages.url('clock'));
    const encoders = () => execFileSync('pgrep', ['-P', `${recording.child.pid}`, '-x', 'ffmpeg']).toString().trim();
    process.kill(Number(encoders()), 'SIGSTOP');
    const slowest = { ms: 0 };
    for (const end = Date.now() + 5_000; Date.now() < end;) {
      const asked = performance.now();
      await page.evaluate('1 + 1');
      slowest.ms = Math.max(slowest.ms, performance.now() - asked);
    }
    assert.ok(slowest.ms < 500, `the slowest of the client's calls took ${slowest.ms} ms`);
    process.kill(Number(encoders()), 'SIGKILL');
    await wait(3_000);
    await browser.close();
    const result = await recording.stop();
    const video = fileOf(result, 'video');
    assert.equal(video.state, 'complete', video.why);
    checkSound(video.path);
    assert.ok(clockErrors(video.path).errors.length > 15);
    assert.ok(result.own.rss_kb < 100_000, `${result.own.rss_kb} KB of memory`);
  }));

test('after kill -9 of the program its part of the video is sound to within seconds', { timeout: 60_000 }, () =>
  recorded('headless-shell', async ({ pages, recording, page }) => {
    await page.goto(pages.url('clock'));
    await wait(6_000);
    recording.child.kill('SIGKILL');
    const killed = Date.now() / 1000;
    await recording.left;
    const part = path.join(recording.folder, 'video.0.part.webm');
    // Its ffmpeg sees the end of its input, and ends the file: on a busy machine it has not begun it yet.
    const bytes = () => fs.statSync(part, { throwIfNoEntry: false })?.size ?? 0;
    for (let size = -1; size <= 0 || size !== bytes(); await wait(1_000)) size = bytes();
    checkSound(part);
    const last = framesOf(part).at(-1).time + startOf(part);
    assert.ok(killed - last < 5, `it ends ${killed - last} s before the kill`);
  }));
