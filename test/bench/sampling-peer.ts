// How published text-to-number libraries answer: numbers drawn token by token from the same model, without a cache.
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import { OrtSession } from '../../trainer/graph/session.js';
import { encoderGraph, type ServedModel } from '../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../trainer/model/t5.js';
import { Random } from '../../trainer/random.js';
import { uncachedDecoder } from '../trainer/model/uncached-decoder.js';

/** Queries at once, as predictions take them. */
const CHUNK = 16;

/**
 * Draws a number of spellings for each prompt, only tokens that the codec allows, and gives the median of each prompt's numbers.
 * The decoder runs over all tokens so far of all samples; the encoder's states are computed once a prompt and shared by its
 * samples, which is more than generation with copies of each prompt does. Failures count as nothing: they are not drawn.
 */
export class SamplingPeer {
  private readonly encoder: Promise<OrtSession>;
  private readonly decoders = new Map<number, Promise<OrtSession>>();
  private readonly random = new Random(11);

  constructor(
    private readonly model: ServedModel,
    private readonly threads: number,
    private readonly samples: number,
  ) {
    this.encoder = OrtSession.create(encoderGraph(model), { threads });
  }

  async medians(prompts: readonly number[][], codecs: readonly NumberCodec[]): Promise<number[]> {
    const order = prompts.map((_, i) => i).sort((a, b) => prompts[a]!.length - prompts[b]!.length);
    const result: number[] = new Array(prompts.length);
    for (let begin = 0; begin < order.length; begin += CHUNK) {
      const chunk = order.slice(begin, begin + CHUNK);
      const drawn = await this.draw(
        chunk.map((i) => prompts[i]!),
        chunk.map((i) => codecs[i]!),
      );
      chunk.forEach((i, q) => {
        const numbers = drawn[q]!.map((tokens) => codecs[i]!.decode(tokens)).sort((a, b) => a - b);
        result[i] = numbers[numbers.length >> 1]!;
      });
    }
    return result;
  }

  async release(): Promise<void> {
    const sessions = await Promise.all([this.encoder, ...this.decoders.values()]);
    await Promise.all(sessions.map((s) => s.release()));
  }

  private async draw(prompts: readonly number[][], codecs: readonly NumberCodec[]): Promise<number[][][]> {
    const { config } = this.model;
    const queries = prompts.length;
    const length = Math.max(...prompts.map((p) => p.length));
    const ids = new Int32Array(queries * length);
    prompts.forEach((prompt, q) => ids.set(prompt, q * length));
    const input_ids = { data: ids, dims: [queries, length] };
    const buckets = { data: relativeBuckets(length, true, config), dims: [length, length] };
    const { states } = await (await this.encoder).run({ input_ids, buckets });
    const drawn = prompts.map(() => Array.from({ length: this.samples }, (): number[] => []));
    const tokens = config.number_token_end - config.number_token_begin;
    for (let steps = 1; ; steps++) {
      const allowed = drawn.map((ofQuery, q) => ofQuery.map((prefix) => codecs[q]!.allowedNext(prefix)));
      if (allowed.every((ofQuery) => ofQuery.every((next) => next.length === 0))) return drawn;
      const prefixes = new Int32Array(queries * this.samples * steps);
      // Finished spellings are padded, as generation does; nothing reads what follows them.
      drawn.flat().forEach((prefix, row) => prefixes.set(prefix.slice(0, steps - 1), row * steps + 1));
      const decoder = await this.decoder(steps);
      const { log_probabilities } = await decoder.run({
        states: states!,
        input_ids,
        prefixes: { data: prefixes, dims: [queries, this.samples, steps] },
      });
      const rows = log_probabilities!.data as Float32Array;
      drawn.forEach((ofQuery, q) => {
        ofQuery.forEach((prefix, s) => {
          const next = allowed[q]![s]!;
          if (next.length === 0) return;
          const origin = (q * this.samples + s) * tokens - config.number_token_begin;
          prefix.push(this.pick(next, (id) => Math.exp(rows[origin + id]!)));
        });
      });
    }
  }

  private pick(ids: readonly number[], weight: (id: number) => number): number {
    let left = this.random.uniform() * ids.reduce((sum, id) => sum + weight(id), 0);
    for (const id of ids) {
      left -= weight(id);
      if (left < 0) return id;
    }
    return ids.at(-1)!;
  }

  private decoder(steps: number): Promise<OrtSession> {
    let session = this.decoders.get(steps);
    if (!session) {
      session = OrtSession.create(uncachedDecoder(this.model, steps), { threads: this.threads });
      this.decoders.set(steps, session);
    }
    return session;
  }
}
