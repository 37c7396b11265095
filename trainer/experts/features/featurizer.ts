// Learns from the context rows which columns tell trials apart, and turns any trial's parameters into them. Never sees y.
import type { JsonObject } from '../../types.js';
import type { FeatureMatrix, Features } from '../expert.js';
import type { ParameterEncoder } from './encoder.js';
import { type FlatTrial, flatten } from './flatten.js';
import { fitNumberEncoder } from './numbers.js';
import { fitStringEncoders } from './strings.js';

/** Paths used; where there are more, those that most rows have. */
const MAX_PATHS = 1000;

interface FittedPath {
  readonly path: string;
  readonly encoder: ParameterEncoder;
}

/** Turns parameters into feature matrices whose columns were chosen on the rows it was fitted on. */
export class Featurizer {
  private constructor(
    private readonly encoders: readonly FittedPath[],
    private readonly treeGroups: Int32Array,
    private readonly metricGroups: Int32Array,
  ) {}

  /** Chooses columns on `xs`. Parameters that are the same in every row have none. */
  static fit(xs: readonly JsonObject[]): Featurizer {
    const trials = xs.map(flatten);
    const encoders = commonPaths(trials).flatMap((path) => fitPath(trials, path).map((encoder) => ({ path, encoder })));
    return new Featurizer(
      encoders,
      groupsOf(encoders.map(({ encoder }) => encoder.treeColumns)),
      groupsOf(encoders.map(({ encoder }) => encoder.metricColumns)),
    );
  }

  /** Feature matrices of `xs`, one row each. Unknown parameters are ignored, values of an unexpected kind count as missing. */
  transform(xs: readonly JsonObject[]): Features {
    const tree = emptyMatrix(xs.length, this.treeGroups, Number.NaN);
    const metric = emptyMatrix(xs.length, this.metricGroups, 0);
    xs.forEach((x, row) => {
      const trial = flatten(x);
      let treeAt = row * tree.columns;
      let metricAt = row * metric.columns;
      for (const { path, encoder } of this.encoders) {
        encoder.encode(trial.get(path), { tree: tree.values, treeAt, metric: metric.values, metricAt });
        treeAt += encoder.treeColumns;
        metricAt += encoder.metricColumns;
      }
    });
    return { tree, metric };
  }
}

function fitPath(trials: readonly FlatTrial[], path: string): ParameterEncoder[] {
  const leaves = trials.map((trial) => trial.get(path));
  const numbers = fitNumberEncoder(Float64Array.from(leaves, (leaf) => leaf?.number ?? Number.NaN));
  const strings = fitStringEncoders(leaves);
  return numbers ? [numbers, ...strings] : strings;
}

/** Every path of the trials in alphabetical order, so that the order of keys in the JSON changes nothing. */
function commonPaths(trials: readonly FlatTrial[]): string[] {
  const counts = new Map<string, number>();
  for (const trial of trials) {
    for (const path of trial.keys()) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  const byName = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  if (byName.length <= MAX_PATHS) return byName.map(([path]) => path);
  return byName
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_PATHS)
    .map(([path]) => path)
    .sort();
}

function groupsOf(columnsPerGroup: readonly number[]): Int32Array {
  return Int32Array.from(columnsPerGroup.flatMap((columns, group) => new Array<number>(columns).fill(group)));
}

function emptyMatrix(rows: number, groups: Int32Array, fill: number): FeatureMatrix {
  return { rows, columns: groups.length, values: new Float64Array(rows * groups.length).fill(fill), groups };
}
