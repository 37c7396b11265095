// The kinds of requests that the prediction worker answers, by name.
import { explain } from './explain.js';
import { predict } from './predict.js';
import { rank } from './rank.js';
import { suggest } from './suggest.js';

export const HANDLERS = { explain, predict, rank, suggest };
