// A model trained on two objectives that share their noise: what one measured says of the other, alone and jointly.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditionOn } from '../../../trainer/given.js';
import { predictJoint } from '../../../trainer/joint/chain.js';
import { Predictor } from '../../../trainer/prediction/predictor.js';
import { Random } from '../../../trainer/random.js';
import { train } from '../../../trainer/train.js';
import type { Measured, StudyData, Trial } from '../../../trainer/types.js';

/** bytes = 10·x² + noise and ms = 5·x + 3·noise: beyond x, each says everything of the other. */
function views(seed: number, trials: number): [StudyData, StudyData] {
  const random = new Random(seed);
  const measured = Array.from({ length: trials }, () => {
    const x = 4 * random.uniform() - 2;
    const noise = 2 * random.normal();
    return { x: { x }, measured: { bytes: 10 * x * x + noise, ms: 5 * x + 3 * noise } };
  });
  const view = (name: 'bytes' | 'ms', other: string): StudyData => ({
    id: `study-${seed}/${name}`,
    metadata: { title: 'Shared noise' },
    objective: { name },
    others: [other],
    trials: measured.map((trial): Trial => ({ ...trial, y: trial.measured[name] })),
  });
  return [view('bytes', 'ms'), view('ms', 'bytes')];
}

let folder: string;
let predictor: Predictor;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omnireg-joint-'));
  const outDir = join(folder, 'model');
  const config = {
    device: 'cpu',
    d_model: 32,
    d_ff: 48,
    d_kv: 8,
    episodes: 24,
    queries: 8,
    max_context: 40,
    batch_size: 8,
    run_steps: 5,
    steps: 60,
    given: 0.5,
    threads: 2,
  };
  const studies = [1, 2, 3].flatMap((seed) => views(seed, 60));
  const { outcome } = await train({ studies, outDir, workDir: join(folder, 'work'), config });
  expect(outcome).toBe('published');
  predictor = await Predictor.load(outDir, 2);
}, 240_000);
afterAll(async () => {
  await predictor?.release();
  await rm(folder, { recursive: true, force: true });
});

describe('the second objective given the first', () => {
  const known = views(9, 40);
  const asked = views(10, 40)[1].trials;
  const xs = asked.map(({ x }) => x);
  const meanError = (medians: readonly number[]) =>
    medians.reduce((sum, median, i) => sum + Math.abs(median - asked[i]!.y!), 0) / medians.length;

  it('is predicted far better than alone, and nothing else is changed by asking', async () => {
    const [, ms] = known;
    const alone = await predictor.distributionsOf(ms, xs);
    const given = asked.map(({ measured }): Measured => ({ bytes: measured!.bytes! }));
    const request = { study: conditionOn(ms, ['bytes']), queries: xs, given, levels: [0.9], includeExperts: true };
    const { predictions, calibration } = await predictor.predict(request);
    const errors = [meanError(alone.map((d) => d.median)), meanError(predictions.map((p) => p.median))];
    // Alone, the noise cannot be known: |3·noise| is 4.8 on average.
    expect(errors[0]).toBeGreaterThan(3);
    expect(errors[1]).toBeLessThan(0.75 * errors[0]!);
    expect(predictions.every(({ pInfeasible }) => pInfeasible === 0)).toBe(true);
    expect(calibration).toMatchObject({ calibrated: true, trials: 40 });
    // The experts beside the model know it too.
    const processes = predictions.map((p) => p.experts!.find(({ name }) => name === 'gaussian_process')!.mean);
    expect(meanError(processes)).toBeLessThan(0.75 * errors[0]!);
    const again = await predictor.distributionsOf(ms, xs);
    expect(again.map((d) => d.median)).toEqual(alone.map((d) => d.median));
  });

  it('makes joint draws that follow each other, the first as it is alone', async () => {
    const queries = xs.slice(0, 6).map((x) => ({ x }));
    const joints = await predictJoint(predictor, known, queries);
    const first = await predictor.distributionsOf(
      known[0],
      queries.map(({ x }) => x),
    );
    let rank = 0;
    joints.forEach((joint, q) => {
      expect(joint.objectives).toEqual(['bytes', 'ms']);
      expect(joint.pInfeasible).toBe(first[q]!.pInfeasible);
      const marginal = joint.marginal('bytes');
      for (const p of [0.1, 0.5, 0.9]) expect(marginal.quantile(p)).toBeCloseTo(first[q]!.quantile(p), 6);
      rank += joint.rankCorrelation()[0]![1]! / joints.length;
    });
    expect(rank).toBeGreaterThan(0.3);
    const drawn = joints.map((joint) => joint.draws(64, 1));
    const again = await predictJoint(predictor, known, queries);
    expect(again.map((joint) => joint.draws(64, 1))).toEqual(drawn);
  });

  it('is a chain of one where the other has been measured', async () => {
    const [joint] = await predictJoint(predictor, known, [{ x: xs[0]!, given: { bytes: asked[0]!.measured!.bytes! } }]);
    expect(joint!.objectives).toEqual(['ms']);
    expect(joint!.pInfeasible).toBe(0);
  });
});
