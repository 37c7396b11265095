// Training as a whole, on real parts: what it learns, that it resumes bit for bit, that it refuses what does no good.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inferSpace } from '../../trainer/acquisition/infer-space.js';
import { suggest } from '../../trainer/acquisition/suggest.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import { Random } from '../../trainer/random.js';
import { train } from '../../trainer/train.js';
import type { Json, JsonObject, StudyData, TrainEvent, TrainRequest } from '../../trainer/types.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omnireg-train-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Small enough to train in seconds. */
const TINY = {
  device: 'cpu',
  d_model: 32,
  d_ff: 48,
  d_kv: 8,
  episodes: 12,
  queries: 8,
  max_context: 20,
  batch_size: 8,
  run_steps: 5,
  threads: 2,
};

function quadratic(
  id: string,
  seed: number,
  trials: number,
  y: (x: number, noise: number) => number | null,
): StudyData {
  const random = new Random(seed);
  return {
    id,
    metadata: { title: 'A parabola' },
    objective: { name: 'loss', goal: 'minimize' },
    trials: Array.from({ length: trials }, () => {
      const x = random.uniform() * 4 - 2;
      return { x: { x, shape: x > 0 ? 'right' : 'left' }, y: y(x, random.normal()) };
    }),
  };
}

const request = (name: string, rest: Partial<TrainRequest> = {}): TrainRequest => ({
  studies: [1, 2, 3].map((seed) => quadratic(`study-${seed}`, seed, 40, (x) => seed * x * x)),
  outDir: join(folder, `${name}-model`),
  workDir: join(folder, `${name}-work`),
  config: { ...TINY, steps: 40 },
  ...rest,
});

const weightsOf = (name: string): string =>
  readFileSync(join(folder, `${name}-model`, 'model.safetensors')).toString('base64');

