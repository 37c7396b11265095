// The plot as it is drawn: every prediction is a point in its place and colour, and the axis fits the data.
import { expect, test } from 'vitest';
import { type PlotInput, plotPredictions, plotSpec } from '../../../clients/cli/demo/plot.js';

const input: PlotInput = {
  title: 'A & B <c>',
  subtitle: ['one', 'two'],
  quantity: 'cost (EUR)',
  measured: [10, 20, 30],
  answers: [
    { predicted: 12, lower: 8, upper: 15 },
    { predicted: 28, lower: 25, upper: 33 },
    { predicted: 30, lower: 28, upper: 31 },
  ],
  level: 0.9,
};
const scaleOf = (changed: Partial<PlotInput>) => {
  const text = JSON.stringify(plotSpec({ ...input, ...changed }));
  const found = /"scale":(\{"type":"(?:log|linear)".*?\})/.exec(text);
  return JSON.parse(found![1]!) as { type: string; domain: [number, number] };
};

test('one point and one interval a prediction, coloured by whether it holds the truth', async () => {
  const svg = await plotPredictions(input);
  expect(svg).toMatch(/^<svg [^>]*width="672" height="728"/);
  const points = svg.match(/aria-roledescription="point"[^>]*fill="#\w+"/g) ?? [];
  expect(points).toHaveLength(3);
  expect(points.filter((point) => point.includes('fill="#1f6fb2"'))).toHaveLength(2);
  expect(points.filter((point) => point.includes('fill="#d6453d"'))).toHaveLength(1);
  for (const text of ['A &amp; B &lt;c&gt;', 'Measured cost (EUR)', 'Predicted cost (EUR)', 'inside its 90% interval'])
    expect(svg).toContain(text);
});

test('a wide span of positive values is shown by ratio, anything else is not', () => {
  expect(scaleOf({}).type).toBe('linear');
  expect(scaleOf({ measured: [0.1, 20, 300] }).type).toBe('log');
  expect(scaleOf({ measured: [-0.1, 20, 3000] }).type).toBe('linear');
  expect(scaleOf({ measured: [0, 20, 3000] }).type).toBe('linear');
});

test('intervals of senseless width do not squeeze the points into a corner', () => {
  const answers = input.answers.map(({ predicted }) => ({ predicted, lower: -1e30, upper: 1e30 }));
  const { domain } = scaleOf({ answers });
  expect(domain[1] - domain[0]).toBeLessThan(2 * (30 - 10));
  expect(scaleOf({ measured: [0.1, 20, 300], answers }).domain[1]).toBeLessThan(3000);
});

test('all points lie within the axes; a logarithmic one has no zero', () => {
  for (const measured of [
    [10, 20, 30],
    [-5, 0, 5],
    [7, 7, 7],
    [0.001, 1, 1000],
    [1e-12, 1, 2],
  ]) {
    const { domain, type } = scaleOf({
      measured,
      answers: measured.map((predicted) => ({ predicted, lower: predicted - 5, upper: predicted + 5 })),
    });
    expect(domain[0]).toBeLessThanOrEqual(Math.min(...measured));
    expect(domain[1]).toBeGreaterThanOrEqual(Math.max(...measured));
    expect(domain[1]).toBeGreaterThan(domain[0]);
    if (type === 'log') expect(domain[0]).toBeGreaterThan(0);
  }
});
