// The figures of the demo's table, against values worked out by hand.
import { describe, expect, test } from 'vitest';
import { compare, comparisonTable, verdict } from '../../../clients/cli/demo/comparison.js';
import { predictionsCsv } from '../../../clients/cli/demo/files.js';
import { score, spearman } from '../../../clients/cli/demo/scores.js';
import type { ObjectivePrediction, PredictionResult, TrialCreate } from '../../../clients/sdk/types.js';

test('Spearman is the correlation of ranks, ties sharing theirs', () => {
  expect(spearman([1, 2, 3, 4], [10, 100, 1000, 10_000])).toBeCloseTo(1);
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1);
  // 1 - 6·Σd²/(n(n²-1)) with d = (0, 1, 1, 1, 1): 1 - 24/120
  expect(spearman([1, 2, 3, 4, 5], [1, 3, 2, 5, 4])).toBeCloseTo(0.8);
  // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 · 5)
  expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5));
  expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
});

test('errors and widths are in units of the range, coverage counts both ends', () => {
  const answers = [
    { predicted: 1, lower: 0, upper: 2 },
    { predicted: 4, lower: 3, upper: 5 },
    { predicted: 10, lower: 6, upper: 9 },
    { predicted: 10, lower: 10, upper: 14 },
  ];
  const scores = score(answers, [2, 6, 10, 10], 8);
  expect(scores.error).toBeCloseTo((1 + 2 + 0 + 0) / 4 / 8);
  expect(scores.coverage).toBeCloseTo(0.5);
  expect(scores.width).toBeCloseTo((2 + 2 + 3 + 4) / 4 / 8);
  expect(score([{ predicted: 1 }], [1], 1)).toMatchObject({ error: 0, coverage: Number.NaN, width: Number.NaN });
});

describe('a comparison', () => {
  const interval = (lower: number, upper: number) => [{ level: 0.9, lower, upper }];
  const prediction = (median: number, expert: number): ObjectivePrediction => ({
    median,
    mean: median + 100,
    sd: 1,
    intervals: interval(median - 1, median + 1),
    experts: [
      { name: 'median', mean: 5, intervals: interval(0, 10) },
      { name: 'random_forest', mean: expert, intervals: [] },
    ],
  });
  const result = {
    predictions: [
      { objectives: { cost: prediction(1, 2) }, p_infeasible: 0 },
      { objectives: { cost: prediction(10, 8) }, p_infeasible: 0 },
    ],
  } as unknown as PredictionResult;
  const asked: TrialCreate[] = [
    { x: { a: 1, note: 'x, "y"' }, y: { cost: 1, time: 7 } },
    { x: { a: 2 }, y: { cost: 9, time: 7 } },
  ];
  const all = [...asked, { x: { a: 3 }, y: { cost: -11, time: 0 } }];
  const comparison = compare({ name: 'cost' }, 0.9, result, asked, all);

  test('takes the range from all measured trials and leaves out methods that said nothing', () => {
    expect(comparison.range).toBe(20);
    expect(comparison.methods.map(({ method }) => method)).toEqual(['median', 'random_forest', 'omnireg']);
    expect(comparison.methods[2]!.scores).toMatchObject({ error: 0.5 / 20, coverage: 1, width: 0.1 });
    expect(comparison.methods[1]!.scores).toMatchObject({ error: 1 / 20, coverage: Number.NaN });
    expect(verdict(comparison)).toEqual({ best: 'random forest', ratioToBest: 0.5, ratioToMedian: 0.125 });
  });

  test('is a table', () => {
    expect(comparisonTable(comparison, (line) => `>${line}`)).toMatchInlineSnapshot(`
      "method         mean |ŷ−y| / range  Spearman  90% coverage  90% width / range
      ─────────────  ──────────────────  ────────  ────────────  ─────────────────
      median                     0.2000         –        100.0%              0.500
      random forest              0.0500     1.000             –                  –
      >OmniReg                    0.0250     1.000        100.0%              0.100"
    `);
  });

  test('is a CSV with every prediction', () => {
    expect(
      predictionsCsv(
        asked.map(({ x }) => x),
        [comparison],
      ),
    ).toMatchInlineSnapshot(`
      "a,note,cost.measured,cost.median,cost.median.lower,cost.median.upper,cost.random_forest,cost.random_forest.lower,cost.random_forest.upper,cost.omnireg,cost.omnireg.lower,cost.omnireg.upper
      1,"x, ""y""",1,5,0,10,2,,,1,0,2
      2,,9,5,0,10,8,,,10,9,11
      "
    `);
  });
});
