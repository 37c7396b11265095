// When to try again, from what was measured.
import { expect, it } from 'vitest';
import { Throughput } from '../../../service/prediction/throughput.js';

it('learns how long queries take, and leaves idle time out', () => {
  let now = 0;
  const throughput = new Throughput(() => now);
  expect(throughput.within(1)).toBe(Number.POSITIVE_INFINITY);
  expect(throughput.secondsFor(1)).toBe(1);
  expect(throughput.secondsFor(1000)).toBe(10);
  for (let i = 0; i < 200; i++) {
    now += 60_000;
    throughput.begin();
    for (let k = 0; k < 5; k++) {
      now += 100;
      throughput.answered(40);
    }
  }
  expect(throughput.secondsFor(3950)).toBe(10);
  expect(throughput.within(1000)).toBeCloseTo(400, 1);
  // Slower from now on: after a while nothing else counts.
  throughput.begin();
  for (let k = 0; k < 100; k++) {
    now += 1000;
    throughput.answered(10);
  }
  expect(throughput.secondsFor(95)).toBe(10);
});
