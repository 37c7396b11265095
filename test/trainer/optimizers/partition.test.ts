// A partition gives each parameter what the transformation that takes it would give it alone.
import { expect, it } from 'vitest';
import { adamW } from '../../../trainer/optimizers/adamw.js';
import { partition } from '../../../trainer/optimizers/partition.js';
import { Random } from '../../../trainer/random.js';
import { drawTensors, expectSame, OptimizerRun, SPECS } from './kit.js';

it('updates each parameter, and keeps its state, as the transformation that takes it would alone', async () => {
  const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1e9 };
  const first = adamW(options);
  const second = adamW({ ...options, beta1: 0.5, weightDecay: 0.3 });
  // The selected ones stand between others in the model's order.
  const selects = ({ name }: { name: string }) => name === 'tall' || name === 'shared';
  const random = new Random(6);
  const weights = drawTensors(random);
  const optimizers = [partition(selects, first, second), first, second];
  const [both, ...alone] = await Promise.all(optimizers.map((optimizer) => OptimizerRun.create(optimizer, weights)));
  for (let n = 1; n <= 20; n++) {
    const gradients = drawTensors(random);
    const mixed = await both!.step(gradients, 0.01);
    const [byFirst, bySecond] = await Promise.all(alone.map((run) => run.step(gradients, 0.01)));
    SPECS.forEach((s, t) => void expectSame(mixed[t]!, (selects(s) ? byFirst : bySecond)![t]!, `${s.name}, step ${n}`));
  }
  expect(both!.state.size).toBe(2 * SPECS.length);
  await Promise.all([both!, ...alone].map((run) => run.release()));
});
