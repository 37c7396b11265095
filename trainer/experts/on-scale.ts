// An expert on another scale of y: its means are medians there, and a large y does not rule those around it.
import type { Expert, FittedExpert, PointPredictions, Scale, ScaleChoice, TrainingSet } from './expert.js';

/** Fits on the scale where it was chosen, and predicts y. What is said of a row without it rests on the choice without it. */
export function fitOnScale(expert: Expert, data: TrainingSet, seed: number, choice: ScaleChoice): FittedExpert {
  const { scale, whole, rows } = choice;
  const plain = once(() => expert.fit(data, seed));
  if (!whole && !rows.includes(1)) return plain();
  const scaled = once(() => onScale(expert, data, seed, scale));
  return {
    predict: (asked) => (whole ? scaled() : plain()).predict(asked),
    get crossFitted() {
      if (!rows.includes(0)) return scaled().crossFitted;
      const [there, here] = [scaled().crossFitted.mean, plain().crossFitted.mean];
      return { mean: here.map((value, row) => (rows[row] === 1 ? there[row]! : value)) };
    },
  };
}

function onScale(expert: Expert, { features, y }: TrainingSet, seed: number, scale: Scale): FittedExpert {
  const fitted = expert.fit({ features, y: y.map(scale.to) }, seed);
  return {
    predict: (rows) => back(fitted.predict(rows), scale),
    get crossFitted() {
      return back(fitted.crossFitted, scale);
    },
  };
}

/** Widths are half of what they reach to both sides. */
function back({ mean, sd, spread }: PointPredictions, { from }: Scale): PointPredictions {
  const wide = (of: Float64Array): Float64Array =>
    of.map((width, i) => from(mean[i]! + width) / 2 - from(mean[i]! - width) / 2);
  return { mean: mean.map(from), ...(sd && { sd: wide(sd) }), ...(spread && { spread: wide(spread) }) };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
