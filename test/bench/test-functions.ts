// Standard functions of global optimisation on their usual boxes, as studies without a hint: parameters x1..xd, objective y.
// Formulas and minima: Surjanovic and Bingham, Virtual Library of Simulation Experiments; Dixon and Szegő (1978).
import { SearchSpace } from '../../trainer/acquisition/search-space.js';
import type { JsonObject } from '../../trainer/types.js';

export interface TestFunction {
  name: string;
  /** Bounds of each dimension. */
  box: readonly (readonly [number, number])[];
  minimum: number;
  at(x: readonly number[]): number;
}

const cube = (dimensions: number, low: number, high: number) =>
  Array.from({ length: dimensions }, () => [low, high] as const);

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const HARTMANN_WEIGHTS = [1, 1.2, 3, 3.2];
const HARTMANN_SCALES = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const HARTMANN_CENTRES = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

export const TEST_FUNCTIONS: readonly TestFunction[] = [
  {
    name: 'Branin',
    box: [
      [-5, 10],
      [0, 15],
    ],
    minimum: 0.397887,
    at: ([x, y]) => {
      const bow = y! - (5.1 * x! * x!) / (4 * Math.PI ** 2) + (5 * x!) / Math.PI - 6;
      return bow * bow + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x!) + 10;
    },
  },
  {
    name: 'Hartmann6',
    box: cube(6, 0, 1),
    minimum: -3.32237,
    at: (x) =>
      -sum(
        HARTMANN_WEIGHTS.map((weight, i) => {
          const squares = x.map((v, j) => HARTMANN_SCALES[i]![j]! * (v - HARTMANN_CENTRES[i]![j]!) ** 2);
          return weight * Math.exp(-sum(squares));
        }),
      ),
  },
  {
    name: 'Ackley5',
    box: cube(5, -32.768, 32.768),
    minimum: 0,
    at: (x) => {
      const radius = Math.sqrt(sum(x.map((v) => v * v)) / x.length);
      const waves = sum(x.map((v) => Math.cos(2 * Math.PI * v))) / x.length;
      return -20 * Math.exp(-0.2 * radius) - Math.exp(waves) + 20 + Math.E;
    },
  },
  {
    name: 'Rastrigin4',
    box: cube(4, -5.12, 5.12),
    minimum: 0,
    at: (x) => sum(x.map((v) => v * v - 10 * Math.cos(2 * Math.PI * v) + 10)),
  },
  {
    name: 'Levy5',
    box: cube(5, -10, 10),
    minimum: 0,
    at: (x) => {
      const w = x.map((v) => 1 + (v - 1) / 4);
      const last = w[w.length - 1]!;
      const inner = w.slice(0, -1).map((v) => (v - 1) ** 2 * (1 + 10 * Math.sin(Math.PI * v + 1) ** 2));
      return Math.sin(Math.PI * w[0]!) ** 2 + sum(inner) + (last - 1) ** 2 * (1 + Math.sin(2 * Math.PI * last) ** 2);
    },
  },
  {
    name: 'Rosenbrock4',
    box: cube(4, -5, 10),
    minimum: 0,
    at: (x) => sum(x.slice(0, -1).map((v, i) => 100 * (x[i + 1]! - v * v) ** 2 + (1 - v) ** 2)),
  },
];

/** The box as a search space; names say nothing. */
export function spaceOf({ box }: TestFunction): SearchSpace {
  return new SearchSpace(
    Object.fromEntries(box.map(([low, high], i) => [`x${i + 1}`, { type: 'float' as const, low, high }])),
  );
}

export function measure({ box, at }: TestFunction, x: JsonObject): number {
  return at(box.map((_, i) => x[`x${i + 1}`] as number));
}
