// Transcripts in Markdown: commands after "$ ", and below each what it says. They are run in one shell and compared by shape.
import { spawn } from 'node:child_process';

export interface Block {
  /** What stands behind the fence: "console", "csv runs.csv". */
  info: string;
  text: string;
}

/** The fenced blocks of a page, or of its section under this heading. */
export function blocksOf(markdown: string, heading?: string): Block[] {
  const text =
    heading === undefined ? markdown : (markdown.split(/^## /m).find((s) => s.startsWith(`${heading}\n`)) ?? '');
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info, body]) => ({ info: info!, text: body! }));
}

export interface Step {
  command: string;
  output: string;
}

export function stepsOf(transcript: string): Step[] {
  const parts = transcript.split(/^\$ /m).slice(1);
  return parts.map((part) => {
    const end = part.indexOf('\n');
    return { command: part.slice(0, end), output: part.slice(end + 1) };
  });
}

/** Runs commands one after another in one bash. @returns What each said on stdout and stderr, or nothing where a command failed. */
export async function runSteps(
  commands: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Step[]> {
  const mark = '\u0001end of a command\u0001';
  // Piped in, so that a command that fails is told by its place.
  const script = commands.map((command) => `${command}\nprintf '%s %s\\n' '${mark}' $?\n`).join('');
  const child = spawn('bash', ['-c', `exec 2>&1\n${script}`], { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) said += chunk;
  const parts = said.split(mark);
  return commands.map((command, i) => {
    const before = parts[i] ?? '';
    const status = /^ (\d+)\n/.exec(parts[i + 1] ?? '')?.[1];
    const output = i === 0 ? before : before.replace(/^ \d+\n/, '');
    if (status !== '0') throw new Error(`"${command}" ended with ${status}: ${output}`);
    return { command, output: output === '' || output.endsWith('\n') ? output : `${output}\n` };
  });
}

/**
 * Whether two runs said the same, but for ids, numbers and the widths of tables. In what was expected a line of "…" stands for any lines, and "…" at the
 * end of a line for its rest.
 */
export function sameShape(expected: string, said: string): boolean {
  const pattern = expected
    .split('\n')
    .map((line) => {
      if (line === '…') return '(?:.*\\n)*?';
      const open = line.endsWith('…');
      const shape = shapeOf(open ? line.slice(0, -1) : line).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return `${shape}${open ? '.*' : ''}\n`;
    })
    .join('');
  const lines = said.split('\n').map(shapeOf);
  return new RegExp(`^${pattern}$`).test(`${lines.join('\n')}\n`);
}

function shapeOf(line: string): string {
  return line
    .replaceAll(/\b(study|trial|model|ftjob|imp|eval)_[0-9a-z]{20,}/g, '$1_id')
    .replaceAll(/(\d+ h )?(\d+ min )?\d+(\.\d+)? s\b/g, '# s')
    .replaceAll(/-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?/g, '#')
    .replaceAll(/─+/g, '─')
    .replaceAll(/\s+/g, ' ')
    .trimEnd();
}
