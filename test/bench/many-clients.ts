// Many clients at once, each reading, writing and asking as people's programs do; what was acknowledged is compared with the database.

import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { Dice } from '../service/fuzz/dice.js';
import { LoadClient, type Sent } from './load-client.js';

export interface ManyClients {
  url: string;
  clients: number;
  seconds: number;
  /** Over which the clients come, within the time, in seconds. */
  rampSeconds: number;
  seed: number;
  /** Mean pause of a client between two requests, in ms; exponential, so that they come as they like. */
  pauseMs: number;
  /** Shares of the kinds of requests; what is left of 1 reads. */
  writes: number;
  predictions: number;
}

export type Kind = 'read' | 'write' | 'prediction';

export interface Tally {
  /** Answers by kind and status; status 0: the client hung up. */
  statuses: Map<string, number>;
  ms: Record<Kind, number[]>;
  /** Trials that the server said it keeps: id and y, null while running, by the tag in their x. */
  kept: Map<string, { id: string; y: number | null }>;
  /** Tags that were sent; some without hearing what became of them. */
  sent: Set<string>;
  studies: string[];
  /** What contradicts the contract: two winners of one trial, two answers to one key. */
  faults: string[];
}

const STUDIES = 8;
/** Studies, the first ones, that only are asked about: measured before, as those mostly are whose predictions are wanted. */
const QUIET = 2;
/** Of the predictions; the others are about studies that grow meanwhile, of which each new trial has to be learned first. */
const ABOUT_QUIET = 0.9;
const BATCH = 20;
/** Of the writes. */
const SHARES = { batch: 0.15, race: 0.2, twice: 0.2, hangUp: 0.1 };

/** Runs them to the end of the time. */
export async function runClients(options: ManyClients): Promise<Tally> {
  const tally: Tally = {
    statuses: new Map(),
    ms: { read: [], write: [], prediction: [] },
    kept: new Map(),
    sent: new Set(),
    studies: [],
    faults: [],
  };
  const setup = new LoadClient(options.url);
  for (let i = 0; i < STUDIES; i++) {
    const made = await setup.send('/v1/studies', { name: `of many ${i}`, objectives: [{ name: 'y' }] });
    const { id } = JSON.parse(made.body) as { id: string };
    tally.studies.push(id);
    const trials = Array.from({ length: 20 }, (_, level) => ({ x: { level, tag: `setup-${i}-${level}` }, y: level }));
    const { body } = await setup.send(`/v1/studies/${id}/trials:batch`, { trials });
    const { created } = JSON.parse(body) as { created: { row: number; id: string }[] };
    for (const { row, id: trial } of created) {
      tally.sent.add(trials[row]!.x.tag);
      tally.kept.set(trials[row]!.x.tag, { id: trial, y: row });
    }
  }
  setup.close();
  const over = performance.now() + 1000 * options.seconds;
  const clients = Array.from({ length: options.clients }, (_, n) => new OneClient(n, options, tally).run(over));
  await Promise.all(clients);
  return tally;
}

class OneClient {
  private readonly http: LoadClient;
  private readonly dice: Dice;
  private made = 0;

  constructor(
    private readonly n: number,
    private readonly options: ManyClients,
    private readonly tally: Tally,
  ) {
    this.http = new LoadClient(options.url);
    this.dice = new Dice(options.seed * 100_003 + n);
  }

  async run(over: number): Promise<void> {
    const { dice, options } = this;
    // They come one after the other: 200 in one moment measure how a program warms up.
    await sleep((1000 * options.rampSeconds * this.n) / options.clients);
    while (performance.now() < over) {
      const kind = dice.fraction();
      if (kind < options.writes) await this.write();
      else if (kind < options.writes + options.predictions) await this.predict();
      else await this.read();
      await sleep(-Math.log(1 - dice.fraction()) * options.pauseMs);
    }
    this.http.close();
  }

  private async read(): Promise<void> {
    const study = this.study();
    const paths = ['', '/trials?limit=20&order=desc', '/trials?limit=5&status=running'].map((end) => study + end);
    await this.count('read', () => this.http.get(this.dice.pick([...paths, '/v1/studies?limit=20', '/v1/models'])));
  }

  private async predict(): Promise<void> {
    const { dice, tally } = this;
    const body = { queries: [{ level: dice.integer(0, 30) }] };
    const study = dice.chance(ABOUT_QUIET) ? `/v1/studies/${dice.pick(tally.studies.slice(0, QUIET))}` : this.study();
    await this.count('prediction', () => this.http.send(`${study}/predictions`, body));
  }

  private async write(): Promise<void> {
    const { batch, race, twice, hangUp } = SHARES;
    const kind = this.dice.fraction();
    if (kind < batch) await this.batch();
    else if (kind < batch + race) await this.race();
    else
      await this.add(kind < batch + race + twice ? 'twice' : kind < batch + race + twice + hangUp ? 'hang up' : 'once');
  }

