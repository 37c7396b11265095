// The tables of docs/bad-input.md and docs/security.md: made by the tests that try the inputs, compared with the page, written anew with UPDATE_DOCS=1.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const pageOf = (file: string) => fileURLToPath(new URL(`../docs/${file}`, import.meta.url));

export interface PageRow {
  /** Markdown. */
  where: string;
  /** Plain text. */
  input: string;
  answer: string;
}

/** Holds the table between the page's marks of this name against the rows that were really seen. */
export function holdTable(
  name: 'command line' | 'HTTP' | 'attacks',
  rows: readonly PageRow[],
  { file = 'bad-input.md', columns = 'where | input | what it gets' } = {},
): void {
  const page = pageOf(file);
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const lines = rows.map(({ where, input, answer }) => `| ${where} | ${cell(input)} | ${cell(answer)} |`);
  const table = [begin, '', `| ${columns} |`, '| --- | --- | --- |', ...lines, '', end].join('\n');
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  expect(from, `${page} has the marks of the table "${name}"`).toBeGreaterThanOrEqual(0);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(page, text.slice(0, from) + table + text.slice(to + end.length));
  else expect(text.slice(from, to + end.length)).toBe(table);
}

function cell(text: string): string {
  return text
    .replaceAll(/study_[0-9a-z]{20,}/g, 'study_…')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll('\n', ' ');
}
