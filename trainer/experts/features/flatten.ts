// Turns the parameters of a trial, JSON of any kind, into a flat list of named leaves.
import type { Json, JsonObject } from '../../types.js';

/** Nesting below this depth is ignored: no real study comes near it, and it bounds the recursion. */
const MAX_DEPTH = 16;
/** Items of an array beyond this many have no column of their own; its length is always kept. */
const MAX_ITEMS = 32;

/** Everything one trial says at one path: a number (NaN where it has none) and strings (more than one in an array of strings). */
export interface Leaf {
  number: number;
  strings: string[];
}

/** A trial as path → leaf. `null` counts as missing. */
export type FlatTrial = Map<string, Leaf>;

/**
 * Flattens `x` into leaves. Paths are keys joined by dots (a dot inside a key becomes `\.`), `[i]` for the i-th item of an array, `[]` for all
 * strings of an array together and `.length` for its length. Booleans are the numbers 0 and 1.
 */
export function flatten(x: JsonObject): FlatTrial {
  const leaves: FlatTrial = new Map();
  for (const [key, value] of Object.entries(x)) visit(leaves, escapeKey(key), value, 1);
  return leaves;
}

function visit(leaves: FlatTrial, path: string, value: Json, depth: number): void {
  if (value === null || depth > MAX_DEPTH) return;
  if (typeof value === 'string') leafAt(leaves, path).strings.push(value);
  else if (typeof value === 'number') leafAt(leaves, path).number = value;
  else if (typeof value === 'boolean') leafAt(leaves, path).number = value ? 1 : 0;
  else if (Array.isArray(value)) visitArray(leaves, path, value, depth);
  else for (const [key, item] of Object.entries(value)) visit(leaves, `${path}.${escapeKey(key)}`, item, depth + 1);
}

function visitArray(leaves: FlatTrial, path: string, items: readonly Json[], depth: number): void {
  leafAt(leaves, `${path}.length`).number = items.length;
  for (let i = 0; i < Math.min(items.length, MAX_ITEMS); i++) {
    const item = items[i]!;
    visit(leaves, typeof item === 'string' ? `${path}[]` : `${path}[${i}]`, item, depth + 1);
  }
}

function leafAt(leaves: FlatTrial, path: string): Leaf {
  let leaf = leaves.get(path);
  if (!leaf) {
    leaf = { number: Number.NaN, strings: [] };
    leaves.set(path, leaf);
  }
  return leaf;
}

function escapeKey(key: string): string {
  return key.includes('.') ? key.replaceAll('.', '\\.') : key;
}
