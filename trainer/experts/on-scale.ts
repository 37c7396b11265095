// An expert on another scale of y: its means are medians there, and a large y does not rule those around it.
import { lazy } from '../../tokenizer/lazy.js';
import type { Expert, FittedExpert, PointPredictions, Scale, ScaleChoice, TrainingSet } from './expert.js';

/** Fits on the scale where it was chosen, and predicts y. What is said of a row without it rests on the choice without it. */
export function fitOnScale(expert: Expert, data: TrainingSet, seed: number, choice: ScaleChoice): FittedExpert {
  const { scale, whole, rows } = choice;
  const asIs = () => expert.fit(data, seed);
  const scaled = () => onScale(expert, data, seed, scale);
  const fitted = whole ? scaled() : asIs();
  const chosen = whole ? 1 : 0;
  if (rows.every((row) => row === chosen)) return fitted;
  const crossFitted = lazy(() => {
    const other = (whole ? asIs() : scaled()).crossFitted.mean;
    return { mean: fitted.crossFitted.mean.map((value, row) => (rows[row] === chosen ? value : other[row]!)) };
  });
  return {
    predict: (asked) => fitted.predict(asked),
    get crossFitted() {
      return crossFitted();
    },
  };
}

function onScale(expert: Expert, { features, y }: TrainingSet, seed: number, scale: Scale): FittedExpert {
  const fitted = expert.fit({ features, y: y.map(scale.to) }, seed);
  const crossFitted = lazy(() => back(fitted.crossFitted, scale));
  return {
    predict: (rows) => back(fitted.predict(rows), scale),
    get crossFitted() {
      return crossFitted();
    },
  };
}

/** Widths are half of what they reach to both sides. */
function back({ mean, sd, spread }: PointPredictions, { from }: Scale): PointPredictions {
  const wide = (of: Float64Array): Float64Array =>
    of.map((width, i) => from(mean[i]! + width) / 2 - from(mean[i]! - width) / 2);
  return { mean: mean.map(from), ...(sd && { sd: wide(sd) }), ...(spread && { spread: wide(spread) }) };
}
