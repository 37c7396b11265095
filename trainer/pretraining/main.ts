// `npm run pretrain`: reads its arguments, shows how it goes, writes every figure to progress.jsonl, and stops when asked.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TrainerError } from '../errors.js';
import type { Json } from '../types.js';
import { type PretrainEvent, pretrain } from './pretrain.js';

const USAGE = `npm run pretrain -- --out DIR [--families DIR] [--steps N] [--finish] [--set KEY=VALUE]…

  --out DIR        folder of the pretraining; the same folder again goes on where it stopped
  --families DIR   measured families beside the made-up studies, a folder each, with INDEX.csv
  --steps N        steps in all, the last fifth with a falling rate; more than before: it grows from its trunk
  --finish         let the rate fall from where it stands now
  --set KEY=VALUE  any setting of trainer/pretraining/settings.ts or trainer/train-config.ts
`;
/** Seconds between two lines of progress. */
const LINE_SECONDS = 30;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: 'string' },
      families: { type: 'string' },
      steps: { type: 'string' },
      finish: { type: 'boolean' },
      set: { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  });
  if (values.help || values.out === undefined) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const outDir = values.out;
  mkdirSync(outDir, { recursive: true });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const settings = Object.fromEntries((values.set ?? []).map(settingOf));
  if (values.steps !== undefined) {
    if (!/^\d+$/.test(values.steps))
      throw new TrainerError('train_config', `--steps ${values.steps}: give a whole number`);
    settings.steps = Number(values.steps);
  }
  const { families, finish } = values;
  const { modelDir } = await pretrain(
    { outDir, settings, ...(families !== undefined && { families }), ...(finish && { finish }) },
    { onEvent: reporter(join(outDir, 'progress.jsonl')), signal: stop.signal },
  );
  say(`The model is in ${modelDir}`);
  return 0;
}

/** `key=value`, the value a number where it is one, a list in brackets, else a text. */
function settingOf(text: string): [string, Json] {
  const at = text.indexOf('=');
  if (at < 1) throw new TrainerError('train_config', `--set ${text}: give a key and a value, as in --set d_model=192`);
  const value = text.slice(at + 1);
  const list = /^\[(.*)\]$/.exec(value)?.[1];
  if (list !== undefined) return [text.slice(0, at), list === '' ? [] : list.split(',')];
  return [text.slice(0, at), value !== '' && Number.isFinite(Number(value)) ? Number(value) : value];
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(0, 19)}Z ${line}\n`);
}

function reporter(file: string): (event: PretrainEvent) => void {
  let shown = Number.NEGATIVE_INFINITY;
  return (event) => {
    const now = performance.now() / 1000;
    const due = now - shown >= LINE_SECONDS;
    if ((event.type === 'step' || event.type === 'prepare') && !due) return;
    const line = lineOf(event);
    if (line === undefined) return;
    if (event.type === 'step' || event.type === 'prepare') shown = now;
    say(line);
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
  };
}

function lineOf(event: PretrainEvent): string | undefined {
  switch (event.type) {
    case 'step': {
      const { step, loss, learningRate, tokensPerSecond } = event;
      return `step ${step}  loss ${loss.toFixed(4)}  rate ${learningRate.toExponential(2)}  ${Math.round(tokensPerSecond)} tokens/s`;
    }
    case 'prepare':
      return `first window: ${event.done} of ${event.total} episodes`;
    case 'groups':
      return [`step ${event.step}, on what was held back:`]
        .concat(
          event.groups.map(({ group, questions, crps, error, expertsError }) => {
            const experts = expertsError === undefined ? '' : `  experts ${expertsError.toFixed(3)}`;
            return `    ${group.padEnd(22)} ${String(questions).padStart(5)}  crps ${crps.toFixed(3)}  error ${error.toFixed(3)}${experts}`;
          }),
        )
        .join('\n');
    case 'log':
    case 'phase':
      return event.message;
    default:
      return undefined;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if ((error as Error).name === 'AbortError') {
    say('Stopped, with a checkpoint; the same command goes on.');
    process.exitCode = 130;
  } else {
    process.stderr.write(`${error instanceof TrainerError ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}
