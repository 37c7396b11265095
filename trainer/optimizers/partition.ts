// Different transformations for different parameters in one (optax's multi_transform).
import type { Value } from '../graph/graph.js';
import type { ParameterSpec } from '../model/parameters.js';
import type { GradientTransformation, StateSpec } from './transformation.js';

/**
 * `selected` for the parameters of which `selects` is true, `rest` for all others. Each sees its own parameters only, as if
 * the model had no others: a global norm inside one of them is over these alone, so clip before partitioning.
 */
export function partition(
  selects: (spec: ParameterSpec) => boolean,
  selected: GradientTransformation,
  rest: GradientTransformation,
): GradientTransformation {
  const split = <T>(specs: readonly ParameterSpec[], values: readonly T[]): [T[], T[]] => {
    const chosen = specs.map(selects);
    return [values.filter((_, i) => chosen[i]), values.filter((_, i) => !chosen[i])];
  };
  return {
    init(specs) {
      const [mine, others] = split(specs, specs);
      const named = (prefix: string, states: StateSpec[]) => states.map((s) => ({ ...s, name: `${prefix}.${s.name}` }));
      return [...named('selected', selected.init(mine)), ...named('rest', rest.init(others))];
    },
    update(updates, state, context) {
      const { specs, parameters } = context;
      const theirSpecs = split(specs, specs);
      const theirUpdates = split(specs, updates);
      const theirParameters = split(specs, parameters);
      const border = selected.init(theirSpecs[0]).length;
      const theirState = [state.slice(0, border), state.slice(border)];
      const results = [selected, rest].map((part, i) =>
        part.update(theirUpdates[i]!, theirState[i]!, {
          ...context,
          specs: theirSpecs[i]!,
          parameters: theirParameters[i]!,
        }),
      );
      const taken = [0, 0];
      const merged = specs.map((spec): Value => {
        const which = selects(spec) ? 0 : 1;
        return results[which]!.updates[taken[which]!++]!;
      });
      return { updates: merged, state: results.flatMap((result) => result.state) };
    },
  };
}
