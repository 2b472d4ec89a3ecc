// What a client and a browser said to each other, twice and more, compared: which message, how often, in which order.
// No two runs are the same, whoever is between: a difference is what differs each time.

// What every recorded session is known to show (docs/recordings.md): that somebody is attached to each target, and of a
// request that waits for the client the number that it has in the domain Network.
const KNOWN_METHOD = 'Target.targetInfoChanged';

function forgetKnown(name, { params, result }) {
  if (name === 'Fetch.requestPaused') delete params.networkId;
  for (const info of [params?.targetInfo, result?.targetInfo, ...result?.targetInfos ?? []]) delete info?.attached;
}

// Values that are another in each run, by the name of their field.
const CHANGING =
  /^(id|ids|time|timestamp|ts|expires|port|timing|date|stack|stream)$|(Id|Ids|Time|Timestamp|Port|Size)$/;
const BY_CHANCE = new Set(['connectionReused', 'Date']);
const LONG = 300;  // Pictures and documents, which have a clock in them, too.

function plainText(text, ports) {
  if (text.length > LONG) return '<long>';
  return text.replace(/[0-9A-F]{32}/gi, '<id>').replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<id>')
    .replace(/playwright-artifacts-\w+/g, '<folder>')
    .replace(/-?\d+\.\d+(\.\d+)*/g, number => (number === '127.0.0.1' ? number : '<number>'))
    .replace(/(127\.0\.0\.1:)(\d+)/g, (_, host, port) => host + (ports.includes(port) ? '<site>' : '<port>'));
}

function plainValue(value, name, ports) {
  if (CHANGING.test(name) || BY_CHANCE.has(name)) return '<…>';
  if (typeof value === 'string') return plainText(value, ports);
  if (typeof value === 'number') return Number.isInteger(value) ? value : '<number>';
  if (Array.isArray(value)) return value.map(each => plainValue(each, '', ports));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map(each => [each, plainValue(value[each], each, ports)]));
}

// The messages as texts without ids and times, in order. `ports` are the sites', which both runs share.
export function plain(heard, ports) {
  const asked = new Map();
  const texts = [];
  for (const { from, message } of heard) {
    const { id, method, sessionId, ...rest } = message;
    const key = `${sessionId ?? ''} ${id}`;
    if (from === 'client') asked.set(key, method);
    const name = method ?? `answer to ${asked.get(key) ?? asked.get(` ${id}`)}`;
    if (name === KNOWN_METHOD) continue;
    forgetKnown(name, rest);
    const of = sessionId ? 'of a target' : 'of all';
    texts.push(`${from} ${of}: ${name} ${JSON.stringify(plainValue(rest, '', ports))}`);
  }
  return texts;
}

function counted(texts) {
  const counts = new Map();
  texts.forEach(text => counts.set(text, (counts.get(text) ?? 0) + 1));
  return counts;
}

// Who says what to whom, without how.
const nameOf = text => text.split(' {', 1)[0];

const SIDES = ['without', 'with'];

// A pair of runs, one without and one with, looked at in all ways in which they may differ.
class Pair {
  constructor(runs) {
    this.counts = Object.fromEntries(SIDES.map(side => [side, counted(runs[side])]));
    this.names = Object.fromEntries(SIDES.map(side => [side, counted(runs[side].map(nameOf))]));
    this.places = Object.fromEntries(SIDES.map(side => [side, new Map(runs[side].map((text, i) => [text, i]))]));
  }
  count(side, text) { return this.counts[side].get(text) ?? 0; }
  order(side, first, second) {
    if (this.count(side, first) !== 1 || this.count(side, second) !== 1) return 'not once each';
    return this.places[side].get(first) < this.places[side].get(second) ? 'before' : 'after';
  }
  // Said once by both, in the order of the runs without.
  get once() {
    return [...this.places.without.keys()].filter(text => SIDES.every(side => this.count(side, text) === 1));
  }
}

// Takes pairs of runs. What is left in `differences` has differed in all of them: no value that was seen without has
// been seen with.
export class Comparison {
  #left;

  take(runs) {
    const pair = new Pair(runs);
    this.#left ??= [...this.#differing(pair)];
    for (const each of this.#left) {
      SIDES.forEach(side => each[side].add(each.look(pair, side)));
    }
    this.#left = this.#left.filter(each => each.without.isDisjointFrom(each.with));
  }

  *#differing(pair) {
    const difference = (name, look) => ({ name, look, without: new Set(), with: new Set() });
    for (const text of new Set(SIDES.flatMap(side => [...pair.counts[side].keys()]))) {
      yield difference(`how often: ${text}`, (each, side) => each.count(side, text));
    }
    for (const name of new Set(SIDES.flatMap(side => [...pair.names[side].keys()]))) {
      yield difference(`how often: ${name}`, (each, side) => each.names[side].get(name) ?? 0);
    }
    const once = pair.once;
    for (let i = 0; i < once.length; ++i) {
      for (let j = i + 1; j < once.length; ++j) {
        if (pair.order('with', once[i], once[j]) === 'before') continue;
        yield difference(`in which order: ${once[i]}\n  and ${once[j]}`,
          (each, side) => each.order(side, once[i], once[j]));
      }
    }
  }

  get differences() {
    return this.#left.map(each =>
      `${each.name}\n  without: ${[...each.without]}, with: ${[...each.with]}`);
  }
}
