// Limited-memory BFGS for smooth functions of a few dozen variables (Nocedal & Wright, Numerical Optimization, chapter 7).

/** Writes the gradient at `x` into `gradient` and returns the value; a value that isn't finite counts as too far. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface MinimizeOptions {
  /** Evaluations of the objective at most. */
  readonly maxEvaluations: number;
  /** No coordinate moves further than this in one step. */
  readonly maxMove: number;
  /** Stops when a step improves the value by less than this. */
  readonly tolerance: number;
}

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

const MEMORY = 8;
/** Share of the improvement promised by the slope that a step must deliver (Armijo). */
const SUFFICIENT = 1e-4;

/** Minimizes `objective` from `start`; returns the best point found and its value. */
export function minimize(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions,
): { x: Float64Array; value: number } {
  const n = start.length;
  let x = start.slice();
  let gradient = new Float64Array(n);
  let value = objective(x, gradient);
  const memory: Correction[] = [];
  for (let evaluations = 1; evaluations < options.maxEvaluations; ) {
    let direction = descentDirection(gradient, memory);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      memory.length = 0;
      direction = gradient.map((g) => -g);
      slope = dot(direction, gradient);
      if (!(slope < 0)) break;
    }
    let length = Math.min(1, options.maxMove / largest(direction));
    let next = x;
    let nextValue = Number.POSITIVE_INFINITY;
    const nextGradient = new Float64Array(n);
    while (evaluations < options.maxEvaluations) {
      next = x.map((xi, i) => xi + length * direction[i]!);
      nextValue = objective(next, nextGradient);
      evaluations++;
      if (nextValue <= value + SUFFICIENT * length * slope) break;
      // The minimum of the parabola through both values and the slope, kept within a tenth and a half of the step.
      const parabola = (-slope * length * length) / (2 * (nextValue - value - slope * length));
      length = Number.isFinite(parabola) ? Math.max(0.1 * length, Math.min(0.5 * length, parabola)) : 0.2 * length;
    }
    if (!(nextValue < value)) break;
    remember(memory, x, next, gradient, nextGradient);
    const gained = value - nextValue;
    x = next;
    value = nextValue;
    gradient = nextGradient;
    if (gained < options.tolerance) break;
  }
  return { x, value };
}

/** Two-loop recursion: minus the gradient, multiplied by the inverse Hessian that the memory describes. */
function descentDirection(gradient: Float64Array, memory: readonly Correction[]): Float64Array {
  const direction = gradient.map((g) => -g);
  const factors = new Float64Array(memory.length);
  for (let m = memory.length - 1; m >= 0; m--) {
    const { step, change, curvature } = memory[m]!;
    factors[m] = dot(step, direction) / curvature;
    addScaled(direction, -factors[m]!, change);
  }
  const latest = memory[memory.length - 1];
  if (latest) {
    const scale = latest.curvature / dot(latest.change, latest.change);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (let m = 0; m < memory.length; m++) {
    const { step, change, curvature } = memory[m]!;
    addScaled(direction, factors[m]! - dot(change, direction) / curvature, step);
  }
  return direction;
}

function remember(
  memory: Correction[],
  x: Float64Array,
  next: Float64Array,
  gradient: Float64Array,
  nextGradient: Float64Array,
): void {
  const step = next.map((value, i) => value - x[i]!);
  const change = nextGradient.map((value, i) => value - gradient[i]!);
  const curvature = dot(step, change);
  // Only positive curvature keeps the approximated Hessian positive definite.
  if (!(curvature > 1e-10 * dot(change, change))) return;
  memory.push({ step, change, curvature });
  if (memory.length > MEMORY) memory.shift();
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, factor: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * source[i]!;
}

function largest(values: Float64Array): number {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  return max;
}