  /** A trial with an idempotency key; sent twice at once, or again after the client hung up, it is still one trial. */
  private async add(how: 'once' | 'twice' | 'hang up'): Promise<void> {
    const { tag, y } = this.next();
    const path = `${this.study()}/trials`;
    const trial = { x: { level: y, tag }, y };
    const send = (signal?: AbortSignal) =>
      this.count('write', () => this.http.send(path, trial, signal, { 'idempotency-key': tag }));
    if (how === 'hang up') await send(AbortSignal.timeout(this.dice.integer(1, 4)));
    const answers = await Promise.all(how === 'twice' ? [send(), send()] : [send()]);
    const ids = answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => (JSON.parse(body) as { id: string }).id);
    if (new Set(ids).size > 1) this.tally.faults.push(`${tag} became ${ids.join(' and ')}`);
    if (ids.length > 0) this.tally.kept.set(tag, { id: ids[0]!, y });
  }

  private async batch(): Promise<void> {
    const rows = Array.from({ length: BATCH }, () => this.next());
    const trials = rows.map(({ tag, y }) => ({ x: { level: y, tag }, y }));
    const headers = { 'idempotency-key': `batch-${rows[0]!.tag}` };
    const { status, body } = await this.count('write', () =>
      this.http.send(`${this.study()}/trials:batch`, { trials }, undefined, headers),
    );
    if (status !== 200) return;
    const { created } = JSON.parse(body) as { created: { row: number; id: string }[] };
    for (const { row, id } of created) this.tally.kept.set(rows[row]!.tag, { id, y: rows[row]!.y });
  }

  /** A running trial that two say the end of at once: one of them is believed. */
  private async race(): Promise<void> {
    const { tag } = this.next();
    const study = this.study();
    const made = await this.count('write', () => this.http.send(`${study}/trials`, { x: { level: 1, tag } }));
    if (made.status !== 201) return;
    const { id } = JSON.parse(made.body) as { id: string };
    const ends = [1, 2].map((y) => this.count('write', () => this.http.send(`${study}/trials/${id}:complete`, { y })));
    const statuses = (await Promise.all(ends)).map(({ status }) => status);
    const winners = statuses.filter((status) => status === 200).length;
    if (winners > 1) this.tally.faults.push(`${id} was completed ${winners} times`);
    if (winners === 1) this.tally.kept.set(tag, { id, y: statuses.indexOf(200) + 1 });
    else this.tally.kept.set(tag, { id, y: null });
  }

  /** One that grows. */
  private study(): string {
    return `/v1/studies/${this.dice.pick(this.tally.studies.slice(QUIET))}`;
  }

  private next(): { tag: string; y: number } {
    const tag = `client-${this.n}-${this.made++}`;
    this.tally.sent.add(tag);
    return { tag, y: this.dice.integer(0, 1000) };
  }

  private async count(kind: Kind, call: () => Promise<Sent>): Promise<Sent> {
    const sent = await call().catch((error: Error) => {
      // Its own impatience ends a request; anything else is the server's doing.
      if (error.name !== 'AbortError' && error.name !== 'TimeoutError')
        this.tally.faults.push(`${kind}: ${error.message}`);
      return { status: 0, body: '', ms: 0 };
    });
    const key = `${kind} ${sent.status}`;
    this.tally.statuses.set(key, (this.tally.statuses.get(key) ?? 0) + 1);
    if (sent.status > 0) this.tally.ms[kind].push(sent.ms);
    return sent;
  }
}

/** What of the tally the database contradicts; empty where nothing was lost and nothing is there twice. */
export function compareWithDatabase(file: string, tally: Tally): string[] {
  const faults = [...tally.faults];
  const db = new Sqlite(file, { readonly: true });
  const found = new Map<string, { id: string; y: number | null }>();
  for (const [place, study] of tally.studies.entries()) {
    const { row, ...counts } = db
      .prepare<[string], Record<'row' | 'completed' | 'running', number>>(
        'SELECT row, completed, running FROM studies WHERE id = ?',
      )
      .get(study)!;
    const trials = db
      .prepare<[number], { id: string; x: string; y: string | null }>('SELECT id, x, y FROM trials WHERE study = ?')
      .all(row);
    for (const { id, x, y } of trials) {
      const { tag } = JSON.parse(x) as { tag: string };
      if (found.has(tag)) faults.push(`${tag} is there twice: ${found.get(tag)!.id} and ${id}`);
      if (!tally.sent.has(tag)) faults.push(`${tag} was never sent`);
      found.set(tag, { id, y: y === null ? null : (JSON.parse(y) as number[])[0]! });
    }
    const completed = trials.filter(({ y }) => y !== null).length;
    if (counts.completed !== completed || counts.running !== trials.length - completed)
      faults.push(`study ${place} counts ${JSON.stringify(counts)}, and has ${completed} of ${trials.length}`);
  }
  db.close();
  for (const [tag, { id, y }] of tally.kept) {
    const stored = found.get(tag);
    if (stored === undefined) faults.push(`${tag} (${id}) was acknowledged, and is lost`);
    else if (stored.id !== id || (y !== null && stored.y !== y))
      faults.push(`${tag} was acknowledged as ${id} with ${y}, and is ${stored.id} with ${stored.y}`);
  }
  for (const key of tally.statuses.keys()) if (/ 5\d\d$/.test(key)) faults.push(`${tally.statuses.get(key)} × ${key}`);
  return faults;
}

/** The quantile of some times. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
}
