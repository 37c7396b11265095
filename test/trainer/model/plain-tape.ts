// Reverse-mode differentiation over plain float64 matrices, for the independent model: each operation computes its value and
// records how a gradient passes back through it. No code is shared with trainer/graph.

/** A row-major matrix and, after `Tape.backward`, the loss's gradient with respect to it. */
export class Matrix {
  readonly gradient: Float64Array;

  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly data: Float64Array = new Float64Array(rows * columns),
  ) {
    this.gradient = new Float64Array(data.length);
  }
}

/** What a position may look at: the bucket of its distance to a key, undefined where the key is hidden from it. */
export type Look = (query: number, key: number) => number | undefined;

export class Tape {
  private readonly steps: (() => void)[] = [];

  /** Carries gradients, which stand in the results already, back through everything recorded. */
  backward(): void {
    for (const step of this.steps.reverse()) step();
    this.steps.length = 0;
  }

  /** Rows of a table. */
  rows(table: Matrix, ids: readonly number[]): Matrix {
    const d = table.columns;
    const y = new Matrix(ids.length, d);
    ids.forEach((id, i) => void y.data.set(table.data.subarray(id * d, id * d + d), i * d));
    this.steps.push(() =>
      ids.forEach((id, i) => {
        for (let j = 0; j < d; j++) table.gradient[id * d + j]! += y.gradient[i * d + j]!;
      }),
    );
    return y;
  }

