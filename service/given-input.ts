// What a request says has been measured of its queries, checked against the study's objectives.
import type { Objective } from '../store/types.js';
import { nearestName } from '../trainer/nearest.js';
import type { Measured } from '../trainer/types.js';
import { type FieldError, fieldError } from './errors.js';
import { child } from './json-pointer.js';

/** One a query, in their order; null where nothing has been measured. */
export type Given = readonly (Measured | null)[];

/** The errors of `/given`, at most one a query; none means that it fits. @param queries how many there are */
export function givenErrors(given: Given, queries: number, objectives: readonly Objective[]): FieldError[] {
  if (given.length !== queries) {
    const code = given.length < queries ? 'too_few' : 'too_many';
    const detail = `has ${given.length} entries for ${queries} queries`;
    return [fieldError('/given', code, detail, 'Send one entry a query, null where nothing has been measured.')];
  }
  const names = objectives.map(({ name }) => name);
  return given.flatMap((values, query) => {
    const sent = Object.keys(values ?? {});
    const pointer = `/given/${query}`;
    const unknown = sent.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      const nearest = nearestName(unknown, names);
      const list = `The study's objectives are ${names.join(', ')}.`;
      const fix = nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`;
      return fieldError(
        child(pointer, unknown.slice(0, 200)),
        'unknown_objective',
        'is no objective of the study',
        fix,
      );
    }
    if (sent.length < names.length) return [];
    const detail = 'leaves no objective to predict';
    return fieldError(pointer, 'conflict', detail, `Leave out what is wanted: one or more of ${names.join(', ')}.`);
  });
}
