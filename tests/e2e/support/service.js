// The service under test: the one at PBAAS_URL, else a `pbaas serve` of this run's own.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const ROOT = path.resolve(import.meta.dirname, '../../..');

export async function startService(settings = {}) {
  if (process.env.PBAAS_URL) return { url: process.env.PBAAS_URL.replace(/\/$/, ''), stop: async () => {} };
  // Browsers run as another user, who must be able to walk to their profiles.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'test-of-pbaas-'));
  fs.chmodSync(folder, 0o755);
  fs.mkdirSync(path.join(folder, 'run'));
  const binary = process.env.PBAAS_BINARY ?? path.join(ROOT, 'build/release/pbaas');
  const child = spawn(binary, ['serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env, PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'warn', DRAIN_TIMEOUT: '0',
      // Where the tests' own sites are.
      EGRESS_ALLOW: '127.0.0.0/8,[::1]',
      // As in the Python tests: none, unless whoever runs them asks for spares.
      WARM_BROWSERS: process.env.WARM_BROWSERS ?? '0',
      DATA_DIR: path.join(folder, 'data'),
      RUN_DIR: path.join(folder, 'run'), ...settings,
    },
  });
  const left = new Promise(done => child.once('exit', (code, signal) => done(signal ?? code)));
  const said = [];
  const url = await new Promise((done, failed) => {
    readline.createInterface(child.stdout).on('line', line => {
      said.push(line);
      const found = /pbaas listens on (http:\/\/\S+)/.exec(line);
      if (found) done(found[1].replace(/\/$/, ''));
    });
    left.then(how => failed(new Error(`pbaas left before it listened: ${how}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const how = await left;
    const remains = fs.readdirSync(path.join(folder, 'run'));
    fs.rmSync(folder, { recursive: true, force: true });
    if (how !== 0) throw new Error(`pbaas left with ${how}`);
    if (remains.length) throw new Error(`profiles are left: ${remains}`);
  };
  return { url, said, stop };
}

export async function createSession(service, options = {}) {
  const answer = await fetch(`${service.url}/session`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(options),
  });
  const session = await answer.json();
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(session)}`);
  return session;
}

export async function endSession(service, session) {
  return (await fetch(`${service.url}/session/${session.id}`, { method: 'DELETE' })).json();
}
