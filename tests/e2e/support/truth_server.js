// A web server that knows the truth of each request that it served: what it got, and what it sent to the byte.
import crypto from 'node:crypto';
import http from 'node:http';
import zlib from 'node:zlib';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const html = body => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>${body}</body>`;
const wait = ms => new Promise(done => setTimeout(done, ms));

// Each page asks for what its name says, and sets window.done when it has it.
const script = code => html(`<script>(async () => {${code}; window.done = true; })()</script>`);
const PAGES = {
  '/plain': html('<p>plain, ünïcode</p>'),
  '/many': script(`
    await (await fetch('/gzip?1')).text(); await (await fetch('/brotli?1')).text();
    await (await fetch('/chunked?1')).text(); await (await fetch('/large?1')).arrayBuffer();
    await (await fetch('/slow?1')).text(); await (await fetch('/status?404')).text();
    await (await fetch('/nothing?1')).text(); await (await fetch('/head?1', { method: 'HEAD' })).text();
    const i = new Image(); i.src = '/image?1'; document.body.append(i); await new Promise(done => i.onload = done)`),
  '/cookies': script(`await (await fetch('/setcookies?1')).text(); await (await fetch('/needcookies?1')).text()`),
  '/cached': script(`
    await (await fetch('/fresh?1')).text(); await (await fetch('/fresh?1')).text();
    await (await fetch('/etag?1')).text(); await (await fetch('/etag?1', { cache: 'no-cache' })).text()`),
  '/failing': script(`
    await fetch('/reset?1').catch(() => 0);
    await fetch('/cut?1').then(r => r.text()).catch(() => 0);
    const stop = new AbortController(); setTimeout(() => stop.abort(), 200);
    await fetch('/never?1', { signal: stop.signal }).catch(() => 0)`),
  '/forms': script(`
    await fetch('/take?urlencoded', { method: 'POST',
      body: new URLSearchParams({ user: 'me', password: 'form-secret' }) }).then(r => r.text());
    const form = new FormData(); form.append('user', 'me'); form.append('password', 'multipart-secret');
    form.append('file', new Blob(['file content']), 'a.txt');
    await fetch('/take?multipart', { method: 'POST', body: form }).then(r => r.text());
    await fetch('/take?json', { method: 'PUT', body: JSON.stringify({ a: 1, apiToken: 'json-secret' }),
      headers: { 'content-type': 'application/json', authorization: 'Bearer bearer-secret' } }).then(r => r.text());
    navigator.sendBeacon('/take?beacon', 'beacon text'); await new Promise(d => setTimeout(d, 100))`),
  '/frames': html(`<iframe src="/inframe?1"></iframe><script>
    onmessage = () => { window.done = true };
    const f = document.createElement('iframe'); f.src = 'http://localhost:' + location.port + '/inframe?2';
    document.body.append(f)</script>`),
  '/inframe': html(`<script>fetch('/text?' + location.search.slice(1) + 'inframe').then(r => r.text()).then(() => {
    if (location.search === '?2') parent.postMessage(1, '*') })</script>`),
  '/workers': script(`
    const w = new Worker('/worker.js?1'); await new Promise(done => w.onmessage = done);
    const s = new SharedWorker('/shared.js?1'); s.port.start(); await new Promise(done => s.port.onmessage = done)`),
  '/serviced': script(`
    await navigator.serviceWorker.register('/service.js?1'); await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) await new Promise(d => navigator.serviceWorker.oncontrollerchange = d);
    await (await fetch('/text?made-by-worker')).text(); await (await fetch('/text?through-worker')).text()`),
  '/socket': script(`
    const s = new WebSocket('ws://' + location.host + '/ws?1'); await new Promise(d => s.onopen = d);
    const got = new Promise(d => s.onmessage = d); s.send('hello'); await got; s.close();
    await new Promise(d => s.onclose = d)`),
  '/events': script(`
    const s = new EventSource('/sse?1'); let n = 0;
    await new Promise(d => s.onmessage = () => { if (++n === 2) d() }); s.close()`),
  '/cors': script(`
    const other = 'http://localhost:' + location.port;
    await fetch(other + '/crossed?1', { method: 'PUT', headers: { 'x-own': '1' } }).then(r => r.text());
    await fetch(other + '/refused?1').catch(() => 0)`),
};

const SCRIPTS = {
  '/worker.js': `fetch('/text?worker').then(r => r.text()).then(() => postMessage(1))`,
  '/shared.js': `onconnect = e => fetch('/text?shared').then(r => r.text()).then(() => e.ports[0].postMessage(1))`,
  '/service.js': `oninstall = () => skipWaiting(); onactivate = e => e.waitUntil(clients.claim());
    onfetch = e => { if (e.request.url.endsWith('made-by-worker')) e.respondWith(new Response('made'));
      else if (e.request.url.endsWith('through-worker')) e.respondWith(fetch(e.request)) }`,
};

// Asked for by workers, a popup and a frame of another site as soon as they are there. Of such requests a HAR may lack
// those that were answered before the recorder was attached (docs/recordings.md): here the recorder has a second.
const FIRST_OF_ITS_TARGET = new Set(['worker', 'shared', 'popup', '2inframe']);

const text = { 'content-type': 'text/plain; charset=utf-8' };
const big = 'all work and no play '.repeat(2000);

const ANSWERS = {
  '/gzip': send => send(200, { ...text, 'content-encoding': 'gzip' }, zlib.gzipSync(big), big),
  '/brotli': send => send(200, { ...text, 'content-encoding': 'br' }, zlib.brotliCompressSync(big), big),
  '/large': send => send(200, { 'content-type': 'application/octet-stream' }, crypto.randomBytes(3 << 20)),
  '/image': send => send(200, { 'content-type': 'image/png' }, PNG),
  '/text': send => send(200, text, 'some text'),
  '/status': (send, request, query) => send(Number(query), text, 'a status'),
  '/nothing': send => send(204, {}, ''),
  '/head': send => send(200, { ...text, 'content-length': 10 }, ''),
  '/setcookies': send => send(200, { ...text, 'set-cookie': [
    'first=cookie-secret-1; Path=/; HttpOnly', 'second=cookie-secret-2; Expires=Wed, 21 Oct 2037 07:28:00 GMT'] }, 'x'),
  '/needcookies': send => send(200, text, 'y'),
  '/fresh': send => send(200, { ...text, 'cache-control': 'max-age=600' }, 'kept'),
  '/etag': (send, request) => request.headers['if-none-match'] === '"e1"'
    ? send(304, { etag: '"e1"' }, '') : send(200, { ...text, etag: '"e1"' }, 'tagged'),
  '/take': send => send(200, text, 'taken'),
  '/crossed': (send, request) => send(request.method === 'OPTIONS' ? 204 : 200, {
    ...text, 'access-control-allow-origin': '*', 'access-control-allow-methods': 'PUT',
    'access-control-allow-headers': 'x-own' }, request.method === 'OPTIONS' ? '' : 'crossed'),
  '/refused': send => send(200, text, 'not for you'),
  '/redirect': (send, request, query) => query === '0'
    ? send(302, { location: '/plain?after-redirects&token=url-secret', 'set-cookie': `hop${query}=1` }, '')
    : send(302, { location: `/redirect?${Number(query) - 1}`, 'set-cookie': `hop${query}=1` }, ''),
  '/download': send => send(200, { 'content-type': 'application/zip',
    'content-disposition': 'attachment; filename=a.zip' }, 'zip'.repeat(100)),
};

export async function startTruthServer() {
  const served = [];
  const server = http.createServer({ keepAlive: true }, (request, response) => serve(request, response, served));
  server.on('upgrade', (request, socket) => upgrade(request, socket, served));
  await new Promise(done => server.listen(0, done));
  const { port } = server.address();
  return {
    port, served,
    url: path => `http://127.0.0.1:${port}${path}`,
    close: () => { server.closeAllConnections(); server.close(); },
  };
}

