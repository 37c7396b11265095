// The columns of a CSV: whether there is a header, and what kind of values each column holds over the whole file.
import { cellKind } from './cells.js';
import { TabularError } from './errors.js';

/** `empty`: no cell has a value. A column of mixed values is `text`. `json` is never found, only said. */
export type ColumnKind = 'number' | 'boolean' | 'text' | 'empty' | 'json';

/** Names of the columns, and whether they stood in the file. */
export interface Header {
  names: string[];
  inFile: boolean;
  /** Columns that the file leaves unnamed and that got the name of their place. */
  unnamed: string[];
}

/**
 * @param first Cells of the file's first record.
 * @param wanted True or false where the user said so; undefined: a first record of numbers alone is not a header.
 * @throws TabularError csv_unusable where two columns have one name.
 */
export function readHeader(first: readonly string[], wanted: boolean | undefined, path: string): Header {
  const filled = first.filter((cell) => cell.trim() !== '');
  const numeric = filled.length > 0 && filled.every((cell) => ['number', 'not_finite'].includes(cellKind(cell)));
  const inFile = wanted ?? !numeric;
  if (!inFile) return { names: first.map((_, i) => `c${i + 1}`), inFile, unnamed: [] };
  const unnamed: string[] = [];
  const names = first.map((cell, i) => {
    if (cell.trim() !== '') return cell.trim();
    unnamed.push(`c${i + 1}`);
    return `c${i + 1}`;
  });
  const seen = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      throw new TabularError(
        'csv_unusable',
        `${path}: columns ${earlier + 1} and ${i + 1} are both named ${JSON.stringify(name)}.`,
        'Give every column its own name. If the first line is data, import with --no-header.',
      );
    }
    seen.set(name, i);
  }
  return { names, inFile, unnamed };
}

/** What was seen of one column while the file was read. */
export class ColumnProfile {
  readonly #counts = { number: 0, not_finite: 0, boolean: 0, text: 0, empty: 0 };
  /** First cell that is text, to explain why a column of numbers is read as text. */
  #firstText: { line: number; cell: string } | undefined;

  observe(cell: string, line: number): void {
    const kind = cellKind(cell);
    this.#counts[kind]++;
    if (kind === 'text') this.#firstText ??= { line, cell };
  }

  get kind(): ColumnKind {
    const { number, not_finite, boolean, text } = this.#counts;
    if (text > 0) return 'text';
    if (number > 0) return boolean > 0 ? 'text' : 'number';
    if (boolean > 0) return not_finite > 0 ? 'text' : 'boolean';
    return not_finite > 0 ? 'text' : 'empty';
  }

  get numbers(): number {
    return this.#counts.number;
  }

  /** Where one odd cell makes text of a column that is otherwise numbers. */
  get surprise(): { line: number; cell: string; numbers: number } | undefined {
    const { number, text } = this.#counts;
    if (!this.#firstText || number === 0 || text > number) return undefined;
    return { ...this.#firstText, numbers: number };
  }
}
