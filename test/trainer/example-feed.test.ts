// The examples of a job: the same whatever was killed and on however many workers, a few windows at a time, few trials read.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageFile } from '../../tokenizer/package-root.js';
import { ExampleFeed, type FeedOptions } from '../../trainer/example-feed.js';
import { collectKnown } from '../../trainer/history/known-studies.js';
import { Random } from '../../trainer/random.js';
import { type StudyEpisodesOptions, studyEpisodes } from '../../trainer/study-episodes.js';
import { memoryStudy } from '../../trainer/study-source.js';
import { resolveTrainConfig } from '../../trainer/train-config.js';
import type { StudySource } from '../../trainer/types.js';
import { temporaryFolder } from '../store/temporary-store.js';

const RUNS = 18;
/** Five windows of four episodes, two runs each: nine slots, so that four windows come twice. */
const CONFIG = {
  steps: RUNS * 2,
  run_steps: 2,
  batch_size: 8,
  episodes: 20,
  window_episodes: 4,
  queries: 8,
  max_context: 12,
  threads: 2,
};

function parabola(seed: number, trials: number): StudySource {
  const random = new Random(seed);
  return memoryStudy({
    id: `study-${seed}`,
    metadata: { title: 'A parabola' },
    objective: { name: 'loss' },
    trials: Array.from({ length: trials }, () => {
      const x = random.uniform();
      return { x: { x }, y: random.uniform() < 0.05 ? null : seed * x * x };
    }),
  });
}

const studies = [1, 2, 3].map((seed) => parabola(seed, 30));

type Changes = Partial<FeedOptions & Pick<StudyEpisodesOptions, 'studies' | 'known'>>;

async function open(workDir: string, { studies: own = studies, known, ...changes }: Changes = {}, threads = 2) {
  const config = resolveTrainConfig({ ...CONFIG, threads });
  const tokenizerFile = packageFile('tokenizer', 'tokenizer.json');
  const feed = await ExampleFeed.open({
    episodes: studyEpisodes({ studies: own, known: known ?? (await collectKnown(own)), config, tokenizerFile }),
    config,
    workDir,
    fingerprint: 'aaaaaaaaaaaaaaaaaaaa',
    batches: { decoderSteps: 8, firstToken: 0, config },
    ...changes,
  });
  onTestFinished(() => feed.close());
  return feed;
}

async function batchesFrom(feed: ExampleFeed, run: number, until = RUNS) {
  const batches = [];
  for (let i = run; i < until; i++) batches.push(await feed.batches(i));
  return batches;
}

const windowsIn = (workDir: string) => readdirSync(join(workDir, readdirSync(workDir)[0]!)).sort();

describe('the examples of a job', () => {
  it('are the same when it goes on anywhere, in its folder or in an empty one, on one worker or two', async () => {
    const workDir = temporaryFolder();
    const feed = await open(workDir);
    const whole = await batchesFrom(feed, 0);
    const validation = await feed.validation();
    expect(validation.length).toBe(9);
    // Windows that came for the last time are gone; the first one stays, for the lengths that were chosen on it.
    expect(windowsIn(workDir)).toEqual(['0.bin', '2.bin', '3.bin']);
    for (const run of [1, 7, 13]) {
      expect(await batchesFrom(await open(workDir), run)).toEqual(whole.slice(run));
      const anew = await open(temporaryFolder(), {}, 1);
      expect(await batchesFrom(anew, run, run + 4)).toEqual(whole.slice(run, run + 4));
      if (run === 13) expect(await anew.validation()).toEqual(validation);
    }
  }, 60_000);

  it('are made anew for other data', async () => {
    const workDir = temporaryFolder();
    mkdirSync(join(workDir, 'examples-of-another'));
    const first = await (await open(workDir)).batches(0);
    expect(readdirSync(workDir)).toEqual(['examples-aaaaaaaaaaaaaaaa']);
    const others = await open(workDir, { fingerprint: 'bbbbbbbbbbbbbbbbbbbb', studies: [parabola(9, 30)] });
    expect(readdirSync(workDir)).toEqual(['examples-bbbbbbbbbbbbbbbb']);
    expect(await others.batches(0)).not.toEqual(first);
  });

  it('take few trials out of very many, and few at once', async () => {
    let read = 0;
    let largest = 0;
    const big = parabola(4, 30_000);
    const watched: StudySource = {
      ...big,
      read(positions) {
        read += positions.length;
        largest = Math.max(largest, positions.length);
        return big.read(positions);
      },
    };
    const known = await collectKnown(studies);
    const feed = await open(temporaryFolder(), { studies: [watched], known });
    await batchesFrom(feed, 0);
    await feed.validation();
    expect(read).toBeLessThanOrEqual(20 * (CONFIG.max_context + CONFIG.queries) + CONFIG.max_context + 96);
    expect(largest).toBeLessThanOrEqual(CONFIG.max_context + 96);
  });

  it('are written by nobody any more once the feed is closed', async () => {
    const workDir = temporaryFolder();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const config = resolveTrainConfig(CONFIG);
    const tokenizerFile = packageFile('tokenizer', 'tokenizer.json');
    const make = studyEpisodes({ studies, known: await collectKnown(studies), config, tokenizerFile });
    const made: Promise<unknown>[] = [];
    const feed = await open(workDir, {
      episodes: () => {
        const source = make();
        onTestFinished(() => source.close());
        return {
          validation: source.validation,
          // At once, as where the workers have ended already.
          close: async () => {},
          // All windows but the first are handed over when the test says so.
          training: async (from, to) => {
            const { results } = await source.training(from, to);
            made.push(results);
            return { results: from === 0 ? results : Promise.all([results, released]).then(([episodes]) => episodes) };
          },
        };
      },
    });
    await feed.batches(0);
    await Promise.all(made);
    release();
    await feed.close();
    expect(windowsIn(workDir)).toEqual(['0.bin', '1.bin', '2.bin']);
  });

  it('are not waited for after an abort, and a failure to read is an error', async () => {
    const stop = new AbortController();
    const feed = await open(temporaryFolder(), { signal: stop.signal });
    const waiting = feed.batches(0);
    setTimeout(() => stop.abort(), 20);
    await expect(waiting).rejects.toThrow(/abort/i);
    const broken = { ...studies[0]!, read: () => Promise.reject(new Error('the disk is gone')) };
    const failing = await open(temporaryFolder(), { studies: [broken], known: [] });
    await expect(failing.batches(0)).rejects.toThrow('the disk is gone');
  });
});
