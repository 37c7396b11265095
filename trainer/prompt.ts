// What the model reads: evidence, metadata, x, as token ids, cut to a budget at whole entries.
import { serializeEntries } from '../tokenizer/serialize.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { EOS_ID, EVIDENCE_TOKENS, tokenId } from '../tokenizer/vocabulary.js';
import type { FrameKind, Point } from './evidence.js';
import type { JsonObject, Objective, StudyHead } from './types.js';

/** A question to the model, and where y is known, its answer. */
export interface Example {
  /** Pieces of evidence in order; each can be left out on its own. Empty: the study has no trials yet. */
  evidence: number[][];
  metadata: number[];
  x: number[];
  /** y in the query's frame; absent where there is no evidence to make a frame from. */
  relative?: number[];
  /** y on the absolute scale. */
  absolute: number[];
}

/** How prompts for a model are made, and answers written: what its training was set to, and its card keeps. */
export interface PromptRules {
  max_prompt: number;
  max_metadata: number;
  /** Markers of pieces of evidence that it is never shown, such as `near1`; absent: none. */
  without_evidence?: readonly string[];
  /** Digits of an answer in a frame; absent: 4. */
  digits?: number;
  /** Around what an answer is written: what is expected of the query, or the study as a whole. */
  frame?: FrameKind;
}

/** The rules alone, out of a configuration or a card that holds more. */
export function promptRulesOf({ max_prompt, max_metadata, without_evidence, digits, frame }: PromptRules): PromptRules {
  return {
    max_prompt,
    max_metadata,
    ...(without_evidence && { without_evidence }),
    ...(digits !== undefined && { digits }),
    ...(frame && { frame }),
  };
}

/** Names of the pieces of evidence: their markers, as `without_evidence` has them. */
export const EVIDENCE_NAMES: readonly string[] = EVIDENCE_TOKENS.slice(1).map((marker) => marker.slice(1, -1));

const EVIDENCE = tokenId('⟨evidence⟩');
const METADATA = tokenId('⟨metadata⟩');
const X = tokenId('⟨x⟩');
const CUT = tokenId('⟨cut⟩');

/** Token ids of the whole prompt: `⟨evidence⟩ … ⟨metadata⟩ … ⟨x⟩ … </s>`, and ` ⟨x⟩ …` once more for what is given; `keep` decides on each piece of evidence. */
export function renderPrompt(
  example: Pick<Example, 'evidence' | 'metadata' | 'x'>,
  keep: (piece: number) => boolean = () => true,
): number[] {
  const evidence = example.evidence.filter((_, piece) => keep(piece)).flat();
  const head = evidence.length > 0 ? [EVIDENCE, ...evidence] : [];
  return [...head, METADATA, ...example.metadata, X, ...example.x, EOS_ID];
}

/**
 * Whole entries up to `budget` tokens, in canonical order; `⟨cut⟩` says that some were left out. The longest go first, so
 * that one long description does not push out a dozen short facts.
 */
function withinBudget(entries: readonly number[][], budget: number): number[] {
  let total = entries.reduce((sum, e) => sum + e.length, 0);
  if (total <= budget) return entries.flat();
  const dropped = new Set<number>();
  const longestFirst = entries.map((_, i) => i).sort((a, b) => entries[b]!.length - entries[a]!.length || b - a);
  for (const i of longestFirst) {
    if (total + 1 <= budget) break;
    total -= entries[i]!.length;
    dropped.add(i);
  }
  return budget > 0 ? [...entries.filter((_, i) => !dropped.has(i)).flat(), CUT] : [];
}

/** The objective as the model reads it, in front of the study's own metadata. */
function objectiveEntries(objective: Objective): JsonObject {
  return JSON.parse(
    JSON.stringify({ objective: objective.name, goal: objective.goal, unit: objective.unit }),
  ) as JsonObject;
}

/** Turns studies and parameters into token ids; metadata is encoded once a study. */
export class PromptEncoder {
  private readonly metadataOf = new WeakMap<StudyHead, number[]>();

  private readonly hidden: ReadonlySet<number>;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly rules: PromptRules,
  ) {
    this.hidden = new Set(rules.without_evidence?.map((name) => tokenId(`⟨${name}⟩`)));
  }

  /** Digits of an answer in a frame, as `RelativeCodec` takes them. */
  get digits(): number | undefined {
    return this.rules.digits;
  }

  /** Around what answers are written. */
  get frame(): FrameKind {
    return this.rules.frame ?? 'query';
  }

  /** The pieces that the model is shown. */
  evidence(pieces: number[][]): number[][] {
    return this.hidden.size === 0 ? pieces : pieces.filter(([marker]) => !this.hidden.has(marker!));
  }

  metadata(study: StudyHead): number[] {
    let ids = this.metadataOf.get(study);
    if (!ids) {
      const entries = [...serializeEntries(objectiveEntries(study.objective)), ...serializeEntries(study.metadata)];
      ids = withinBudget(this.tokenizer.encodeEntries(entries), this.rules.max_metadata);
      this.metadataOf.set(study, ids);
    }
    return ids;
  }

  /**
   * Parameters, within what evidence and metadata leave of the budget; and behind a second `⟨x⟩`, that no text of a
   * parameter can spell, what else is known of the experiment, which gives way last. No new token: models from before
   * there was a `given` have learned this one, and read its entries as they read others.
   */
  parameters(
    { x, given }: Pick<Point, 'x' | 'given'>,
    evidence: readonly number[][],
    metadata: readonly number[],
  ): number[] {
    const used = evidence.reduce((sum, piece) => sum + piece.length, 0) + metadata.length + 4;
    const left = Math.max(0, this.rules.max_prompt - used);
    if (!given) return this.within(x, left);
    const known = this.within({ ...given }, Math.max(0, left - 1));
    return [...this.within(x, Math.max(0, left - 1 - known.length)), X, ...known];
  }

  private within(record: JsonObject, budget: number): number[] {
    return withinBudget(this.tokenizer.encodeEntries(serializeEntries(record)), budget);
  }
}