describe('train', () => {
  it('reports every phase and gives a model directory that predicts', async () => {
    const events: TrainEvent[] = [];
    const result = await train(request('plain'), { onEvent: (event) => events.push(event) });
    expect(result.outcome).toBe('published');
    expect(result.config.steps).toBe(40);
    for (const type of ['phase', 'prepare', 'step', 'validation', 'checkpoint'])
      expect(events.map((e) => e.type)).toContain(type);
    const predictor = await Predictor.load(join(folder, 'plain-model'));
    const study = quadratic('new', 9, 25, (x) => 10 * x * x);
    const { predictions, calibration } = await predictor.predict({
      study,
      queries: [{ x: 1, shape: 'right' }, { x: 0 }, {}, { unheard: 'of' }],
      levels: [0.5, 0.9],
      includeExperts: true,
    });
    expect(calibration).toMatchObject({ calibrated: true, basis: 'study', trials: 25 });
    for (const { median, intervals, pInfeasible, experts } of predictions) {
      const [half, most] = intervals;
      expect(most!.lower).toBeLessThanOrEqual(half!.lower);
      expect(half!.lower).toBeLessThanOrEqual(median);
      expect(median).toBeLessThanOrEqual(half!.upper);
      expect(half!.upper).toBeLessThanOrEqual(most!.upper);
      expect(pInfeasible).toBeGreaterThanOrEqual(0);
      expect(experts!.map((e) => e.name)).toContain('gaussian_process');
    }
    const [distribution] = await predictor.distributionsOf(study, [{ x: 0 }]);
    expect(distribution!.median).toBe(predictions[1]!.median);
    const space = inferSpace(study.trials.map((t) => t.x));
    const minimized = { objective: { name: 'y', goal: 'minimize' as const }, trials: study.trials };
    const oracle = predictor.oracle(study, 'minimize');
    const { suggestions, incumbent } = await suggest(minimized, space, oracle, { count: 2, candidates: 16 });
    expect(incumbent).toBe(Math.min(...study.trials.flatMap(({ y }) => y ?? [])));
    expect(suggestions.map(({ x }) => space.violations(x))).toEqual([[], []]);
    await predictor.release();
  });

  it('goes on from its checkpoint to the same weights, bit for bit, wherever it was stopped', async () => {
    await train(request('whole'));
    for (const stopAt of [5, 15, 30]) {
      const name = `stopped-${stopAt}`;
      const abort = new AbortController();
      const onEvent = (event: TrainEvent) => {
        if (event.type === 'checkpoint' && event.step >= stopAt) abort.abort();
      };
      const options = request(name, { config: { ...TINY, steps: 40, checkpoint_seconds: 0 } });
      await expect(train(options, { onEvent, signal: abort.signal })).rejects.toThrow(/abort/i);
      let resumedAt = -1;
      await train(options, {
        onEvent: (event) => {
          if (event.type === 'step' && resumedAt < 0) resumedAt = event.step;
        },
      });
      expect(resumedAt).toBeGreaterThan(stopAt);
      expect(weightsOf(name)).toBe(weightsOf('whole'));
    }
  });

  it.each<[string, Record<string, Json>]>([
    ['adafactor', { optimizer: 'adafactor' }],
    ['muon', { optimizer: 'muon' }],
    ['grass', { optimizer: 'grass' }],
    ['an adapter', { lora_rank: 2 }],
    ['micro-batches', { accumulate: 4 }],
  ])('does so with %s too', async (name, extra) => {
    const parentDir = join(folder, 'plain-model');
    const config = { ...TINY, steps: 15, checkpoint_seconds: 0, validation: 0, ...extra };
    const rest = { config, parentDir };
    const whole = request(`${name}-whole`, rest);
    await train(whole);
    const stopped = request(`${name}-stopped`, rest);
    const abort = new AbortController();
    const onEvent = (event: TrainEvent) => event.type === 'checkpoint' && abort.abort();
    await expect(train(stopped, { onEvent, signal: abort.signal })).rejects.toThrow(/abort/i);
    await train(stopped);
    const file = extra.lora_rank ? 'adapter_model.safetensors' : 'model.safetensors';
    const read = (dir: string) => readFileSync(join(dir, file)).toString('base64');
    expect(read(stopped.outDir)).toBe(read(whole.outDir));
    if (!extra.lora_rank) expect(read(whole.outDir)).not.toBe(readFileSync(join(parentDir, file)).toString('base64'));
  });

  it('publishes a fine-tune that answers better than its parent, and keeps the parent where it does not', async () => {
    const parentDir = join(folder, 'beginner-model');
    const config = { ...TINY, episodes: 60 };
    await train(request('beginner', { config: { ...config, steps: 5 } }));
    const better = await train(request('better', { parentDir, config: { ...config, steps: 150 } }));
    expect(better.metrics.validation_score).toBeLessThan(better.metrics.parent_validation_score!);
    expect(better.outcome).toBe('published');
    const idle = request('idle', {
      parentDir: join(folder, 'better-model'),
      config: { ...TINY, steps: 5, learning_rate: 0 },
    });
    const kept = await train(idle);
    expect(kept.outcome).toBe('kept_parent');
    expect(kept.reason).toMatch(/Not better than its parent/);
    expect(weightsOf('idle')).toBe(weightsOf('better'));
    const known = JSON.parse(readFileSync(join(idle.outDir, 'history.json'), 'utf8')) as { id: string }[];
    expect(known.map(({ id }) => id)).toEqual(idle.studies.map(({ id }) => id));
  });

  it('keeps to what its parent was never shown and how it writes, and asks it so', async () => {
    const parentDir = join(folder, 'masked-model');
    const config = { ...TINY, steps: 10 };
    await train(request('masked', { config: { ...config, without_evidence: ['gp', 'gp-sd'], digits: 2 } }));
    const tuned = await train(request('masked-tuned', { parentDir, config: { ...config, validation: 0 } }));
    expect(tuned.config).toMatchObject({ without_evidence: ['gp', 'gp-sd'], digits: 2 });
    const card = JSON.parse(readFileSync(join(folder, 'masked-tuned-model', 'omnireg.json'), 'utf8'));
    expect(card).toMatchObject({ without_evidence: ['gp', 'gp-sd'], digits: 2 });
    const plain = await train(
      request('unmasked', { parentDir: join(folder, 'plain-model'), config: { ...config, digits: 1, validation: 0 } }),
    );
    expect(plain.config).toMatchObject({ without_evidence: [], digits: 4 });
  });

  it('learns what fails', async () => {
    const failing = (seed: number) => quadratic(`fails-${seed}`, seed, 80, (x) => (x > 0 ? null : x * x));
    const studies = [1, 2, 3].map(failing);
    await train(request('failing', { studies, config: { ...TINY, steps: 300, learning_rate: 3e-3, episodes: 40 } }));
    const predictor = await Predictor.load(join(folder, 'failing-model'));
    const queries: JsonObject[] = [
      { x: 1.5, shape: 'right' },
      { x: -1.5, shape: 'left' },
    ];
    const { predictions } = await predictor.predict({
      study: failing(7),
      queries,
      levels: [0.9],
      includeExperts: false,
    });
    expect(predictions[0]!.pInfeasible).toBeGreaterThan(0.8);
    expect(predictions[1]!.pInfeasible).toBeLessThan(0.2);
    await predictor.release();
  });

  it.each<[string, StudyData[]]>([
    ['one study with one trial beside another', [quadratic('a', 1, 1, (x) => x), quadratic('b', 2, 5, (x) => x)]],
    ['constant y', [quadratic('a', 1, 30, () => 7)]],
    ['duplicate trials', [{ ...quadratic('a', 1, 1, (x) => x), trials: new Array(20).fill({ x: { a: 1 }, y: 2 }) }]],
    ['nothing but failures', [quadratic('a', 1, 20, () => null)]],
    ['an empty study beside another', [quadratic('a', 1, 0, (x) => x), quadratic('b', 2, 20, (x) => x)]],
    ['y at both ends of the scale', [quadratic('a', 1, 20, (x) => (x > 0 ? 9e30 : -1e-30))]],
    [
      '500 parameters, 10,000-character strings, emoji and right-to-left text',
      [
        {
          ...quadratic('a', 1, 0, (x) => x),
          metadata: { title: '🔬 تجربة', text: 'x'.repeat(10_000) },
          trials: Array.from({ length: 12 }, (_, i) => ({
            x: {
              ...Object.fromEntries(Array.from({ length: 500 }, (_, p) => [`p${p}`, i * p])),
              '🦊': 'שלום'.repeat(2_500),
            },
            y: i,
          })),
        },
      ],
    ],
  ])('works on %s', async (name, studies) => {
    const options = request(`odd-${name.slice(0, 12)}`, { studies, config: { ...TINY, steps: 5, episodes: 4 } });
    await train(options);
    const predictor = await Predictor.load(options.outDir);
    const study = studies.at(-1)!;
    const queries = study.trials.slice(0, 2).map((t) => t.x);
    const { predictions } = await predictor.predict({ study, queries, levels: [0.9], includeExperts: true });
    for (const { median, mean, sd } of predictions) expect([median, mean, sd].every(Number.isFinite)).toBe(true);
    await predictor.release();
  });

  it('says what is wrong with the request', async () => {
    await expect(train(request('bad', { config: { stepz: 5 } }))).rejects.toThrow(
      /Unknown hyperparameter "stepz"; did you mean "steps"\?/,
    );
    await expect(train(request('bad', { config: { steps: 0 } }))).rejects.toThrow(/"steps" must be an integer from 1/);
    await expect(train(request('bad', { studies: [] }))).rejects.toMatchObject({ code: 'no_training_data' });
    await expect(train(request('bad', { parentDir: folder }))).rejects.toMatchObject({ code: 'model_files' });
  });
});
