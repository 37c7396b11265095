// Joint distributions by the chain rule: the first objective, then each next one given a few values of those before it.
import type { Distribution } from '../distribution.js';
import { conditionOn } from '../given.js';
import type { Predictor } from '../prediction/predictor.js';
import type { JsonObject, Measured, StudyData } from '../types.js';
import { JointDistribution } from './joint-distribution.js';
import { type Stratum, strata } from './strata.js';

/** An x, and what has been measured of it. */
export interface Query {
  x: JsonObject;
  given?: Measured;
}

/**
 * The distribution of one objective, by its place, for each query. What is given is the same objectives for all queries of a
 * call: those of the original queries and all objectives before this one.
 */
export type Conditional = (objective: number, queries: readonly Query[]) => Promise<Distribution[]>;

/** The values up to here of one path of one query, shared by all paths that begin alike. */
interface Beginning {
  query: Query;
  distribution?: Distribution;
}

/**
 * One joint distribution for each query. The k-th objective is asked for in one call, at most 64 times a query: see `strata`.
 * @param objectives names in the order of the chain; none of them given in a query
 */
export async function chain(
  objectives: readonly string[],
  queries: readonly Query[],
  conditional: Conditional,
): Promise<JointDistribution[]> {
  const design = strata(objectives.length);
  const paths = queries.map(() => design.map((): Beginning[] => []));
  for (const [place, name] of objectives.entries()) {
    const begun: Beginning[] = [];
    queries.forEach((query, q) => {
      const shared = new Map<string, Beginning>();
      design.forEach((path, p) => {
        const key = JSON.stringify(path.slice(0, place));
        let beginning = shared.get(key);
        if (!beginning) {
          const before = paths[q]![p]!.at(-1);
          beginning = { query: before ? follow(before, objectives[place - 1]!, path[place - 1]!) : query };
          shared.set(key, beginning);
          begun.push(beginning);
        }
        paths[q]![p]!.push(beginning);
      });
    });
    const distributions = await conditional(
      place,
      begun.map(({ query }) => query),
    );
    if (distributions.length !== begun.length) {
      throw new RangeError(`${name}: ${distributions.length} distributions for ${begun.length} queries`);
    }
    begun.forEach((beginning, i) => {
      beginning.distribution = distributions[i]!;
    });
  }
  return queries.map(({ given }, q) => {
    const steps = paths[q]!.map((beginnings, p) =>
      beginnings.map(({ distribution }, place) => ({ distribution: distribution!, ...design[p]![place]! })),
    );
    // What has been measured of an experiment says that it did not fail.
    return new JointDistribution(objectives, steps, given ? 0 : steps[0]![0]!.distribution.pInfeasible);
  });
}

/** The query with the middle of the stratum as a value of the objective that has just been answered. */
function follow({ query, distribution }: Beginning, objective: string, { from, to }: Stratum): Query {
  const value = distribution!.quantile((from + to) / 2);
  return { ...query, given: { ...query.given, [objective]: value } };
}

/**
 * What the objectives of a study measure together, for each query, as the model says it.
 * @param views the study through each of its objectives, in its order
 * @param queries all with the same objectives given, or none; those are left out of the result
 * @param signal when it is aborted the promise rejects with its reason
 */
export function predictJoint(
  predictor: Pick<Predictor, 'distributionsOf'>,
  views: readonly StudyData[],
  queries: readonly Query[],
  signal?: AbortSignal,
): Promise<JointDistribution[]> {
  const known = Object.keys(queries[0]?.given ?? {});
  const open = views.filter(({ objective }) => !known.includes(objective.name));
  const names = open.map(({ objective }) => objective.name);
  return chain(names, queries, (place, asked) => {
    const given = [...known, ...names.slice(0, place)];
    const xs = asked.map(({ x }) => x);
    if (given.length === 0) return predictor.distributionsOf(open[place]!, xs, signal);
    const study = conditionOn(open[place]!, given);
    return predictor.distributionsOf(
      study,
      xs,
      signal,
      asked.map((query) => query.given!),
    );
  });
}
