// Grass's graph against the algorithm in plain loops, and which rows it touches, and when.
import { describe, expect, it } from 'vitest';
import { type GrassOptions, grass } from '../../../trainer/optimizers/grass.js';
import { Random } from '../../../trainer/random.js';
import {
  clipped,
  drawTensors,
  expectSameTraining,
  OptimizerRun,
  SPECS,
  type Tensors,
  UNUSED_ROWS,
  zerosLike,
} from './kit.js';

const PERIOD = 4;
const OPTIONS: GrassOptions = {
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1.5,
  fraction: 0.3,
  embeddingFraction: 0.6,
  period: PERIOD,
  selection: 'cyclic',
  // The head is below it, all other matrices are above.
  smallest: 20,
  learningRateScale: 2,
};

const isSelective = (t: number) => SPECS[t]!.shape.length === 2 && SPECS[t]!.name !== 'lm_head.weight';
const rowsAtATime = (t: number) => {
  const { kind, shape } = SPECS[t]!;
  return Math.round(shape[0]! * (kind === 'embedding' ? OPTIONS.embeddingFraction : OPTIONS.fraction));
};
const rowsOf = (tensor: readonly number[], t: number) => {
  const [rows, columns] = SPECS[t]!.shape as [number, number];
  return Array.from({ length: rows }, (_, r) => tensor.slice(r * columns, (r + 1) * columns));
};
const squares = (values: readonly number[]) => values.reduce((sum, x) => sum + x * x, 0);

/** Rows in turn, or those with the largest gradients, which stay until the next selection. */
function plainSelection(selection: GrassOptions['selection']) {
  const current = new Map<number, number[]>();
  return (gradient: number[], t: number, step: number): number[] => {
    if ((step - 1) % PERIOD === 0) {
      const rows = SPECS[t]!.shape[0]!;
      const count = rowsAtATime(t);
      const turn = (step - 1) / PERIOD;
      const norms = rowsOf(gradient, t).map(squares);
      const largest = norms.map((_, r) => r).sort((a, b) => norms[b]! - norms[a]!);
      const inTurn = Array.from({ length: count }, (_, i) => (turn * count + i) % rows);
      current.set(t, selection === 'norm' ? largest.slice(0, count) : inTurn);
    }
    return current.get(t)!;
  };
}

function plainGrass(options: GrassOptions) {
  const { beta1, beta2, epsilon } = options;
  const select = plainSelection(options.selection);
  const first = zerosLike(SPECS);
  const second = zerosLike(SPECS);
  const rowMeans = SPECS.map(({ shape }) => new Array<number>(shape[0]!).fill(0));
  const columnMeans = SPECS.map(({ shape }) => new Array<number>(shape[1] ?? 1).fill(0));
  return (weights: Tensors, gradients: Tensors, step: number, rate: number) => {
    clipped(gradients, options.clipNorm).forEach((g, t) => {
      const { kind, shape } = SPECS[t]!;
      const decay = kind === 'linear' ? options.weightDecay : 0;
      const take = (i: number, u: number) => {
        weights[t]![i]! -= options.learningRateScale * rate * (u + decay * weights[t]![i]!);
      };
      if (!isSelective(t)) {
        g.forEach((x, i) => {
          first[t]![i] = beta1 * first[t]![i]! + (1 - beta1) * x;
          second[t]![i] = beta2 * second[t]![i]! + (1 - beta2) * x * x;
          const size = Math.sqrt(second[t]![i]! / (1 - beta2 ** step)) + epsilon;
          take(i, first[t]![i]! / (1 - beta1 ** step) / size);
        });
        return;
      }
      const [rows, columns] = shape as [number, number];
      const age = (step - 1) % PERIOD;
      if (age === 0) first[t]!.fill(0);
      for (let r = 0; r < rows; r++) {
        const mean = squares(g.slice(r * columns, (r + 1) * columns)) / columns;
        rowMeans[t]![r] = beta2 * rowMeans[t]![r]! + (1 - beta2) * mean;
      }
      for (let c = 0; c < columns; c++) {
        const mean = squares(g.filter((_, i) => i % columns === c)) / rows;
        columnMeans[t]![c] = beta2 * columnMeans[t]![c]! + (1 - beta2) * mean;
      }
      const overall = rowMeans[t]!.reduce((a, b) => a + b, 0) / rows;
      for (const r of select(g, t, step)) {
        for (let c = 0; c < columns; c++) {
          const i = r * columns + c;
          first[t]![i] = beta1 * first[t]![i]! + (1 - beta1) * g[i]!;
          const v = (rowMeans[t]![r]! * columnMeans[t]![c]!) / overall / (1 - beta2 ** step);
          take(i, first[t]![i]! / (1 - beta1 ** (age + 1)) / (Math.sqrt(v) + epsilon));
        }
      }
    });
  };
}

