// Pretraining as a whole, small: killed and resumed it ends on the same weights, grows from its trunk, and writes a model that answers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../trainer/model-directory.js';
import { openEnded } from '../../../trainer/optimizers/schedule.js';
import { Corpus, type CorpusOptions } from '../../../trainer/pretraining/corpus.js';
import { type PretrainEvent, pretrain } from '../../../trainer/pretraining/pretrain.js';
import { resolvePretraining } from '../../../trainer/pretraining/settings.js';
import { temporaryFolder } from '../../store/temporary-store.js';
import { TINY_TRAINING } from '../../tiny-training.js';
import { exampleFamilies } from './example-families.js';

const families = exampleFamilies();
const { episodes: _, ...TINY } = TINY_TRAINING;
const SETTINGS = {
  ...TINY,
  steps: 10,
  window_episodes: 6,
  max_prompt: 160,
  max_context: 12,
  warmup_steps: 2,
  validate_every: 4,
  validation_studies: 2,
  checkpoint_seconds: 0,
};
const weights = (folder: string) => readFileSync(join(folder, 'model', 'model.safetensors')).toString('base64');

describe('pretrain', () => {
  it('ends on the same weights after kills in the trunk and in the cool-down, and on another model when it grows', async () => {
    const whole = temporaryFolder();
    const events: PretrainEvent[] = [];
    const result = await pretrain({ families, outDir: whole, settings: SETTINGS }, { onEvent: (e) => events.push(e) });
    expect(result.steps).toBe(10);
    const groups = events.flatMap((e) => (e.type === 'groups' ? [e] : []));
    expect(groups.map(({ step }) => step)).toEqual([4, 8, 8, 10].filter((step, i, all) => all.indexOf(step) === i));
    expect(result.groups.map(({ group }) => group)).toContain('measured, 5 trials');
    expect(result.groups.every(({ crps, error }) => Number.isFinite(crps) && Number.isFinite(error))).toBe(true);

    const killed = temporaryFolder();
    for (const stopAt of [3, 9]) {
      const abort = new AbortController();
      const onEvent = (e: PretrainEvent) => e.type === 'checkpoint' && e.step >= stopAt && abort.abort();
      const run = pretrain({ families, outDir: killed, settings: SETTINGS }, { onEvent, signal: abort.signal });
      await expect(run).rejects.toThrow(/abort/i);
    }
    await pretrain({ families, outDir: killed, settings: SETTINGS });
    expect(weights(killed)).toBe(weights(whole));

    const { training_examples } = (await loadModel(join(whole, 'model'))).card.metrics;
    expect(training_examples).toBe(10 * SETTINGS.batch_size);
    const short = weights(whole);
    const steps: number[] = [];
    const onEvent = (e: PretrainEvent) => e.type === 'checkpoint' && steps.push(e.step);
    await pretrain({ families, outDir: whole, settings: { ...SETTINGS, steps: 15 } }, { onEvent });
    // Eight steps of the trunk were there already; its last checkpoint, not the cool-down's, is where it goes on.
    expect(steps[0]).toBe(9);
    expect(weights(whole)).not.toBe(short);
    const longer = temporaryFolder();
    await pretrain({ families, outDir: longer, settings: { ...SETTINGS, steps: 15 } });
    expect(weights(longer)).toBe(weights(whole));
    // A rate that falls otherwise starts from the trunk as well, not from where it had fallen to.
    const trunkSteps = 12;
    const otherwise = { ...SETTINGS, steps: 15, final_learning_rate: 0.5 };
    const taken: number[] = [];
    const onStep = (e: PretrainEvent) => e.type === 'checkpoint' && taken.push(e.step);
    await pretrain({ families, outDir: whole, settings: otherwise }, { onEvent: onStep });
    expect(taken[0]).toBe(trunkSteps + 1);
    expect(weights(whole)).not.toBe(weights(longer));
  }, 240_000);

  it('writes a model without any trial of the families, and a card that names them and their licences', async () => {
    const outDir = temporaryFolder();
    await pretrain({ families, outDir, settings: { ...SETTINGS, steps: 2 } });
    const { history, card } = await loadModel(join(outDir, 'model'));
    expect(history).toEqual([]);
    expect(card.calibration_scores.length).toBeGreaterThan(0);
    const text = readFileSync(join(outDir, 'model', 'README.md'), 'utf8');
    expect(text).toMatch(/\| ovens \| 5 \| 150 \| MIT, or so \|/);
    expect(text).toMatch(/\| measured, 10 trials \| \d+ \| \d+\.\d{3} \|/);
    await expect(pretrain({ outDir, settings: { ...SETTINGS, d_model: 16 } })).rejects.toMatchObject({
      code: 'checkpoint',
    });
  }, 120_000);

  it('says which setting is wrong', () => {
    expect(() => resolvePretraining({ real_shore: 1 })).toThrow(
      /Unknown setting "real_shore"; did you mean "real_share"/,
    );
    expect(() => resolvePretraining({ reuse: 1.5 })).toThrow(/"reuse" must be an integer from 1 to 100, not 1.5/);
    expect(() => resolvePretraining({ validation: 0.2 })).toThrow(/"validation" has no effect .*"validation_studies"/);
    expect(() => resolvePretraining({ d_model: 1 })).toThrow(/"d_model" must be an integer from 8/);
  });
});

