// What an evaluation has found so far, a line a cell, so that it goes on where it was stopped.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** A file of JSON lines, each with the key of what it holds. */
export class RowsFile<Value> {
  private readonly known = new Map<string, Value>();

  constructor(private readonly path: string) {
    if (!existsSync(path)) return;
    const text = readFileSync(path, 'utf8');
    for (const line of text.split('\n')) {
      const entry = parseLine<Value>(line);
      if (entry) this.known.set(entry.key, entry.value);
    }
    // A kill in the middle of a line: the next one begins on a line of its own.
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
  }

  get(key: string): Value | undefined {
    return this.known.get(key);
  }

  has(key: string): boolean {
    return this.known.has(key);
  }

  /** On disk when it returns. */
  add(key: string, value: Value): void {
    this.known.set(key, value);
    appendFileSync(this.path, `${JSON.stringify({ key, value })}\n`);
  }
}

/** Undefined where the line was cut off. */
function parseLine<Value>(line: string): { key: string; value: Value } | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as { key: string; value: Value });
  } catch {
    return undefined;
  }
}
