// An evaluation from end to end with a tiny model: what it reports, that it can be stopped and gone on with, and what it refuses.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../../trainer/evaluation/evaluate.js';
import type { EvaluatedStudy, EvaluationEvent } from '../../../trainer/evaluation/types.js';
import { Random } from '../../../trainer/random.js';
import { memoryStudy } from '../../../trainer/study-source.js';
import { train } from '../../../trainer/train.js';
import { temporaryStoreFolder } from '../../service/shared-server.js';
import { temporaryFolder } from '../../store/temporary-store.js';
import { TINY_TRAINING } from '../../tiny-training.js';

const study = (id: string, trials: number, family = 'waves'): EvaluatedStudy => {
  const random = new Random(trials);
  const measured = Array.from({ length: trials }, () => {
    const x = { a: random.uniform(), b: random.uniform() };
    return { x, y: 10 * Math.sin(4 * x.a) + x.b + 0.1 * random.normal() };
  });
  return { family, source: memoryStudy({ id, metadata: { id }, objective: { name: 'y' }, trials: measured }) };
};
const studies = [study('one', 60), study('two', 61), study('alone', 62, 'other'), study('small', 9)];
const config = { localTrials: [0, 8], testTrials: 10, processes: 2, resamples: 100 };
let modelDir: string;

beforeAll(async () => {
  const folder = temporaryStoreFolder();
  modelDir = join(folder, 'model');
  const sources = [study('elsewhere', 30).source];
  await train({ studies: sources, outDir: modelDir, workDir: join(folder, 'work'), config: TINY_TRAINING });
});

