// docs/cli.md is the program's own help, command by command; UPDATE_DOCS=1 writes it anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { cliErrorCodes, exitCodes } from '../../../clients/cli/errors.js';
import { buildProgram } from '../../../clients/cli/program.js';

const page = fileURLToPath(new URL('../../../docs/cli.md', import.meta.url));
const BEGIN = '<!-- made from the program: begin -->';
const END = '<!-- made from the program: end -->';

/** What `--help` writes, a hundred characters wide. */
function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => parts.push(part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return parts.join('').trim();
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function sections(command: Command): string[] {
  const level = command.parent === null ? '##' : command.parent.parent === null ? '##' : '###';
  const own = `${level} ${nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``;
  const commands = command.commands.filter((child) => child.name() !== 'help');
  return [own, ...commands.flatMap(sections)];
}

test('docs/cli.md is what the program says of itself', () => {
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  expect(from).toBeGreaterThan(0);
  const errors = Object.entries(cliErrorCodes).map(
    ([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |`,
  );
  const table = [
    '## Errors of the command line',
    '',
    '| code | exit status | meaning |',
    '| --- | --- | --- |',
    ...errors,
  ];
  const made = [BEGIN, table.join('\n'), ...sections(buildProgram()), END].join('\n\n');
  // A default that is a path of this machine would be another one elsewhere.
  expect(made).not.toContain(fileURLToPath(new URL('../../../', import.meta.url)));
  if (process.env.UPDATE_DOCS === '1') writeFileSync(page, text.slice(0, from) + made + text.slice(to + END.length));
  else expect(text.slice(from, to + END.length)).toBe(made);
});

test('docs/cli.md lists every exit status', () => {
  const [, section] = /^## Exit status\n(.*?)^## /ms.exec(readFileSync(page, 'utf8')) ?? [];
  const statuses = [...section!.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status));
  expect(statuses).toEqual(Object.values(exitCodes));
});