/** The rows that each step of a run without decay changes, by tensor: [step][tensor]. */
async function touchedRows(selection: GrassOptions['selection'], gradients: Tensors[]): Promise<number[][][]> {
  const run = await OptimizerRun.create(grass({ ...OPTIONS, selection, weightDecay: 0 }), drawTensors(new Random(7)));
  const touched: number[][][] = [];
  for (const each of gradients) {
    const updates = await run.step(each, 0.1);
    touched.push(
      updates.map((u, t) => rowsOf(u, t).flatMap((row, r) => (row.some((value) => value !== 0) ? [r] : []))),
    );
  }
  await run.release();
  return touched;
}

describe('grass', () => {
  it.each(['cyclic', 'norm'] as const)('takes the steps of the algorithm, selecting rows by %s', async (selection) => {
    const options = { ...OPTIONS, selection };
    await expectSameTraining(grass(options), plainGrass(options), 26);
  });

  it('trains the rows in turn: some for a whole period, then others, and all of them in the end', async () => {
    const random = new Random(8);
    const touched = await touchedRows(
      'cyclic',
      Array.from({ length: 6 * PERIOD }, () => drawTensors(random)),
    );
    SPECS.forEach((spec, t) => {
      if (!isSelective(t)) return;
      const unused = spec.kind === 'embedding' ? UNUSED_ROWS : [];
      touched.forEach((rows, step) => {
        const before = touched[step - 1]?.[t];
        expect(rows[t]!.length).toBeLessThanOrEqual(rowsAtATime(t));
        if (step % PERIOD === 0) expect(rows[t]).not.toEqual(before);
        else expect(rows[t]).toEqual(before);
      });
      const used = Array.from({ length: spec.shape[0]! }, (_, r) => r).filter((r) => !unused.includes(r));
      expect(new Set(touched.flatMap((rows) => rows[t]!))).toEqual(new Set(used));
    });
  });

  it('selects the rows with the largest gradients at the start of a period, whatever comes after', async () => {
    const random = new Random(9);
    const gradients = Array.from({ length: 3 * PERIOD }, () => drawTensors(random));
    const touched = await touchedRows('norm', gradients);
    SPECS.forEach((_, t) => {
      if (!isSelective(t)) return;
      touched.forEach((rows, step) => {
        const norms = rowsOf(gradients[step - (step % PERIOD)]![t]!, t).map(squares);
        const least = [...norms].sort((a, b) => b - a)[rowsAtATime(t) - 1]!;
        expect(rows[t]).toEqual(norms.flatMap((norm, r) => (norm >= least ? [r] : [])));
      });
    });
  });

  it('still counts its selections exactly after millions of steps', async () => {
    const run = await OptimizerRun.create(grass({ ...OPTIONS, weightDecay: 0 }), drawTensors(new Random(7)), 'float32');
    const random = new Random(11);
    for (const step of [1, 12_000_000]) {
      for (let n = 0; n < 2 * PERIOD; n++) {
        run.skipTo(step + n);
        const updates = await run.step(drawTensors(random), 0.1);
        const turn = Math.floor((step + n - 1) / PERIOD);
        const changed = rowsOf(updates[0]!, 0).flatMap((row, r) => (row.some((value) => value !== 0) ? [r] : []));
        const count = rowsAtATime(0);
        const expected = Array.from({ length: count }, (_, i) => (turn * count + i) % SPECS[0]!.shape[0]!);
        expect(changed, `step ${step + n}`).toEqual(expected.sort((a, b) => a - b));
      }
    }
    await run.release();
  });
});