async function serve(request, response, served) {
  const url = `http://${request.headers.host}${request.url}`;
  const one = { method: request.method, url, at: Date.now() / 1000, cookies: request.headers.cookie };
  served.push(one);
  const body = [];
  request.on('error', () => 0);
  for await (const piece of request) body.push(piece);
  one.received = Buffer.concat(body).length;
  one.receivedHead = headBytes(request);
  const [path, query = ''] = request.url.split('?');
  const send = (status, headers, wire, decoded = wire) => {
    wire = Buffer.from(wire);
    Object.assign(one, { status, sent: request.method === 'HEAD' ? 0 : wire.length,
      decoded: request.method === 'HEAD' ? 0 : Buffer.byteLength(decoded) });
    response.writeHead(status, { 'content-length': wire.length, ...headers });
    response.end(wire);
  };
  if (FIRST_OF_ITS_TARGET.has(query)) await wait(1_000);
  const html_type = { 'content-type': 'text/html; charset=utf-8' };
  if (PAGES[path]) return send(200, html_type, PAGES[path]);
  if (SCRIPTS[path]) return send(200, { 'content-type': 'text/javascript' }, SCRIPTS[path]);
  if (ANSWERS[path]) return ANSWERS[path](send, request, query);
  return odd(path, response, one, request);
}

// Those that do not just answer.
async function odd(path, response, one, request) {
  if (path === '/slow') await wait(600);
  if (path === '/slow' || path === '/chunked') {
    Object.assign(one, { status: 200, decoded: 15, sent: undefined });
    response.writeHead(200, text);
    for (let i = 0; i < 3; ++i) { response.write('chunk'); await wait(20); }
    return response.end();
  }
  if (path === '/sse') {
    Object.assign(one, { status: 200 });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const data of ['one', 'two']) response.write(`id: ${data}\ndata: ${data}\n\n`);
    return undefined;
  }
  // Not just cut: Chromium would ask again on another connection.
  if (path === '/reset') return request.socket.end('HTTP/9.9 nonsense\r\n\r\n');
  if (path === '/cut') {
    response.writeHead(200, { ...text, 'content-length': 1000 });
    response.write('only this');
    await wait(50);
    return request.socket.destroy();
  }
  if (path === '/never') return undefined;
  Object.assign(one, { status: 404 });
  response.writeHead(404, { 'content-length': 0 });
  return response.end();
}

function headBytes(request) {
  let bytes = `${request.method} ${request.url} HTTP/1.1\r\n`.length + 2;
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    bytes += request.rawHeaders[i].length + request.rawHeaders[i + 1].length + 4;
  return bytes;
}

// One text message each way, then what a close needs.
function upgrade(request, socket, served) {
  served.push({ method: 'GET', url: `ws://${request.headers.host}${request.url}`, status: 101, at: Date.now() / 1000 });
  const accept = crypto.createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on('error', () => 0);
  socket.on('data', bytes => {
    const opcode = bytes[0] & 15;
    if (opcode === 1) socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('world')]));
    if (opcode === 8) { socket.write(Buffer.from([0x88, 0])); socket.end(); }
  });
}
