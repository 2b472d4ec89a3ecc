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
    // Done when the spool has an entry whose URL ends so; `isWhole`: and its last one lacks nothing that is to come. Of
    // one whose start was missed the end may never be told.
    wrote: async (urlEnd, { isWhole }) => {
      for (const due = Date.now() + 20_000; ;) {
        const entry = entriesOf(spool).findLast(each => each.request.url.endsWith(urlEnd));
        if (entry && !(isWhole && entry._incomplete && !entry._startMissed)) return;
        if (Date.now() > due) throw new Error(`the recorder has not written ${urlEnd}`);
        await new Promise(done => setTimeout(done, 20));
      }
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

// The whole lines' entries, in the order they were written.
const entriesOf = spool => fs.readFileSync(spool, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line))
  .filter(line => line.har).map(line => line.har);
export const fileOf = (result, kind) => result.files.find(file => file.kind === kind);
export const readHar = result => JSON.parse(fs.readFileSync(fileOf(result, 'har').path, 'utf8'));
