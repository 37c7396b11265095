// Search spaces and candidates as they are sent: what the contract's schema cannot say of them.
import type { Parameter } from '../trainer/acquisition/parameter.js';
import { SearchSpace } from '../trainer/acquisition/search-space.js';
import { TrainerError } from '../trainer/errors.js';
import type { JsonObject } from '../trainer/types.js';
import { type FieldError, fieldError, invalidRequest, MAX_FIELD_ERRORS } from './errors.js';
import { child } from './json-pointer.js';

/** @throws invalid_request with `pointer`, where the space contradicts itself */
export function parseSpace(input: Record<string, unknown>, pointer: string): SearchSpace {
  try {
    return new SearchSpace(input as Record<string, Parameter>);
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    throw invalidRequest([fieldError(pointer, 'invalid_space', 'cannot be as declared', error.message)]);
  }
}

/** @throws invalid_request naming each x that the space does not hold, and why */
export function requireInside(space: SearchSpace, xs: readonly JsonObject[], pointer: string): void {
  const errors: FieldError[] = [];
  xs.forEach((x, i) => {
    if (errors.length >= MAX_FIELD_ERRORS) return;
    const found = space.violations(x);
    const place = child(pointer, String(i));
    if (found.length > 0)
      errors.push(fieldError(place, 'outside_space', 'lies outside of the search space', found.join(' ')));
  });
  if (errors.length > 0) throw invalidRequest(errors);
}
