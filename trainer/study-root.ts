// Which study a view is of. A study with several objectives comes as one view each, whose ids end in the objective's name.
import type { StudyHead } from './types.js';

/** The same for all views of a study, and the id itself for a study that comes as one. */
export function rootOf({ id, objective }: Pick<StudyHead, 'id' | 'objective'>): string {
  const ending = `/${objective.name}`;
  return id.endsWith(ending) ? id.slice(0, -ending.length) : id;
}
