// The kinds of requests that the prediction worker answers, by name.
import { predict } from './predict.js';

export const HANDLERS = { predict };
