// y = x on integers, from random weights on the absolute scale: published text-to-number libraries are known to get stuck on it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Predictor } from '../../trainer/prediction/predictor.js';
import { Random } from '../../trainer/random.js';
import { train } from '../../trainer/train.js';
import type { StudyData } from '../../trainer/types.js';

const INTEGERS = 2560;
const HELD_OUT = 512;

const integers = new Random(1).shuffle(Array.from({ length: INTEGERS }, (_, i) => i));
const asText = (n: number) => ({ n: String(n) });
const study = (trials: StudyData['trials']): StudyData => ({
  id: 'identity',
  metadata: { title: 'The number itself' },
  objective: { name: 'y' },
  trials,
});

/** Exponent and first two digits, rounded to four as the codec does: 1,234 and 1,287 agree with each other, 1,234 and 123 do not. */
function leading(y: number): string {
  const [mantissa, exponent] = Math.abs(y).toExponential(3).split('e');
  return `${y < 0 ? '-' : ''}${mantissa!.slice(0, 3)}e${exponent}`;
}

it('learns y = x from 2,048 integers written as text, and writes 99% of 512 others with the right first two digits', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'omnireg-identity-'));
  try {
    const outDir = join(folder, 'model');
    const known = integers.slice(HELD_OUT).map((n) => ({ x: asText(n), y: n }));
    // No context: every example is asked without evidence and answered by the absolute codec.
    const config = { no_context: 1, steps: 600, batch_size: 64, episodes: 200 };
    await train({ studies: [study(known)], outDir, workDir: join(folder, 'work'), config });
    const predictor = await Predictor.load(outDir);
    const asked = integers.slice(0, HELD_OUT);
    const queries = asked.map(asText);
    const { predictions } = await predictor.predict({
      study: study([]),
      queries,
      levels: [0.9],
      includeExperts: false,
    });
    await predictor.release();
    const right = asked.filter((n, i) => leading(n) === leading(predictions[i]!.median)).length;
    expect(right / HELD_OUT).toBeGreaterThanOrEqual(0.99);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
