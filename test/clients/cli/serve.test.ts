// `omnireg serve` asked to end at any moment: it ends, and soon, also before the server is ready.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const entry = fileURLToPath(new URL('../../../dist/clients/cli/main.js', import.meta.url));

/** @param after what it says, or ms after its start */
async function endedBy(signal: NodeJS.Signals, after: string | number) {
  const data = mkdtempSync(join(tmpdir(), 'omnireg-serve-'));
  const child = spawn(process.execPath, [entry, 'serve', '--port', '0', '--data', data, '--device', 'cpu'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let begin = 0;
  const ask = () => {
    if (begin > 0) return;
    begin = performance.now();
    child.kill(signal);
  };
  const hear = (text: string) => {
    said += text;
    if (typeof after === 'string' && said.includes(after)) ask();
  };
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  if (typeof after === 'number') setTimeout(ask, after);
  const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  );
  rmSync(data, { recursive: true, force: true });
  return { code, by, seconds: (performance.now() - begin) / 1000 };
}

// A server that has not heard is killed after 30 s at the earliest; one that has ends within a moment, even on a slow machine.
const SOON = 25;

it.each([100, 300, 500, 700, 900, 1200, 1600])(
  'ends where it is asked %i ms after its start',
  async (ms) => {
    const { code, by, seconds } = await endedBy('SIGTERM', ms);
    // Before it can listen to signals the system ends it.
    expect(by === 'SIGTERM' || code === 143).toBe(true);
    expect(seconds).toBeLessThan(SOON);
  },
  60_000,
);

it('ends as a command that was interrupted where it is asked once it is ready', async () => {
  const { code, seconds } = await endedBy('SIGINT', 'Ctrl-C stops it.');
  expect(code).toBe(130);
  expect(seconds).toBeLessThan(SOON);
}, 60_000);
