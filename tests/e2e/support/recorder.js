// A browser that is recorded by the recorder alone: {http, stop} of tests/recording/recorder_rig.cc.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
export const RIG = process.env.RECORDER_RIG ??
  path.join(ROOT, 'build', 'debug', 'tests', 'recording', 'recorder_rig');

export async function startRecorded(record, kind = 'headless-shell') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'recorder-e2e-'));
  const child = spawn(RIG, [folder, JSON.stringify(record), kind], { stdio: ['pipe', 'pipe', 'inherit'] });
  const left = new Promise(done => child.once('exit', done));
  const lines = readline.createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the recorder left');
    return JSON.parse(value);
  };
  const { port, pid } = await next();
  const spool = path.join(folder, 'network.har.spool');
  return {
    spool,
    // Done when an entry of this URL is in the spool.
    wrote: async url => {
      while (!fs.readFileSync(spool, 'utf8').includes(url)) await new Promise(done => setTimeout(done, 20));
    },
    http: `http://127.0.0.1:${port}`,
    folder,
    pid,
    child,
    left,
    // What became of it: the files of the recording.
    stop: async () => {
      child.stdin.write('stop\n');
      const result = await next();
      await left;
      return result;
    },
    clean: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

export const fileOf = (result, kind) => result.files.find(file => file.kind === kind);
export const readHar = result => JSON.parse(fs.readFileSync(fileOf(result, 'har').path, 'utf8'));