describe('out of distribution', () => {
  it('scores every method on every study, the same whatever it was stopped by', async () => {
    const whole = await evaluate({ studies, modelDir, workDir: temporaryFolder(), config });
    expect(whole.skipped).toEqual([{ study: 'small', reason: expect.stringContaining('9 measured') }]);
    const methods = (trials: number) =>
      whole.rows.filter((row) => row.study === 'one' && row.trials === trials).map((row) => row.method);
    expect(methods(0)).toEqual(['omnireg']);
    expect(methods(8)).toEqual([
      'omnireg',
      'median',
      'nearest_neighbours',
      'random_forest',
      'gradient_boosting',
      'gaussian_process',
      'expert_average',
    ]);
    for (const { error, crps, coverage, width } of whole.rows)
      for (const value of [error, crps, coverage, width]) expect(value >= 0 && value <= 1).toBe(true);
    const overall = whole.summary.filter((row) => row.family === null && row.trials === 8);
    expect(overall.filter(({ best }) => best)).toHaveLength(1);
    const median = whole.rows.filter(({ method, trials }) => method === 'median' && trials === 8);
    // Two studies of one family and one of another: families count alike.
    const expected = ((median[0]!.error + median[1]!.error) / 2 + median[2]!.error) / 2;
    expect(overall.find(({ method }) => method === 'median')!.error).toBeCloseTo(expected, 12);

    const workDir = temporaryFolder();
    const stop = new AbortController();
    const progress: EvaluationEvent[] = [];
    const onEvent = (event: EvaluationEvent) => {
      if (event.type !== 'progress') return;
      progress.push(event);
      if (event.done === 2) stop.abort();
    };
    const cut = evaluate({ studies, modelDir, workDir, config }, { onEvent, signal: stop.signal });
    await expect(cut).rejects.toMatchObject({ name: 'AbortError' });
    // And a line that a kill cut off.
    appendFileSync(join(workDir, 'rows.jsonl'), '{"key":"out_of_dist');
    const seen = readFileSync(join(workDir, 'rows.jsonl'), 'utf8').split('\n').length - 1;
    const again: EvaluationEvent[] = [];
    const report = await evaluate({ studies, modelDir, workDir, config }, { onEvent: (event) => again.push(event) });
    expect(report).toEqual(whole);
    expect(again.filter(({ type }) => type === 'progress')).toHaveLength(6 - seen);
  });

  it('takes free text out for every method alike, and says so', async () => {
    // Nothing but the text says what y is.
    const noted = (keep: boolean): EvaluatedStudy => {
      const measured = Array.from({ length: 60 }, (_, i) => ({
        x: { level: i % 3, ...(keep && { note: `${i % 2 ? 'burnt, thrown away' : 'well done'} on day ${i}` }) },
        y: (i % 2) * 10 + (i % 3),
      }));
      return {
        family: 'notes',
        source: memoryStudy({ id: 's', metadata: {}, objective: { name: 'y' }, trials: measured }),
      };
    };
    const run = async (keep: boolean, withoutText: boolean) => {
      const events: EvaluationEvent[] = [];
      const asked = {
        studies: [noted(keep)],
        modelDir,
        workDir: temporaryFolder(),
        config: { ...config, withoutText },
      };
      const report = await evaluate(asked, { onEvent: (event) => events.push(event) });
      return { report, log: events.flatMap((event) => (event.type === 'log' ? event.message : [])) };
    };
    const [whole, cut, never] = [await run(true, false), await run(true, true), await run(false, false)];
    expect(cut.report.config.withoutText).toBe(true);
    expect(cut.log).toContain('Free text was taken out: note');
    expect(cut.report.rows).toEqual(never.report.rows);
    const errorOf = ({ report }: typeof whole, method: string) =>
      report.rows.find((row) => row.method === method && row.trials === 8)!.error;
    for (const method of ['random_forest', 'nearest_neighbours'])
      expect(errorOf(cut, method)).not.toBe(errorOf(whole, method));
  });

  it('warns of studies that the model has learned from, and lists them', async () => {
    const events: EvaluationEvent[] = [];
    const some = [study('elsewhere', 30), study('one', 60)];
    const report = await evaluate(
      { studies: some, modelDir, workDir: temporaryFolder(), config: { ...config, localTrials: [0] } },
      { onEvent: (e) => events.push(e) },
    );
    expect(report.seen).toEqual(['elsewhere']);
    expect(events).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('elsewhere') }),
    );
  });

  it('says of studies too small for any number of local trials that they are not predicted', async () => {
    const some = { ...config, localTrials: [45], testTrials: 20 };
    const report = await evaluate({
      studies: [study('one', 60), study('two', 70)],
      modelDir,
      workDir: temporaryFolder(),
      config: some,
    });
    expect(new Set(report.rows.map((row) => row.study))).toEqual(new Set(['two']));
    expect(report.skipped).toEqual([{ study: 'one', reason: expect.stringMatching(/^40 of its trials .* is 45$/) }]);
    expect(report.seen).toEqual([]);
  });
});

