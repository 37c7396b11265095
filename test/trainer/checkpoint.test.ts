// Checkpoints on a real disk: the last few, whole, and never another job's.
import { mkdtemp, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from '../../trainer/checkpoint.js';
import type { TrainingState } from '../../trainer/executors/executor.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omnireg-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const stateAt = (step: number): TrainingState => ({
  step,
  weights: new Map([['shared.weight', Float32Array.of(step, -0, 1e-45, Number.NaN)]]),
  optimizer: new Map([['0.m.shared.weight', Float32Array.of(step / 3, 2)]]),
});
const save = (step: number, keep = 3) => saveCheckpoint(folder, stateAt(step), 'job', keep);
const files = async () => (await readdir(folder)).sort();

describe('checkpoints', () => {
  it('come back bit for bit', async () => {
    expect(await loadCheckpoint(folder, 'job')).toBeUndefined();
    await save(9_999_999);
    const { state, damaged } = (await loadCheckpoint(folder, 'job'))!;
    expect(state).toEqual(stateAt(9_999_999));
    expect(Object.is(state.weights.get('shared.weight')![1], -0)).toBe(true);
    expect(damaged).toEqual([]);
  });

  it('are kept to the last few, in the order of their steps', async () => {
    for (const step of [20, 40, 60, 80, 100, 99_999_980, 100_000_000]) await save(step);
    expect(await files()).toEqual([
      'checkpoint-00000100.safetensors',
      'checkpoint-100000000.safetensors',
      'checkpoint-99999980.safetensors',
    ]);
    expect((await loadCheckpoint(folder, 'job'))!.state.step).toBe(100_000_000);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['cut short', (path) => truncate(path, 100)],
    ['empty', (path) => writeFile(path, '')],
    [
      'changed in one byte',
      async (path) => {
        const file = await open(path, 'r+');
        const { size } = await file.stat();
        await file.write(Buffer.of(0x55), 0, 1, size - 1);
        await file.close();
      },
    ],
  ])('give way to the one before where the newest is %s', async (_, damage) => {
    for (const step of [20, 40]) await save(step);
    await damage(join(folder, 'checkpoint-00000040.safetensors'));
    const { state, damaged } = (await loadCheckpoint(folder, 'job'))!;
    expect(state).toEqual(stateAt(20));
    expect(damaged).toEqual([expect.stringContaining('checkpoint-00000040.safetensors is damaged')]);
  });

  it('of another job are refused', async () => {
    await save(20);
    await expect(loadCheckpoint(folder, 'other')).rejects.toThrow(
      /other data or settings; give the job a folder of its own/,
    );
  });
});
