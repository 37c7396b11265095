// What a run of the executor does that no single step shows: micro-batches add up to the batch, states come out as they went in.
import { describe, expect, it } from 'vitest';
import { LoopExecutor } from '../../../trainer/executors/loop-executor.js';
import { initialWeights } from '../../../trainer/model/parameters.js';
import { smallBatches, smallModel, smallOptimizer } from './small-training.js';

const rates = Float32Array.of(1e-2, 5e-3, 1e-3);

async function course(accumulate: number) {
  const executor = new LoopExecutor({ model: smallModel, optimizer: smallOptimizer, threads: 1, accumulate });
  try {
    await executor.load(executor.initialState(initialWeights(smallModel.config, 5)));
    const first = await executor.run(smallBatches(3, 8, 1), rates);
    const second = await executor.run(smallBatches(3, 8, 2), rates);
    const state = await executor.state();
    return { loss: [...first.loss, ...second.loss], norm: [...first.gradientNorm, ...second.gradientNorm], state };
  } finally {
    await executor.release();
  }
}

describe('LoopExecutor', () => {
  it('takes the same steps with a batch cut into 2, 4 or 8 micro-batches', async () => {
    const whole = await course(1);
    for (const accumulate of [2, 4, 8]) {
      const parts = await course(accumulate);
      parts.loss.forEach((loss, i) => expect(loss).toBeCloseTo(whole.loss[i]!, 4));
      parts.norm.forEach((norm, i) => expect(norm / whole.norm[i]!).toBeCloseTo(1, 4));
      for (const [name, expected] of whole.state.weights) {
        const got = parts.state.weights.get(name)!;
        const furthest = expected.reduce((far, value, i) => Math.max(far, Math.abs(value - got[i]!)), 0);
        expect(furthest, name).toBeLessThan(2e-3);
      }
    }
  });

  it('hands out a state that later runs leave alone, and goes on from it to the same weights', async () => {
    const executor = new LoopExecutor({ model: smallModel, optimizer: smallOptimizer, threads: 1 });
    try {
      await executor.load(executor.initialState(initialWeights(smallModel.config, 5)));
      await executor.run(smallBatches(3, 8, 1), rates);
      const middle = await executor.state();
      const copy = new Map([...middle.weights].map(([name, data]) => [name, Float32Array.from(data)]));
      await executor.run(smallBatches(3, 8, 2), rates);
      const end = await executor.state();
      for (const [name, data] of middle.weights) expect(data).toEqual(copy.get(name));
      await executor.load(middle);
      expect(executor.step).toBe(3);
      await executor.run(smallBatches(3, 8, 2), rates);
      const again = await executor.state();
      for (const [name, data] of end.weights) expect(again.weights.get(name)).toEqual(data);
      for (const [name, data] of end.optimizer) expect(again.optimizer.get(name)).toEqual(data);
      expect(again.step).toBe(6);
    } finally {
      await executor.release();
    }
  });
});
