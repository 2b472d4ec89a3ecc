// Stands between a client and a browser and keeps what they say: {ws, heard, close}.
import { WebSocket, WebSocketServer } from 'ws';

// Screenshots and traces are large.
const MESSAGE_BYTES_MAX = 256 << 20;

export async function listenTo(place) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: MESSAGE_BYTES_MAX });
  const heard = [];
  server.on('connection', client => {
    const browser = new WebSocket(place.ws, { maxPayload: MESSAGE_BYTES_MAX });
    const early = [];
    const keep = (from, data) => heard.push({ from, message: JSON.parse(data) });
    client.on('message', data => {
      keep('client', data);
      if (browser.readyState === WebSocket.OPEN) browser.send(`${data}`);
      else early.push(`${data}`);
    });
    browser.on('open', () => early.forEach(data => browser.send(data)));
    browser.on('message', data => {
      keep('browser', data);
      client.send(`${data}`);
    });
    client.on('close', () => browser.close());
    browser.on('close', () => client.close());
    browser.on('error', () => client.terminate());
  });
  await new Promise(done => server.once('listening', done));
  const ws = `ws://127.0.0.1:${server.address().port}/`;
  return {
    ws, http: ws, heard,
    close: () => {
      server.clients.forEach(client => client.terminate());
      return new Promise(done => server.close(done));
    },
  };
}
