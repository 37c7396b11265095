// Which study a view is of: objectives of one study share their x, so that none is unseen where another was learned.
import type { StudyHead } from '../types.js';

/** The id of the whole study. Of a study with several objectives each view's id ends with `/` and its objective, of one with a single objective it is the study's. */
export function rootOf({ id, objective }: Pick<StudyHead, 'id' | 'objective'>): string {
  const end = `/${objective.name}`;
  return id.length > end.length && id.endsWith(end) ? id.slice(0, -end.length) : id;
}
