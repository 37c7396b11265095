// Cholesky factorization and what a Gaussian process needs of it. Matrices are square, row-major; loops run along rows, which is what is fast.

/** Replaces the lower triangle of the symmetric n×n matrix `a` by its Cholesky factor L. False if `a` is not positive definite. */
export function factorize(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const rowI = i * n;
    for (let j = 0; j <= i; j++) {
      const rowJ = j * n;
      let s0 = 0;
      let s1 = 0;
      let k = 0;
      for (; k + 1 < j; k += 2) {
        s0 += a[rowI + k]! * a[rowJ + k]!;
        s1 += a[rowI + k + 1]! * a[rowJ + k + 1]!;
      }
      if (k < j) s0 += a[rowI + k]! * a[rowJ + k]!;
      const rest = a[rowI + j]! - s0 - s1;
      if (i === j) {
        if (!(rest > 0)) return false;
        a[rowI + i] = Math.sqrt(rest);
      } else {
        a[rowI + j] = rest / a[rowJ + j]!;
      }
    }
  }
  return true;
}

/** Solves L x = b in place; `l` holds L in its lower triangle. */
export function solveLower(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let rest = b[i]!;
    for (let k = 0; k < i; k++) rest -= l[i * n + k]! * b[k]!;
    b[i] = rest / l[i * n + i]!;
  }
}

/** Solves Lᵀ x = b in place. */
export function solveUpper(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = n - 1; i >= 0; i--) {
    const x = b[i]! / l[i * n + i]!;
    b[i] = x;
    for (let k = 0; k < i; k++) b[k]! -= l[i * n + k]! * x;
  }
}

/** The lower triangle of (L Lᵀ)⁻¹, written into `inverse`; `scratch` is overwritten. Both hold n×n numbers. */
export function invertFactorized(l: Float64Array, n: number, inverse: Float64Array, scratch: Float64Array): void {
  invertLower(l, n, scratch);
  inverse.fill(0);
  for (let k = 0; k < n; k++) {
    const rowK = k * n;
    for (let i = 0; i <= k; i++) {
      const factor = scratch[rowK + i]!;
      const rowI = i * n;
      for (let j = 0; j <= i; j++) inverse[rowI + j]! += factor * scratch[rowK + j]!;
    }
  }
}

/** The lower triangle of L⁻¹, written into `m`. */
function invertLower(l: Float64Array, n: number, m: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const rowI = i * n;
    const diagonal = 1 / l[rowI + i]!;
    for (let j = 0; j < i; j++) m[rowI + j] = 0;
    for (let k = 0; k < i; k++) {
      const factor = l[rowI + k]! * diagonal;
      const rowK = k * n;
      for (let j = 0; j <= k; j++) m[rowI + j]! -= factor * m[rowK + j]!;
    }
    m[rowI + i] = diagonal;
  }
}

/**
 * What a Gaussian process says of each of its n own values had it not seen that one, its parameters unchanged (Rasmussen & Williams, eq. 5.12).
 * @param l Cholesky factor of the values' covariance K, noise among it
 * @param alpha K⁻¹ (values − prior mean)
 */
export function leaveOneOut(
  l: Float64Array,
  values: Float64Array,
  alpha: Float64Array,
): { mean: Float64Array; sd: Float64Array } {
  const n = values.length;
  const inverse = new Float64Array(n * n);
  invertFactorized(l, n, inverse, new Float64Array(n * n));
  const precision = (i: number): number => inverse[i * n + i]!;
  return {
    mean: values.map((value, i) => value - alpha[i]! / precision(i)),
    sd: values.map((_, i) => 1 / Math.sqrt(precision(i))),
  };
}