describe('in distribution', () => {
  it('trains on the other studies, and pools them', async () => {
    const report = await evaluate({
      studies,
      modelDir,
      workDir: temporaryFolder(),
      config: { ...config, protocols: ['in_distribution'] },
      training: { ...TINY_TRAINING, steps: 3 },
    });
    expect(report.trainings.map(({ fold, studies }) => ({ fold, studies }))).toEqual([
      { fold: 0, studies: 1 },
      { fold: 1, studies: 2 },
    ]);
    const pooled = report.rows.filter(({ method }) => method === 'pooled_boosting');
    // The third study has nobody to learn from.
    expect(report.skipped).toEqual([
      { study: 'small', reason: expect.stringContaining('9 measured') },
      { study: 'alone', reason: expect.stringMatching(/^in distribution, .*"other" has no other study/) },
    ]);
    expect(pooled.map(({ study, trials }) => `${study} ${trials}`)).toEqual(['one 0', 'one 8', 'two 0', 'two 8']);
    // The same function was measured there.
    expect(pooled.every(({ error }) => error < 0.1)).toBe(true);
  });

  it('learns from no objective of a study that it predicts through another', async () => {
    const views = ['one', 'two'].flatMap((id, i) =>
      ['mean', 'p99'].map((objective, j): EvaluatedStudy => {
        const trials = Array.from({ length: 40 }, (_, t) => ({ x: { level: t }, y: (i + 1) * t + j * (t % 3) }));
        const head = { id: `${id}/${objective}`, metadata: {}, objective: { name: objective } };
        return { family: 'latency', source: memoryStudy({ ...head, trials }) };
      }),
    );
    const workDir = temporaryFolder();
    const report = await evaluate({
      studies: views,
      modelDir,
      workDir,
      config: { ...config, localTrials: [0], protocols: ['in_distribution'] },
      training: { ...TINY_TRAINING, steps: 3 },
    });
    const learned = [0, 1].map((fold) => JSON.parse(readFileSync(join(workDir, 'models', `${fold}.json`), 'utf8')));
    expect(learned.map(({ studies }) => studies)).toEqual([
      ['two/mean', 'two/p99'],
      ['one/mean', 'one/p99'],
    ]);
    expect(new Set(report.rows.map((row) => row.study)).size).toBe(4);
    expect(report.skipped).toEqual([]);
  });

  it('learns from the studies that it does not ask about', async () => {
    const waves = ['a', 'b', 'c', 'd'].map((id, i) => study(id, 40 + i));
    const report = await evaluate({
      studies: waves,
      modelDir,
      workDir: temporaryFolder(),
      config: { ...config, localTrials: [0], protocols: ['in_distribution'], askedStudies: 2 },
      training: { ...TINY_TRAINING, steps: 3 },
    });
    // The first and the last are asked about, each in a group of its own.
    expect(report.trainings.map(({ studies }) => studies)).toEqual([3, 3]);
    expect([...new Set(report.rows.map(({ study }) => study))]).toEqual(['a', 'd']);
  });
});

describe('refuses', () => {
  it.each<[string, object, RegExp]>([
    ['a misspelt setting', { localTrails: [5] }, /"localTrials"/],
    ['fewer than no studies', { askedStudies: -1 }, /askedStudies is -1/],
    ['a protocol that there is not', { protocols: ['sideways'] }, /out_of_distribution, in_distribution/],
    ['a negative number of trials', { localTrials: [-1] }, /localTrials is -1; give a whole number from 0 to 1000/],
    ['one group', { folds: 1 }, /folds is 1/],
    ['a word for yes or no', { withoutText: 'yes' }, /withoutText must be true or false/],
  ])('%s', async (_, wrong, message) => {
    await expect(evaluate({ studies, modelDir, workDir: temporaryFolder(), config: wrong })).rejects.toThrow(message);
  });

  it.each<[string, EvaluatedStudy[], object, RegExp]>([
    [
      'more local trials than any study has',
      [study('one', 60)],
      { localTrials: [500] },
      /local trials: at least 500 .* no study has more than 50 .*; ask for 50 or fewer/,
    ],
    [
      'in distribution a family of one study',
      [study('one', 60), study('alone', 62, 'other')],
      { protocols: ['in_distribution'] },
      /in distribution .*; put two or more into a family/,
    ],
  ])('%s, before anything is trained', async (_, some, wrong, message) => {
    const events: EvaluationEvent[] = [];
    const asked = { studies: some, modelDir, workDir: temporaryFolder(), config: { ...config, ...wrong } };
    const refused = evaluate(asked, { onEvent: (event) => events.push(event) });
    await expect(refused).rejects.toMatchObject({ code: 'evaluation', message: expect.stringMatching(message) });
    expect(events).toEqual([]);
  });

  it('studies that are all too small, and says why', async () => {
    const small = { studies: [study('small', 9)], modelDir, workDir: temporaryFolder(), config };
    await expect(evaluate(small)).rejects.toMatchObject({
      code: 'evaluation',
      message: expect.stringContaining('9 measured'),
    });
  });
});
