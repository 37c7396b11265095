// A study's trials as CSV, and what every column of it is, so that an import makes the same trials of it again.

import { cellKind } from '../../../service/tabular/cells.js';
import type { CellType, PlannedColumn } from '../../../service/tabular/planned-columns.js';
import { writeCsvLine } from '../../../service/tabular/write.js';
import type { Json, Objective, Trial } from '../../sdk/index.js';

/** A column and where its cells come from. */
export interface ExportColumn extends PlannedColumn {
  type: CellType;
}

/** What the values of one key have in common; as little as that, not one of them changes on its way. */
class KeyProfile {
  #type: CellType | undefined;

  observe(value: Json): void {
    const type = typeOf(value);
    this.#type = this.#type === undefined || this.#type === type ? type : 'json';
  }

  get type(): CellType {
    return this.#type ?? 'json';
  }
}

/** Finds out which columns a CSV of these trials has. */
export class ColumnFinder {
  readonly #x = new Map<string, KeyProfile>();
  readonly #metadata = new Map<string, KeyProfile>();
  #unfinished = false;
  #reason: KeyProfile | undefined;

  observe(trial: Trial): void {
    observeKeys(this.#x, trial.x);
    observeKeys(this.#metadata, trial.metadata);
    if (trial.status !== 'completed') this.#unfinished = true;
    if (trial.infeasible_reason !== null) {
      this.#reason ??= new KeyProfile();
      this.#reason.observe(trial.infeasible_reason);
    }
  }

  /** Parameters, objectives, what became of the trial, metadata. */
  columns(objectives: readonly Objective[]): ExportColumn[] {
    const taken = new Set<string>();
    const named = (key: string, column: Omit<ExportColumn, 'name' | 'key'>): ExportColumn => {
      const name = freeName(key, taken);
      taken.add(name);
      return { name, ...column, ...(name === key ? {} : { key }) };
    };
    // Objectives keep their names where something has to give way.
    const measured = objectives.map(({ name }) => named(name, { role: 'objective', type: 'number' }));
    const parameters = [...this.#x].map(([key, { type }]) => named(key, { role: 'parameter', type }));
    const rest: ExportColumn[] = [];
    const role = (name: string, column: Omit<ExportColumn, 'name' | 'key'>) => {
      const { name: free } = named(name, column);
      rest.push({ name: free, ...column });
    };
    if (this.#unfinished) role('status', { role: 'status', type: 'text' });
    if (this.#reason) role('infeasible_reason', { role: 'infeasible_reason', type: this.#reason.type });
    for (const [key, { type }] of this.#metadata) {
      const name = freeName(`metadata.${key}`, taken);
      taken.add(name);
      rest.push({ name, role: 'metadata', type, key });
    }
    return [...parameters, ...measured, ...rest];
  }
}

export function headerLine(columns: readonly ExportColumn[]): string {
  return writeCsvLine(columns.map(({ name }) => name));
}

export function trialLine(trial: Trial, columns: readonly ExportColumn[], objectives: readonly Objective[]): string {
  return writeCsvLine(
    columns.map(({ name, role, type, key = name }) => {
      if (role === 'parameter') return cellOf(own(trial.x, key), type);
      if (role === 'metadata') return cellOf(own(trial.metadata, key), type);
      if (role === 'status') return trial.status;
      if (role === 'infeasible_reason') return cellOf(trial.infeasible_reason ?? undefined, type);
      const { y } = trial;
      if (y === null) return '';
      return String(typeof y === 'number' ? y : own(y, objectives.find((one) => one.name === key)!.name));
    }),
  );
}

function observeKeys(profiles: Map<string, KeyProfile>, record: Readonly<Record<string, Json>>): void {
  for (const [key, value] of Object.entries(record)) {
    const profile = profiles.get(key) ?? new KeyProfile();
    profiles.set(key, profile);
    profile.observe(value);
  }
}

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

function typeOf(value: Json): CellType {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return cellKind(String(value)) === 'number' ? 'number' : 'json';
  // A text that would read as "no value", or that a CSV cannot hold, is written as JSON.
  if (typeof value === 'string') return value.trim() === '' || /[\0\ufffd\ufeff]/.test(value) ? 'json' : 'text';
  return 'json';
}

function cellOf(value: Json | undefined, type: CellType): string {
  if (value === undefined) return '';
  if (type !== 'json') return String(value);
  // What reads as a byte that is no UTF-8, or begins a file, is written by its number.
  return JSON.stringify(value).replace(/[\ufffd\ufeff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

/** A header that is not empty, that no other column has, and that is read as it is written. */
function freeName(key: string, taken: ReadonlySet<string>): string {
  const readable = key.replace(/[\0\ufffd\ufeff\r\n"]/g, ' ').trim() || 'column';
  for (let i = 1; ; i++) {
    const name = i === 1 ? readable : `${readable}_${i}`;
    if (!taken.has(name)) return name;
  }
}
