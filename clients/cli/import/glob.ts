// Patterns such as runs/*.csv, for shells that leave them alone: `*` and `?` within a name, `**` for folders of any depth.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.js';

/**
 * The files that the arguments name, each pattern's in the order of their names.
 * @throws CliError file_unreadable where a pattern matches nothing
 */
export function expandPatterns(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    if (pattern === '-' || !/[*?]/.test(pattern) || existsSync(pattern)) return [pattern];
    const isAbsolute = pattern.startsWith('/');
    const found = matches(isAbsolute ? '/' : '.', pattern.split('/').filter(Boolean));
    if (found.length > 0) return found.map((file) => (isAbsolute ? file : file.replace(/^\.\//, '')));
    throw new CliError('file_unreadable', `No file matches ${pattern}.`, 'Check the pattern and the folder.');
  });
}

function matches(folder: string, parts: readonly string[]): string[] {
  const [part, ...rest] = parts;
  if (part === undefined) return [];
  const entries = entriesOf(folder);
  if (part === '**') {
    const below = entries
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => matches(join(folder, entry.name), parts));
    return [...matches(folder, rest), ...below];
  }
  const pattern = new RegExp(
    `^${part
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );
  return entries.flatMap((entry) => {
    // As shells have it, names that begin with a dot want to be named.
    if (!pattern.test(entry.name) || (entry.name.startsWith('.') && !part.startsWith('.'))) return [];
    const path = join(folder, entry.name);
    if (rest.length > 0) return entry.isDirectory() ? matches(path, rest) : [];
    return entry.isDirectory() ? [] : [path];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
