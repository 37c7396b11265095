// The text that the vocabulary is learned from: names, each in the spellings people use, and prose as it stands.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeText } from './serialize.js';

/**
 * Texts of a corpus folder in a fixed order. Lines of `names-*.txt` are names and are given in every spelling; lines of
 * the other `.txt` files are texts. Empty lines and lines that begin with `# ` are left out.
 */
export function readCorpus(folder: string): string[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort();
  return files.flatMap((file) => {
    const lines = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('# '));
    return (file.startsWith('names-') ? lines.flatMap(spellings) : lines).map(escapeText);
  });
}

/** `max_depth` → max_depth, max-depth, maxDepth, `max depth`: the words of a name as different tools join them. */
export function spellings(name: string): string[] {
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .split(/[\s_-]+/)
    .filter((word) => word !== '');
  const lower = words.map((word) => word.toLowerCase());
  const camel = lower.map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1)));
  return [lower.join('_'), lower.join('-'), camel.join(''), lower.join(' ')];
}
