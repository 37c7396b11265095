// Do no harm: what is published beside a parent. The rule on given answers, and trainings on noise, on shuffled y and on structure.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { judge, LEAST_QUESTIONS, PUBLISHING_LEVEL } from '../../trainer/do-no-harm.js';
import { Random } from '../../trainer/random.js';
import { train } from '../../trainer/train.js';
import type { Json, StudyData } from '../../trainer/types.js';
import type { ValidationAnswers } from '../../trainer/validation.js';
import { temporaryStoreFolder } from '../service/shared-server.js';

const answers = (scores: number[], studies = scores.map(() => 'one')): ValidationAnswers => ({
  score: scores.reduce((a, b) => a + b, 0) / scores.length,
  scores,
  studies,
  error: 0,
  trials: scores.length,
  centralities: [],
});
const compared = { parentAnswers: true, share: 0.1 };
const before = answers([1, 1.1, 0.9, 1, 1.2, 0.8, 1, 1]);
const less = (by: number[], studies?: string[]) =>
  answers(
    before.scores.map((score, i) => score - by[i]!),
    studies,
  );

describe('judge', () => {
  it('publishes a gain beyond chance, and says how large and how sure', () => {
    const verdict = judge({ ...compared, before, after: less([0.2, 0.25, 0.2, 0.3, 0.2, 0.25, 0.15, 0.2]) });
    expect(verdict.publish).toBe(true);
    expect(verdict.pValue).toBeLessThan(PUBLISHING_LEVEL);
    expect(verdict.reason).toMatch(
      /^Better than its parent by more than 1%: 0\.7812 against 1\.0000 on 8 trials held back of one study; by chance p = /,
    );
  });

  it('keeps the parent where chance gives as much, and where the gain is none', () => {
    const lucky = judge({ ...compared, before, after: less([0.9, -0.3, 0.2, -0.4, 0.3, -0.2, 0.4, 0]) });
    expect(lucky).toMatchObject({
      publish: false,
      reason: expect.stringMatching(/^Not surely better .* p = 0\.\d+, and at most 0\.025/),
    });
    const worse = judge({ ...compared, before, after: less(new Array(8).fill(-0.1)) });
    expect(worse).toMatchObject({
      publish: false,
      reason: expect.stringMatching(/^Not better than its parent: 1\.1000/),
    });
  });

  it('keeps the parent for a gain that is sure and small', () => {
    const small = judge({ ...compared, before, after: less([0.005, 0.006, 0.005, 0.004, 0.005, 0.006, 0.005, 0.004]) });
    expect(small.publish).toBe(false);
  });

  it('counts studies and not questions, where there are enough of them', () => {
    // Eight studies of two questions each: five gain, three lose less.
    const by = Array.from({ length: 16 }, (_, i) => (i < 10 ? 0.5 + 0.01 * i : -0.2));
    const studies = by.map((_, i) => `s${Math.floor(i / 2)}`);
    const ones = answers(by.map(() => 1));
    const left = by.map((gain) => 1 - gain);
    const one = judge({ ...compared, before: ones, after: answers(left) });
    const each = judge({ ...compared, before: answers(ones.scores, studies), after: answers(left, studies) });
    expect(each).toMatchObject({ publish: false, reason: expect.stringContaining('of 8 studies') });
    expect(each.pValue).toBeGreaterThan(1.5 * one.pValue!);
  });

  it('of few studies counts the questions, and lets none lose', () => {
    const by = [0.5, 0.45, 0.5, 0.55, 0.5, 0.5, 0.1, 0.1];
    const studies = ['a', 'a', 'a', 'a', 'a', 'a', 'b', 'b'];
    expect(judge({ ...compared, before, after: less(by, studies) }).publish).toBe(true);
    const loses = judge({ ...compared, before, after: less([...by.slice(0, 6), -0.1, 0.05], studies) });
    expect(loses).toMatchObject({ publish: false, reason: expect.stringContaining('not on each of so few studies') });
  });

  it('keeps the parent where there are too few questions, and says how many it takes', () => {
    const few = { ...compared, before: answers([1, 1, 1]), after: answers([0, 0, 0]) };
    expect(judge(few)).toEqual({
      publish: false,
      reason: expect.stringContaining(`3 trials were held back, and ${LEAST_QUESTIONS} are needed`),
    });
    expect(judge({ ...compared, before: undefined, after: undefined })).toMatchObject({ publish: false });
  });

  it('publishes where there is nothing to compare with, or nothing was to be compared', () => {
    expect(judge({ ...compared, parentAnswers: false, before: undefined, after: before }).publish).toBe(true);
    expect(judge({ ...compared, share: 0, before: undefined, after: undefined }).publish).toBe(true);
  });

  it('keeps the parent where the new model’s answers are not numbers', () => {
    expect(judge({ ...compared, before, after: answers(before.scores.map(() => Number.NaN)) }).publish).toBe(false);
  });
});

