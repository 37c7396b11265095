// Between requests and a model: prompts of all requests that wait are answered together, a batch at a time, each request in its turn.
import { setImmediate as otherEvents } from 'node:timers/promises';
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import type { Distribution } from '../../trainer/distribution.js';
import type { Weights } from '../../trainer/model/parameters.js';
import type { AnswersPrompts } from '../../trainer/prediction/questions.js';

/** Prompts that wait, of one call. */
interface Call {
  prompts: readonly number[][];
  codecs: readonly NumberCodec[];
  adapter: Weights | undefined;
  /** Places of the prompts that wait, the shortest last: prompts of like length go together. */
  waiting: number[];
  answers: Distribution[];
  unanswered: number;
  resolve: (answers: Distribution[]) => void;
  reject: (error: unknown) => void;
}

/** A prompt's place in its call. */
interface Place {
  call: Call;
  at: number;
}

/**
 * While one batch runs, what arrives gathers; the next batch takes from all calls in turn, one prompt each until it is full, so
 * that a single prompt waits for one batch and not for a thousand others. Long calls have half of a batch to themselves, so that
 * many short ones do not starve them either. Nothing waits while the model is idle.
 */
export class PromptQueue implements AnswersPrompts {
  /** In the order of their turns. */
  private calls: Call[] = [];
  private running: Promise<void> | undefined;

  /** @param batch prompts that the model takes at a time */
  constructor(
    private readonly model: AnswersPrompts,
    private readonly batch: number,
  ) {}

  /** As the model's own, and rejects with the signal's reason when it is aborted: prompts that wait are then never run. */
  distributions(
    prompts: readonly number[][],
    codecs: readonly NumberCodec[],
    adapter?: Weights,
    signal?: AbortSignal,
  ): Promise<Distribution[]> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (prompts.length === 0) return Promise.resolve([]);
    const waiting = prompts.map((_, i) => i).sort((a, b) => prompts[b]!.length - prompts[a]!.length);
    return new Promise((resolve, reject) => {
      const call: Call = {
        prompts,
        codecs,
        adapter,
        waiting,
        answers: new Array(prompts.length),
        unanswered: prompts.length,
        resolve: (answers) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(answers);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          this.calls = this.calls.filter((other) => other !== call);
          reject(error);
        },
      };
      const onAbort = () => call.reject(signal!.reason);
      signal?.addEventListener('abort', onAbort);
      this.calls.push(call);
      this.running ??= this.run();
    });
  }

  /** Not queued: a chunk of them takes a fraction of a batch, and batches come between the chunks. */
  embeddings(...asked: Parameters<AnswersPrompts['embeddings']>): Promise<Float32Array[]> {
    return this.model.embeddings(...asked);
  }

  /** Once nothing waits any more. */
  async release(): Promise<void> {
    await this.running;
    await this.model.release();
  }

  private async run(): Promise<void> {
    for (;;) {
      // A batch blocks the thread: here requests and cancellations come in that arrived meanwhile.
      await otherEvents();
      const places = this.nextBatch();
      if (places.length === 0) {
        this.running = undefined;
        return;
      }
      try {
        const answers = await this.model.distributions(
          places.map(({ call, at }) => call.prompts[at]!),
          places.map(({ call, at }) => call.codecs[at]!),
          places[0]!.call.adapter,
        );
        places.forEach((place, i) => settle(place, answers[i]!));
      } catch (error) {
        for (const call of new Set(places.map((place) => place.call))) call.reject(error);
      }
    }
  }

  /** Prompts of the calls whose turn it is; all of one adapter, that of the first. */
  private nextBatch(): Place[] {
    const adapter = this.calls[0]?.adapter;
    const served = this.calls.filter((call) => call.adapter === adapter);
    const half = Math.ceil(this.batch / 2);
    const short = served.filter(({ prompts }) => prompts.length <= half);
    const long = served.filter(({ prompts }) => prompts.length > half);
    const ofLong = long.reduce((sum, { waiting }) => sum + waiting.length, 0);
    const places = this.take(short, Math.max(this.batch - ofLong, half));
    return [...places, ...this.take(long, this.batch - places.length)];
  }

  /** From all of these calls in turn, up to `room` prompts. */
  private take(served: readonly Call[], room: number): Place[] {
    const places: Place[] = [];
    while (places.length < room && served.some(({ waiting }) => waiting.length > 0)) {
      for (const call of served) {
        if (places.length === room) break;
        const at = call.waiting.pop();
        if (at === undefined) continue;
        places.push({ call, at });
        // Its next turn comes after everybody else's.
        this.calls.splice(this.calls.indexOf(call), 1);
        if (call.waiting.length > 0) this.calls.push(call);
      }
    }
    return places;
  }
}

function settle({ call, at }: Place, answer: Distribution): void {
  call.answers[at] = answer;
  call.unanswered--;
  if (call.unanswered === 0) call.resolve(call.answers);
}
