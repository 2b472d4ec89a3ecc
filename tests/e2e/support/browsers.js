// A browser to connect to: Chromium started by hand, or a session of the service. Both give {ws, http, close}.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { createSession, endSession } from './service.js';

export const KINDS = ['headless-shell', 'chromium'];

const BINARIES = {
  'headless-shell': process.env.HEADLESS_SHELL ?? '/usr/lib/chromium/chromium-headless-shell',
  chromium: process.env.CHROMIUM ?? '/usr/lib/chromium/chromium',
};

// Chromium's sandbox refuses root, so as root the browser runs as a user made for that.
function browserUser() {
  if (process.getuid() !== 0) return {};
  for (const name of ['pbaas', 'nobody']) {
    try {
      const id = flag => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch { /* There is no such user: the next. */ }
  }
  throw new Error('neither pbaas nor nobody is a user of this machine');
}

// Whoever is left of a tree may still write to its folder. The dead do not, however long they wait to be reaped.
async function groupIsGone(leader) {
  const lives = pid => {
    try {
      const [state, , group] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return Number(group) === leader && state !== 'Z' && state !== 'X';
    } catch { return false; }
  };
  for (let tries = 0; tries < 500; ++tries) {
    if (!fs.readdirSync('/proc').some(each => /^\d+$/.test(each) && lives(each))) return;
    await new Promise(done => setTimeout(done, 10));
  }
  throw new Error(`something is left of the process group ${leader}`);
}

export async function startDirect(kind) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chromium-e2e-'));
  const user = browserUser();
  if (user.uid !== undefined) fs.chownSync(folder, user.uid, user.gid);
  // Scroll bars would be in one's screenshots and not in the other's; both client libraries hide them too.
  const child = spawn(BINARIES[kind], [
    '--headless', '--disable-gpu', '--no-first-run', '--hide-scrollbars', '--remote-debugging-port=0',
    `--user-data-dir=${folder}`,
    'about:blank',
  ], { ...user, cwd: folder, env: { ...process.env, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'],
    detached: true });
  const left = new Promise(done => child.once('exit', done));
  const ws = await new Promise((done, failed) => {
    const said = [];
    readline.createInterface(child.stderr).on('line', line => {
      said.push(line);
      const found = /DevTools listening on (ws:\S+)/.exec(line);
      if (found) done(found[1]);
    });
    left.then(() => failed(new Error(`Chromium did not start: ${said.join('\n')}`)));
  });
  return {
    ws,
    http: `http://${new URL(ws).host}`,
    close: async () => {
      process.kill(-child.pid, 'SIGKILL');
      await left;
      await groupIsGone(child.pid);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startThroughService(service, kind, options = {}) {
  const session = await createSession(service, { browser: kind, ...options });
  return {
    session, ws: session.connect_url, http: session.cdp_url, close: () => endSession(service, session),
  };
}
