// A small local web server with the pages the scenarios visit.
import http from 'node:http';

const html = (title, body) => ['text/html', `<!doctype html><meta charset=utf-8><title>${title}</title>${body}`];

const PAGES = {
  '/': html('Home', '<h1>Home</h1><a id=next href="/next">next</a>'),
  '/next': html('Next', '<h1>Next</h1>'),
  '/form': html('Form', `<input id=name><button id=go onclick="document.querySelector('#said').textContent =
      'Hello ' + document.querySelector('#name').value">Go</button><p id=said></p>`),
  '/tall': html('Tall', '<body style="margin:0"><div style="height:3000px;background:teal"></div>'),
  '/paper': html('Paper', '<p>one</p><p style="break-before:page">two</p><p style="break-before:page">three</p>'),
  '/frames': html('Frames', '<iframe name=outer src="/frame"></iframe>'),
  '/frame': html('Frame', '<p id=inside>inside</p><iframe name=inner src="/inner"></iframe>'),
  '/inner': html('Inner', '<p id=inside>deeper</p>'),
  '/opener': html('Opener', '<button id=open onclick="window.open(\'/popup\')">open</button>'),
  '/popup': html('Popup', '<script>document.title = "Popup of " + opener.document.title</script>'),
  '/dialogs': html('Dialogs', ''),
  '/worker': html('Worker', '<script>new Worker("/worker.js")</script>'),
  '/worker.js': ['text/javascript', 'self.answer = 6 * 7; onmessage = e => postMessage(e.data * 2)'],
  '/service-worker.js': ['text/javascript', 'self.addEventListener("install", () => self.skipWaiting())'],
  '/fetches': html('Fetches', '<script>fetch("/data").then(r => r.text()).then(t => document.title = t)</script>'),
  '/data': ['text/plain', 'from the server'],
  '/options': html('Options', '<iframe src="/next"></iframe>'),
  '/download': ['application/octet-stream', 'a file', { 'content-disposition': 'attachment; filename="report.bin"' }],
  '/downloads': html('Downloads', '<a id=get href="/download">get</a>'),
  '/favicon.ico': ['image/x-icon', ''],
};

// Gives {url, seen, close}; `seen` holds the headers of each request, by path.
export async function servePages() {
  const seen = new Map();
  const server = http.createServer((request, response) => {
    const path = new URL(request.url, 'http://pages').pathname;
    seen.set(path, request.headers);
    const [type, body, headers] = PAGES[path] ?? ['text/plain', 'nothing here'];
    response.writeHead(PAGES[path] ? 200 : 404, { 'content-type': type, ...headers }).end(body);
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    close: () => { server.closeAllConnections(); return new Promise(done => server.close(done)); },
  };
}
