// From what a training or an evaluation reports to what is stored with its job: JSON names, and a sentence for people.
import type { JobKind, JobProgress, JsonObject, NewJobEvent } from '../../store/types.js';
import type { EvaluationEvent } from '../../trainer/evaluation/types.js';

export function toJobEvent(event: EvaluationEvent): NewJobEvent {
  const { type, ...fields } = event;
  const data: JsonObject = {};
  for (const [key, value] of Object.entries(fields)) {
    if (key !== 'message' && key !== 'level')
      data[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
  }
  return { type, level: event.type === 'log' ? event.level : 'info', message: describe(event), data };
}

/** The progress that a job shows after the event, or undefined where it says nothing of it. */
export function progressOf(event: EvaluationEvent, kind: JobKind): JobProgress | undefined {
  if (kind === 'evaluation') {
    if (event.type !== 'progress') return undefined;
    const { done, total, etaSeconds } = event;
    return { done, total, etaSeconds };
  }
  if (event.type !== 'step') return undefined;
  const { step, steps, loss, tokensPerSecond, etaSeconds } = event;
  return { step, steps, loss, tokensPerSecond, etaSeconds };
}

function describe(event: EvaluationEvent): string {
  switch (event.type) {
    case 'phase':
    case 'log':
      return event.message;
    case 'prepare':
      return `prepared ${event.done} of ${event.total}`;
    case 'progress':
      return `${event.done} of ${event.total} predicted`;
    case 'step':
      return `step ${event.step} of ${event.steps}, loss ${event.loss.toFixed(3)}`;
    case 'validation':
      return `validated after step ${event.step}`;
    case 'checkpoint':
      return `checkpoint at step ${event.step}`;
  }
}