describe('the corpus', () => {
  const OPTIONS: CorpusOptions = {
    seed: 3,
    real_share: 0.5,
    validation_studies: 20,
    disguised: 0.3,
    searched: 0.3,
    queries: 8,
    max_context: 20,
    no_context: 0.1,
    no_history: 0.3,
  };
  const numbers = Array.from({ length: 80 }, (_, i) => i);
  const isReal = ({ study }: { study: { id: string } }) => !study.id.startsWith('synthetic/');

  it('makes episode n the same in every worker, whatever was made before', async () => {
    const [one, other] = [await Corpus.open(families, OPTIONS), await Corpus.open(families, OPTIONS)];
    for (const number of [5, 40, 11]) expect(await one.training(number)).toEqual(await other.training(number));
    expect(await one.validation(22)).toEqual(await other.validation(22));
    const another = await Corpus.open(families, { ...OPTIONS, seed: 4 });
    expect(await another.training(5)).not.toEqual(await one.training(5));
    // Trainings of different seeds are judged on the same questions.
    expect(await another.validation(3)).toEqual(await one.validation(3));
    expect(await another.validation(22)).toEqual(await one.validation(22));
  });

  it('mixes both kinds, never asks about a trial that it shows, and never shows a study that was held back', async () => {
    const corpus = await Corpus.open(families, OPTIONS);
    const episodes = await Promise.all(numbers.map((n) => corpus.training(n)));
    const real = episodes.filter(isReal);
    expect(real.length).toBeGreaterThan(20);
    expect(real.length).toBeLessThan(60);
    const held = new Set(corpus.families.flatMap(({ heldBack }) => heldBack.map(({ id }) => id)));
    expect(held.size).toBe(1);
    expect(real.some(({ study }) => held.has(study.id))).toBe(false);
    expect(real.some(({ relatives }) => relatives !== undefined)).toBe(true);
    for (const { context, queries } of real) {
      // Each of a fixture's trials has a temperature of its own, under whatever name.
      const seen = new Set(context.map(({ x }) => JSON.stringify(Object.values(x).sort())));
      expect(queries.length).toBeGreaterThan(0);
      expect(queries.some(({ x }) => seen.has(JSON.stringify(Object.values(x).sort())))).toBe(false);
    }
    const names = new Set(real.map(({ study }) => study.objective.name));
    expect(names.size).toBeGreaterThan(1);
  });

  it('asks in validation about the studies that were held back, with what their relatives say for every other one', async () => {
    const corpus = await Corpus.open(families, OPTIONS);
    const episodes = await Promise.all(Array.from({ length: corpus.validations }, (_, n) => corpus.validation(n)));
    const real = episodes.filter(isReal);
    expect(real.map(({ study }) => study.id)).toEqual(new Array(3).fill(corpus.families[0]!.heldBack[0]!.id));
    const told = episodes.filter(({ relatives }) => relatives !== undefined);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(episodes.length / 2);
    const without = await Corpus.open(undefined, OPTIONS);
    expect((await Promise.all(numbers.slice(0, 10).map((n) => without.training(n)))).some(isReal)).toBe(false);
  });
});

describe('the open-ended schedule', () => {
  const options = { peak: 2, warmupSteps: 4, coolFrom: 10, coolSteps: 5, finalFraction: 0.1 };

  it('warms up, stays, and falls to its last share, without a jump where it begins to fall', () => {
    const rates = Array.from({ length: 15 }, (_, step) => openEnded(options, step));
    expect(rates.slice(0, 10)).toEqual([0.5, 1, 1.5, 2, 2, 2, 2, 2, 2, 2]);
    for (let step = 10; step < 15; step++) expect(rates[step]).toBeLessThan(rates[step - 1]!);
    expect(rates[14]).toBeCloseTo(0.2, 12);
    expect(openEnded({ ...options, coolFrom: 100 }, 9)).toBe(rates[9]);
  });
});