  /** a·b. */
  product(a: Matrix, b: Matrix): Matrix {
    const { rows: n, columns: inner } = a;
    const m = b.columns;
    const y = new Matrix(n, m);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < inner; k++) {
        const value = a.data[i * inner + k]!;
        for (let j = 0; j < m; j++) y.data[i * m + j]! += value * b.data[k * m + j]!;
      }
    }
    this.steps.push(() => {
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < inner; k++) {
          const value = a.data[i * inner + k]!;
          let sum = 0;
          for (let j = 0; j < m; j++) {
            const g = y.gradient[i * m + j]!;
            sum += g * b.data[k * m + j]!;
            b.gradient[k * m + j]! += g * value;
          }
          a.gradient[i * inner + k]! += sum;
        }
      }
    });
    return y;
  }

  /** a + b. */
  sum(a: Matrix, b: Matrix): Matrix {
    const y = new Matrix(a.rows, a.columns);
    y.data.forEach((_, i) => {
      y.data[i] = a.data[i]! + b.data[i]!;
    });
    this.steps.push(() =>
      y.gradient.forEach((g, i) => {
        a.gradient[i]! += g;
        b.gradient[i]! += g;
      }),
    );
    return y;
  }

  /** gelu(a)·b element by element, with the tanh approximation that T5 v1.1 uses ("gelu_new"). */
  gated(a: Matrix, b: Matrix): Matrix {
    const y = new Matrix(a.rows, a.columns);
    const c = Math.sqrt(2 / Math.PI);
    const tanh = (x: number) => Math.tanh(c * (x + 0.044715 * x ** 3));
    y.data.forEach((_, i) => {
      const x = a.data[i]!;
      y.data[i] = 0.5 * x * (1 + tanh(x)) * b.data[i]!;
    });
    this.steps.push(() =>
      y.gradient.forEach((g, i) => {
        const x = a.data[i]!;
        const t = tanh(x);
        const slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
        a.gradient[i]! += g * b.data[i]! * slope;
        b.gradient[i]! += g * 0.5 * x * (1 + t);
      }),
    );
    return y;
  }

  /** Each row divided by the root of its mean square, times a weight a column. */
  norm(x: Matrix, weight: Matrix, epsilon: number): Matrix {
    const { rows: n, columns: d } = x;
    const y = new Matrix(n, d);
    const roots = Array.from({ length: n }, (_, i) => {
      let square = 0;
      for (let j = 0; j < d; j++) square += x.data[i * d + j]! ** 2;
      return Math.sqrt(square / d + epsilon);
    });
    y.data.forEach((_, at) => {
      y.data[at] = (x.data[at]! / roots[Math.floor(at / d)]!) * weight.data[at % d]!;
    });
    this.steps.push(() => {
      for (let i = 0; i < n; i++) {
        const r = roots[i]!;
        let dot = 0;
        for (let j = 0; j < d; j++) {
          const g = y.gradient[i * d + j]!;
          dot += g * weight.data[j]! * x.data[i * d + j]!;
          weight.gradient[j]! += (g * x.data[i * d + j]!) / r;
        }
        for (let j = 0; j < d; j++) {
          const g = y.gradient[i * d + j]! * weight.data[j]!;
          x.gradient[i * d + j]! += g / r - (x.data[i * d + j]! * dot) / (d * r ** 3);
        }
      }
    });
    return y;
  }

  /**
   * softmax(q·kᵀ + bias)·v for each head, a block of columns; `bias` [buckets, heads] gives a bucket's bias, where there is one.
   */
  attention(q: Matrix, k: Matrix, v: Matrix, heads: number, look: Look, bias?: Matrix): Matrix {
    const width = q.columns;
    const size = width / heads;
    const y = new Matrix(q.rows, width);
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < q.rows; i++) {
        const keys: { at: number; bucket: number; score: number }[] = [];
        for (let j = 0; j < k.rows; j++) {
          const bucket = look(i, j);
          if (bucket === undefined) continue;
          let score = bias ? bias.data[bucket * heads + head]! : 0;
          for (let c = head * size; c < (head + 1) * size; c++)
            score += q.data[i * width + c]! * k.data[j * width + c]!;
          keys.push({ at: j, bucket, score });
        }
        const shares = softmax(keys.map(({ score }) => score));
        for (let c = head * size; c < (head + 1) * size; c++) {
          keys.forEach(({ at }, n) => {
            y.data[i * width + c]! += shares[n]! * v.data[at * width + c]!;
          });
        }
        this.steps.push(() => {
          const wanted = keys.map(({ at }, n) => {
            let sum = 0;
            for (let c = head * size; c < (head + 1) * size; c++) {
              const g = y.gradient[i * width + c]!;
              sum += g * v.data[at * width + c]!;
              v.gradient[at * width + c]! += g * shares[n]!;
            }
            return sum;
          });
          const mean = wanted.reduce((sum, g, n) => sum + g * shares[n]!, 0);
          keys.forEach(({ at, bucket }, n) => {
            const g = shares[n]! * (wanted[n]! - mean);
            if (bias) bias.gradient[bucket * heads + head]! += g;
            for (let c = head * size; c < (head + 1) * size; c++) {
              q.gradient[i * width + c]! += g * k.data[at * width + c]!;
              k.gradient[at * width + c]! += g * q.data[i * width + c]!;
            }
          });
        });
      }
    }
    return y;
  }

  /** log softmax of each row. */
  logSoftmax(x: Matrix): Matrix {
    const { rows: n, columns: d } = x;
    const y = new Matrix(n, d);
    for (let i = 0; i < n; i++) {
      const row = x.data.subarray(i * d, i * d + d);
      const max = Math.max(...row);
      const logSum = max + Math.log(row.reduce((sum, value) => sum + Math.exp(value - max), 0));
      row.forEach((value, j) => {
        y.data[i * d + j] = value - logSum;
      });
    }
    this.steps.push(() => {
      for (let i = 0; i < n; i++) {
        const total = y.gradient.subarray(i * d, i * d + d).reduce((a, b) => a + b, 0);
        for (let j = i * d; j < i * d + d; j++) x.gradient[j]! += y.gradient[j]! - Math.exp(y.data[j]!) * total;
      }
    });
    return y;
  }
}

function softmax(scores: readonly number[]): number[] {
  const max = Math.max(...scores);
  const exps = scores.map((score) => Math.exp(score - max));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / sum);
}