describe('a training', () => {
  const CONFIG = {
    device: 'cpu',
    d_model: 32,
    d_ff: 48,
    d_kv: 8,
    queries: 8,
    max_context: 100,
    batch_size: 8,
    run_steps: 5,
    threads: 2,
  };
  const FINE: Record<string, Json> = { ...CONFIG, steps: 150, episodes: 80, validation: 0.25 };
  const ADAPTER: Record<string, Json> = { ...FINE, lora_rank: 4, learning_rate: 5e-3 };
  const SHAPES = [...'abcdefgh'];
  type Outcome = (x: number, shape: string, noise: number) => number | null;

  function study(id: string, seed: number, trials: number, y: Outcome): StudyData {
    const random = new Random(seed);
    return {
      id,
      metadata: { title: 'Curves' },
      objective: { name: 'loss', goal: 'minimize' },
      trials: Array.from({ length: trials }, () => {
        const x = random.uniform() * 4 - 2;
        const shape = SHAPES[random.integer(SHAPES.length)]!;
        return { x: { x, shape }, y: y(x, shape, random.normal()) };
      }),
    };
  }

  const folder = temporaryStoreFolder();
  const parentDir = join(folder, 'parent');
  const tune = async (name: string, studies: StudyData[], config: Record<string, Json>) => {
    const outDir = join(folder, name);
    const result = await train({ studies, parentDir, outDir, workDir: `${outDir}-work`, config });
    const known = JSON.parse(readFileSync(join(outDir, 'history.json'), 'utf8')) as { id: string }[];
    expect(known.map(({ id }) => id)).toEqual(expect.arrayContaining(studies.map(({ id }) => id)));
    if (!config.lora_rank) {
      const weights = (dir: string) => readFileSync(join(dir, 'model.safetensors'));
      expect(weights(outDir).equals(weights(parentDir))).toBe(result.outcome === 'kept_parent');
    }
    return result;
  };

  // Has seen curves, noise of several kinds, and no experiment that failed.
  beforeAll(async () => {
    const kinds: ((i: number) => Outcome)[] = [
      (i) => (x, _, noise) => i * x * x + 0.2 * noise,
      (i) => (_x, _shape, noise) => 10 * i + noise,
      (i) => (x, _, noise) => 3 * x + i + 0.5 * noise,
      () => (_x, _shape, noise) => Math.exp(noise),
    ];
    const studies = Array.from({ length: 12 }, (_, i) => study(`parent-${i}`, 100 + i, 60, kinds[i % 4]!(i)));
    const config = { ...CONFIG, steps: 600, episodes: 240, learning_rate: 3e-3 };
    await train({ studies, outDir: parentDir, workDir: join(folder, 'parent-work'), config });
  }, 120_000);

  const noise = study('noise', 2, 320, (_x, _shape, noise) => 5 + 2 * noise);
  const curve = study('curve', 12, 320, (x, shape, noise) => 4 * x * x + 8 * SHAPES.indexOf(shape) + 0.3 * noise);
  const ys = new Random(7).shuffle(curve.trials.map(({ y }) => y));
  const shuffled = { ...curve, id: 'shuffled', trials: curve.trials.map(({ x }, i) => ({ x, y: ys[i]! })) };

  it.each<[string, StudyData, Record<string, Json>]>([
    ['pure noise', noise, FINE],
    ['pure noise, an adapter', noise, ADAPTER],
    ['shuffled y', shuffled, FINE],
    ['shuffled y, an adapter', shuffled, ADAPTER],
  ])(
    'on %s keeps its parent',
    async (name, data, config) => {
      const { outcome, reason, metrics } = await tune(name.replaceAll(' ', '-'), [data], config);
      expect(outcome, reason).toBe('kept_parent');
      expect(reason).toMatch(/^Not (surely )?better than its parent.* on 80 trials held back of one study/);
      expect(metrics.improvement_p_value).toBeGreaterThan(PUBLISHING_LEVEL);
      // A model with its parent's weights is as good as these, not as those that were refused.
      expect(metrics.validation_score).toBe(metrics.parent_validation_score);
      expect(metrics.refused_validation_score).not.toBe(metrics.parent_validation_score);
    },
    60_000,
  );

  it.each<[string, Record<string, Json>]>([
    ['a whole model', FINE],
    ['an adapter', ADAPTER],
  ])(
    'on structure that the parent cannot know publishes %s',
    async (name, config) => {
      const failing = study('failing', 5, 320, (x, shape, noise) => ('cfh'.includes(shape) ? null : x + 0.3 * noise));
      const { outcome, reason, metrics } = await tune(name.replaceAll(' ', '-'), [failing], config);
      expect(outcome, reason).toBe('published');
      expect(metrics.validation_score).toBeLessThan(metrics.parent_validation_score!);
      expect(metrics.improvement_p_value).toBeLessThan(1e-3);
      expect(metrics).not.toHaveProperty('refused_validation_score');
    },
    60_000,
  );

  it('that diverges keeps its parent', async () => {
    const { outcome } = await tune('diverged', [noise], { ...FINE, steps: 20, learning_rate: 1, warmup_steps: 0 });
    expect(outcome).toBe('kept_parent');
  }, 60_000);

  it('on a study of twenty trials keeps its parent, as too few are held back to tell', async () => {
    const small = { ...noise, trials: noise.trials.slice(0, 20) };
    const { outcome, reason } = await tune('small', [small], { ...FINE, steps: 5, validation: 0.1 });
    expect(outcome).toBe('kept_parent');
    expect(reason).toMatch(/^Too few trials to compare with the parent: 2 trials were held back/);
  }, 60_000);
});
