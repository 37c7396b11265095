// A first look at NDJSON: what its trials measure and which parameters they have.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { TabularError } from '../../../service/tabular/errors.js';
import type { RowError } from '../../../service/tabular/row-errors.js';
import type { Objective, TrialCreate } from '../../sdk/index.js';
import { unreadable } from '../csv/files.js';

/** Trials that are looked at before it is said how the table is read. */
const LOOKED_AT = 1000;

interface Counts {
  rows: number;
  imported: number;
  infeasible: number;
  rejected: number;
  errors: RowError[];
}

export interface NdjsonLook {
  /** What the first measurement names; empty where there is none. */
  objectives: Objective[];
  parameters: { name: string; kind: string }[];
  /** Counts lines that are trials, and what is wrong with the others as far as a look can tell. */
  tryRows: (counts: Counts, keptErrors: number) => Promise<void>;
}

/** @throws CliError file_unreadable; TabularError csv_unusable where there is no line */
export async function inspectNdjson(path: string, label: string): Promise<NdjsonLook> {
  let objectives: Objective[] = [];
  const kinds = new Map<string, string>();
  let looked = 0;
  for await (const { trial } of trialsOf(path)) {
    if (++looked > LOOKED_AT) break;
    if (trial === undefined) continue;
    if (objectives.length === 0) objectives = objectivesOf(trial.y);
    for (const [name, value] of Object.entries(trial.x)) {
      const kind =
        typeof value === 'string' ? 'text' : value !== null && typeof value === 'object' ? 'json' : typeof value;
      kinds.set(name, kinds.has(name) && kinds.get(name) !== kind ? 'mixed' : kind);
    }
  }
  if (looked === 0) throw new TabularError('csv_unusable', `${label} is empty.`, 'Write one trial a line.');
  return {
    objectives,
    parameters: [...kinds].map(([name, kind]) => ({ name, kind })),
    tryRows: async (counts, keptErrors) => {
      for await (const { line, trial, what } of trialsOf(path)) {
        counts.rows++;
        if (trial === undefined) {
          counts.rejected++;
          const fix = 'Write {"x": {…}, "y": …}, one a line.';
          if (counts.errors.length < keptErrors) counts.errors.push({ line, code: 'invalid_json', what: what!, fix });
        } else {
          counts.imported++;
          if (trial.status === 'infeasible') counts.infeasible++;
        }
      }
    },
  };
}

function objectivesOf(y: TrialCreate['y']): Objective[] {
  if (typeof y === 'number') return [{ name: 'y' }];
  return typeof y === 'object' && y !== null ? Object.keys(y).map((name) => ({ name })) : [];
}

async function* trialsOf(path: string): AsyncGenerator<{ line: number; trial?: TrialCreate; what?: string }> {
  const stream = createReadStream(path);
  const opened = new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (error) => reject(unreadable(path, error)));
  });
  await opened;
  let line = 0;
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      if (text.trim() === '') continue;
      yield { line, ...trialOf(text) };
    }
  } finally {
    stream.destroy();
  }
}

function trialOf(text: string): { trial: TrialCreate } | { what: string } {
  try {
    const value = JSON.parse(text.replace(/^\ufeff/, '')) as TrialCreate | null;
    const x: unknown = value?.x;
    if (typeof x === 'object' && x !== null && !Array.isArray(x)) return { trial: value! };
    return { what: 'the line has no x' };
  } catch (error) {
    return { what: `the line is not JSON (${(error as Error).message})` };
  }
}
